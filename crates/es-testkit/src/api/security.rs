//! `_security`: who am I, API keys, bearer tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use crate::random::secret_text;
use crate::security::ApiKey;
use crate::sync::lock;

pub(crate) fn authenticate(call: &Call<'_>) -> Result<Reply, ApiError> {
    require_security(call)?;
    let identity = &call.identity;
    let realm = json!({"name": identity.realm, "type": identity.realm});
    let mut body = json!({
        "username": identity.username,
        "roles": [identity.roles()],
        "full_name": null,
        "email": null,
        "metadata": {},
        "enabled": true,
        "authentication_realm": realm,
        "lookup_realm": realm,
        "authentication_type": identity.authentication,
    });
    if let (Some(id), Some(fields)) = (&identity.api_key_id, body.as_object_mut()) {
        let keys = lock(&call.shared.credentials);
        let name = keys
            .keys()
            .iter()
            .find(|key| key.id == *id)
            .map(|key| key.name.clone());
        fields.insert("api_key".to_owned(), json!({"id": id, "name": name}));
    }
    Ok(Reply::ok(body))
}

pub(crate) fn create_key(call: &Call<'_>) -> Result<Reply, ApiError> {
    require_security(call)?;
    let body = call.required_object()?;
    let Some(name) = body.get("name").and_then(Value::as_str) else {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: api key name is required;",
        ));
    };
    let key = new_key(name, call.identity.clone()).map_err(|error| {
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "exception",
            error.to_string(),
        )
    })?;
    let encoded = encode(&key);
    let answer = json!({"id": key.id, "name": key.name, "api_key": key.key, "encoded": encoded});
    lock(&call.shared.credentials).add_key(key);
    Ok(Reply::ok(answer))
}

/// A new key; it may do what its owner may.
///
/// # Errors
/// When the system gives no random bytes.
pub(crate) fn new_key(name: &str, owner: crate::security::Identity) -> std::io::Result<ApiKey> {
    Ok(ApiKey {
        id: secret_text(20)?,
        name: name.to_owned(),
        key: secret_text(22)?,
        owner,
    })
}

/// `base64(id:key)`, as the `Authorization` header carries it.
pub(crate) fn encode(key: &ApiKey) -> String {
    STANDARD.encode(format!("{}:{}", key.id, key.key))
}

pub(crate) fn get_keys(call: &Call<'_>) -> Result<Reply, ApiError> {
    require_security(call)?;
    let wanted = call.params.get("id");
    let credentials = lock(&call.shared.credentials);
    let shown = credentials.keys().iter().filter(|key| wanted.is_none_or(|id| id == key.id)).map(|key| {
        json!({"id": key.id, "name": key.name, "type": "rest", "invalidated": false, "username": key.owner.username})
    });
    Ok(Reply::ok(json!({"api_keys": shown.collect::<Vec<_>>()})))
}

pub(crate) fn invalidate_keys(call: &Call<'_>) -> Result<Reply, ApiError> {
    require_security(call)?;
    let body = call.required_object()?;
    let ids = body
        .get("ids")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let name = body.get("name").and_then(Value::as_str);
    let fits =
        |key: &ApiKey| ids.iter().any(|id| id.as_str() == Some(&key.id)) || name == Some(&key.name);
    let gone = lock(&call.shared.credentials).invalidate_keys(fits);
    Ok(Reply::ok(json!({
        "invalidated_api_keys": gone,
        "previously_invalidated_api_keys": [],
        "error_count": 0,
    })))
}

/// The client-credentials and password grants alike give a token of the calling user.
pub(crate) fn create_token(call: &Call<'_>) -> Result<Reply, ApiError> {
    require_security(call)?;
    let token = secret_text(64).map_err(|error| {
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "exception",
            error.to_string(),
        )
    })?;
    let mut identity = call.identity.clone();
    identity.authentication = "token";
    lock(&call.shared.credentials).add_token(token.clone(), identity);
    Ok(Reply::ok(
        json!({"access_token": token, "type": "Bearer", "expires_in": 1200}),
    ))
}

fn require_security(call: &Call<'_>) -> Result<(), ApiError> {
    if call.shared.settings.security {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "exception",
        "Security must be explicitly enabled when using a [basic] license. Enable security by setting [xpack.security.enabled] to [true] in the elasticsearch.yml file and restart the node.",
    ))
}
