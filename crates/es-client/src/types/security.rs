use std::{collections::BTreeMap, fmt};

use serde_json::{Map, Value};

use super::{
    cause::ErrorCause,
    object::{object, response},
};

/// The response of `security.get_user`: users by name.
pub type Users = BTreeMap<String, User>;

/// The response of `security.get_role`: roles by name.
pub type Roles = BTreeMap<String, Role>;

object! {
    /// A user.
    #[derive(Clone, Debug)]
    pub struct User {
        /// The name of the user.
        pub username: String,
        /// The names of the roles.
        pub roles: Vec<String>,
        /// The full name.
        pub full_name: Option<String>,
        /// The email address.
        pub email: Option<String>,
        /// Whether the user may log in.
        pub enabled: bool,
        /// The metadata of the user.
        pub metadata: Map<String, Value>,
    }
}

response! {
    /// The response of `security.authenticate`: the authenticated user.
    #[derive(Clone, Debug)]
    pub struct Authentication {
        /// The name of the user.
        pub username: String,
        /// The names of the roles.
        pub roles: Vec<String>,
        /// The full name.
        pub full_name: Option<String>,
        /// The email address.
        pub email: Option<String>,
        /// Whether the user may log in.
        pub enabled: bool,
        /// The metadata of the user.
        pub metadata: Map<String, Value>,
        /// The realm that checked the credentials.
        pub authentication_realm: Realm,
        /// The realm that has the user.
        pub lookup_realm: Realm,
        /// The kind of authentication, such as `realm`, `api_key` or `token`.
        pub authentication_type: String,
        /// The ID and name of the API key, if there was one.
        pub api_key: Option<Value>,
    }
}

object! {
    /// A realm.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Realm {
        /// The name.
        pub name: String,
        /// The type, such as `native` or `file`.
        pub kind: String = "type",
    }
}

object! {
    /// A role.
    #[derive(Clone, Debug)]
    pub struct Role {
        /// The cluster privileges.
        pub cluster: Vec<String>,
        /// The index privileges.
        pub indices: Vec<IndexPrivileges>,
        /// The application privileges.
        pub applications: Vec<Value>,
        /// The users that owners of the role may impersonate.
        pub run_as: Vec<String>,
        /// The description.
        pub description: Option<String>,
        /// The metadata of the role.
        pub metadata: Map<String, Value>,
    }
}

object! {
    /// The privileges of a role for some indices.
    #[derive(Clone, Debug)]
    pub struct IndexPrivileges {
        /// The names and patterns of the indices.
        pub names: Vec<String>,
        /// The privileges.
        pub privileges: Vec<String>,
        /// The fields that owners of the role may read.
        pub field_security: Option<Value>,
        /// A query for the documents that they may read: an object, or the text of one.
        pub query: Option<Value>,
        /// Whether the patterns match restricted indices.
        pub allow_restricted_indices: bool,
    }
}

response! {
    /// The response of `security.create_api_key` and `security.grant_api_key`.
    ///
    /// The server returns the key only in this response; `Debug` does not show it.
    #[derive(Clone)]
    pub struct ApiKeyCreated {
        /// The ID of the key.
        pub id: String,
        /// The name of the key.
        pub name: String,
        /// The time at which it expires, in milliseconds since 1970.
        pub expiration: Option<i64>,
        /// The key without its ID. A secret.
        pub api_key: String,
        /// The encoded ID and key, for the `Authorization` header and `api_key` of the
        /// client's builder. A secret.
        pub encoded: Option<String>,
    }
}

impl fmt::Debug for ApiKeyCreated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyCreated")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}

response! {
    /// The response of `security.get_api_key` and `security.query_api_keys`.
    #[derive(Clone, Debug)]
    pub struct ApiKeys {
        /// The keys.
        pub api_keys: Vec<ApiKey>,
        /// The number of matching keys, for `query_api_keys`.
        pub total: Option<i64>,
    }
}

object! {
    /// An API key, without its secret.
    #[derive(Clone, Debug)]
    pub struct ApiKey {
        /// The ID.
        pub id: String,
        /// The name.
        pub name: Option<String>,
        /// `rest` or `cross_cluster`.
        pub kind: Option<String> = "type",
        /// The time of its creation, in milliseconds since 1970.
        pub creation: i64,
        /// The time at which it expires, in milliseconds since 1970.
        pub expiration: Option<i64>,
        /// Whether it was invalidated.
        pub invalidated: bool,
        /// The time at which it was invalidated, in milliseconds since 1970.
        pub invalidation: Option<i64>,
        /// The name of its owner.
        pub username: String,
        /// The realm of its owner.
        pub realm: String,
        /// The type of that realm.
        pub realm_type: Option<String>,
        /// The metadata of the key.
        pub metadata: Option<Value>,
        /// The role descriptors, by name.
        pub role_descriptors: Option<Value>,
        /// The sort values, if the keys were queried with `sort`.
        pub sort: Vec<Value> = "_sort",
    }
}

response! {
    /// The response of `security.invalidate_api_key`.
    #[derive(Clone, Debug)]
    pub struct ApiKeysInvalidated {
        /// The IDs of the keys that were invalidated.
        pub invalidated_api_keys: Vec<String>,
        /// The IDs of the keys that had already been invalidated.
        pub previously_invalidated_api_keys: Vec<String>,
        /// The number of errors.
        pub error_count: i64,
        /// The errors.
        pub error_details: Vec<ErrorCause>,
    }
}

response! {
    /// The response of `security.put_user`.
    #[derive(Clone, Debug)]
    pub struct UserPut {
        /// Whether the user is new.
        pub created: bool,
    }
}

response! {
    /// The response of `security.delete_user` and `security.delete_role`.
    #[derive(Clone, Debug)]
    pub struct Deleted {
        /// Whether the user or role existed.
        pub found: bool,
    }
}

response! {
    /// The response of `security.put_role`.
    #[derive(Clone, Debug)]
    pub struct RolePut {
        /// The result for the role.
        pub role: UserPut,
    }
}
