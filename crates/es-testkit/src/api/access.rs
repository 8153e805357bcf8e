//! Authentication and privileges: 401 and 403.

use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, WWW_AUTHENTICATE};
use serde_json::json;

use super::error::ApiError;
use super::reply::Reply;
use crate::security::{Identity, Privileges, Refusal};
use crate::shared::Shared;
use crate::sync::lock;

/// The kind of a call, as far as privileges are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Any authenticated caller may.
    Anyone,
    /// Looks at the cluster.
    Monitor,
    /// Reads documents or settings of indices.
    Read,
    /// Changes documents.
    Write,
    /// Changes indices or the cluster.
    Manage,
}

const CHALLENGES: [&str; 3] = [
    "Basic realm=\"security\", charset=\"UTF-8\"",
    "Bearer realm=\"security\"",
    "ApiKey",
];

/// Returns the caller.
///
/// # Errors
/// The 401 response.
pub(crate) fn authenticate(
    shared: &Shared,
    headers: &HeaderMap,
    target: &str,
) -> Result<Identity, Reply> {
    if !shared.settings.security {
        return Ok(Identity::anonymous());
    }
    let header = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let outcome = lock(&shared.credentials).authenticate(header);
    outcome.map_err(|refusal| unauthorized(shared, refusal, target))
}

fn unauthorized(shared: &Shared, refusal: Refusal, target: &str) -> Reply {
    if shared.settings.is_opensearch() {
        return Reply::text(StatusCode::UNAUTHORIZED, "Unauthorized")
            .header(WWW_AUTHENTICATE, "Basic realm=\"OpenSearch Security\"");
    }
    let reason = match refusal {
        Refusal::Missing => {
            format!("missing authentication credentials for REST request [{target}]")
        }
        Refusal::Wrong(why) => format!("{why} for REST request [{target}]"),
    };
    let error = ApiError::new(StatusCode::UNAUTHORIZED, "security_exception", reason)
        .with("header", json!({"WWW-Authenticate": CHALLENGES}));
    CHALLENGES
        .iter()
        .fold(error.into(), |reply: Reply, challenge| {
            reply.header(WWW_AUTHENTICATE, challenge)
        })
}

/// Checks a limited caller against the indices that the request spells out.
///
/// # Errors
/// 403 `security_exception`.
pub(crate) fn authorize(
    identity: &Identity,
    action: Action,
    route: &str,
    indices: &[String],
) -> Result<(), ApiError> {
    let allowed = match (&identity.privileges, action) {
        (Privileges::All, _) | (_, Action::Anyone) => true,
        (Privileges::Read(_), Action::Read) => indices.iter().all(|index| identity.may_read(index)),
        (Privileges::Read(_), _) => false,
    };
    if allowed {
        return Ok(());
    }
    let kind = match action {
        Action::Read => "indices:data/read",
        Action::Write => "indices:data/write",
        Action::Monitor | Action::Anyone => "cluster:monitor",
        Action::Manage => "cluster:admin",
    };
    let on = if indices.is_empty() {
        String::new()
    } else {
        format!(" on indices [{}]", indices.join(","))
    };
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "security_exception",
        format!(
            "action [{kind}] ({route}) is unauthorized for user [{}] with effective roles [{}]{on}",
            identity.username,
            identity.roles()
        ),
    ))
}
