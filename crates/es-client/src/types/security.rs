use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::answer;
use super::cause::ErrorCause;

/// The answer to `security.get_user`: each user by name.
pub type Users = BTreeMap<String, User>;

/// The answer to `security.get_role`: each role by name.
pub type Roles = BTreeMap<String, Role>;

answer! {
    /// A user.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct User {
        /// The name to log in with.
        pub username: String,
        /// The roles.
        pub roles: Vec<String>,
        /// The full name.
        pub full_name: Option<String>,
        /// The address for mail.
        pub email: Option<String>,
        /// Whether the user may log in.
        pub enabled: bool,
        /// What is kept with the user.
        pub metadata: Map<String, Value>,
    }
}

/// The answer to `security.authenticate`: who the caller is.
#[derive(Clone, Debug, Default, Deserialize)]
#[non_exhaustive]
pub struct Authentication {
    /// The user.
    #[serde(flatten)]
    pub user: User,
    /// What checked the credentials.
    #[serde(default)]
    pub authentication_realm: Realm,
    /// Where the user was found.
    #[serde(default)]
    pub lookup_realm: Realm,
    /// Such as `realm`, `api_key` or `token`.
    #[serde(default)]
    pub authentication_type: String,
    /// The API key's id and name, where it was one.
    #[serde(default)]
    pub api_key: Option<Value>,
}

answer! {
    /// What knows users.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Realm {
        /// Its name.
        pub name: String,
        /// Its kind, such as `native` or `file`.
        pub kind: String = "type",
    }
}

answer! {
    /// What a role allows.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct Role {
        /// Privileges over the cluster.
        pub cluster: Vec<String>,
        /// Privileges over indices.
        pub indices: Vec<IndexPrivileges>,
        /// Privileges over applications.
        pub applications: Vec<Value>,
        /// The users in whose names it may act.
        pub run_as: Vec<String>,
        /// What its authors say of it.
        pub description: Option<String>,
        /// What is kept with it.
        pub metadata: Map<String, Value>,
    }
}

/// What a role allows with some indices.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct IndexPrivileges {
    /// Their names and patterns.
    #[serde(deserialize_with = "super::lenient::list")]
    pub names: Vec<String>,
    /// The privileges.
    pub privileges: Vec<String>,
    /// The fields that are seen.
    pub field_security: Option<Value>,
    /// The documents that are seen: an object, or the text of one.
    pub query: Option<Value>,
    /// Whether the patterns cover restricted indices.
    pub allow_restricted_indices: bool,
}

answer! {
    /// The answer to `security.create_api_key` and `security.grant_api_key`.
    ///
    /// The key itself is told this once only; `Debug` does not show it.
    #[derive(Clone, Default)]
    #[non_exhaustive]
    pub struct ApiKeyCreated {
        /// The key's id.
        pub id: String,
        /// Its name.
        pub name: String,
        /// When it ends, in milliseconds since 1970.
        pub expiration: Option<u64>,
        /// The key without its id. A secret.
        pub api_key: String,
        /// Id and key as they go into the header, and into `api_key` of the client's
        /// builder. A secret.
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

answer! {
    /// The answer to `security.get_api_key` and `security.query_api_keys`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct ApiKeys {
        /// The keys.
        pub api_keys: Vec<ApiKey>,
        /// How many there are, where they were queried.
        pub total: Option<u64>,
    }
}

answer! {
    /// What is known of an API key; the key itself is not.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct ApiKey {
        /// Its id.
        pub id: String,
        /// Its name.
        pub name: Option<String>,
        /// `rest` or `cross_cluster`.
        pub kind: Option<String> = "type",
        /// When it was made, in milliseconds since 1970.
        pub creation: u64,
        /// When it ends, in milliseconds since 1970.
        pub expiration: Option<u64>,
        /// Whether it was withdrawn.
        pub invalidated: bool,
        /// When it was withdrawn, in milliseconds since 1970.
        pub invalidation: Option<u64>,
        /// Whose it is.
        pub username: String,
        /// The realm of its owner.
        pub realm: String,
        /// The kind of that realm.
        pub realm_type: Option<String>,
        /// What is kept with it.
        pub metadata: Option<Value>,
        /// What it allows, by the names of its parts.
        pub role_descriptors: Option<Value>,
    }
}

answer! {
    /// The answer to `security.invalidate_api_key`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct ApiKeysInvalidated {
        /// The ids of the keys that were withdrawn.
        pub invalidated_api_keys: Vec<String>,
        /// The ids of those that had been before.
        pub previously_invalidated_api_keys: Vec<String>,
        /// How many could not be.
        pub error_count: u64,
        /// Why.
        pub error_details: Vec<ErrorCause>,
    }
}

answer! {
    /// The answer to `security.put_user`.
    #[derive(Clone, Copy, Debug, Default)]
    #[non_exhaustive]
    pub struct UserPut {
        /// Whether the user is new.
        pub created: bool,
    }
}

answer! {
    /// The answer to `security.delete_user` and `security.delete_role`.
    #[derive(Clone, Copy, Debug, Default)]
    #[non_exhaustive]
    pub struct Deleted {
        /// Whether there was one.
        pub found: bool,
    }
}

answer! {
    /// The answer to `security.put_role`.
    #[derive(Clone, Copy, Debug, Default)]
    #[non_exhaustive]
    pub struct RolePut {
        /// What became of the role.
        pub role: UserPut,
    }
}
