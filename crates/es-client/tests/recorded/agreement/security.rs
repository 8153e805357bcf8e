//! Users, roles and API keys.

use es_client::types::{
    ApiKey, ApiKeyCreated, ApiKeys, ApiKeysInvalidated, Authentication, Deleted, Role, RolePut,
    Roles, User, UserPut, Users,
};
use serde_json::Value;

use super::{compared, each, named, same};

pub(super) fn check(endpoint: &str, body: &[u8]) -> bool {
    match endpoint.trim_start_matches("security.") {
        "authenticate" => compared(body, authentication),
        "get_user" => compared(body, |json, typed: &Users| named(json, typed, user)),
        "get_role" => compared(body, |json, typed: &Roles| named(json, typed, role)),
        "put_user" => compared(body, |json, typed: &UserPut| same!(json, typed; created;)),
        "put_role" => compared(body, |json, typed: &RolePut| {
            same!(&json["role"], typed.role; created;);
        }),
        "delete_user" | "delete_role" => {
            compared(body, |json, typed: &Deleted| same!(json, typed; found;))
        }
        "create_api_key" | "grant_api_key" => compared(body, |json, typed: &ApiKeyCreated| {
            same!(json, typed; id, name, expiration, api_key, encoded;);
        }),
        "get_api_key" | "query_api_keys" => compared(body, |json, typed: &ApiKeys| {
            same!(json, typed; total; "api_keys", "count");
            each(&json["api_keys"], &typed.api_keys, key);
        }),
        "invalidate_api_key" => compared(body, |json, typed: &ApiKeysInvalidated| {
            same!(
                json, typed;
                invalidated_api_keys, previously_invalidated_api_keys, error_count;
                "error_details",
            );
            each(&json["error_details"], &typed.error_details, super::cause);
        }),
        _ => false,
    }
}

fn user(json: &Value, typed: &User) {
    same!(json, typed; username, roles, full_name, email, enabled, metadata;);
}

fn authentication(json: &Value, typed: &Authentication) {
    same!(
        json, typed;
        username, roles, full_name, email, enabled, metadata, authentication_type, api_key;
        "authentication_realm", "lookup_realm",
    );
    for (key, realm) in [
        ("authentication_realm", &typed.authentication_realm),
        ("lookup_realm", &typed.lookup_realm),
    ] {
        same!(&json[key], realm; name, kind = "type";);
    }
}

fn role(json: &Value, typed: &Role) {
    same!(
        json, typed;
        cluster, applications, run_as, description, metadata;
        "indices", "transient_metadata",
    );
    each(&json["indices"], &typed.indices, |json, typed| {
        same!(
            json, typed;
            names, privileges, field_security, query, allow_restricted_indices;
        );
    });
}

fn key(json: &Value, typed: &ApiKey) {
    same!(
        json, typed;
        id, name, kind = "type", creation, expiration, invalidated, invalidation, username, realm, realm_type, metadata,
        role_descriptors;
    );
}
