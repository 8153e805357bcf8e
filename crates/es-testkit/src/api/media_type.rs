//! Content types: which are taken, and which one the response has.
//!
//! Compatibility mode, as 8.19 and 9.2 were seen to treat it: a server takes its own major version
//! and the one before; where a request has a body, Accept and Content-Type carry the same version
//! or none.

use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap};

use super::error::ApiError;
use super::reply::Reply;
use crate::settings::Settings;

const VENDOR_JSON: &str = "application/vnd.elasticsearch+json";
const VENDOR_NDJSON: &str = "application/vnd.elasticsearch+x-ndjson";

/// The media type that was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Negotiated {
    /// The content type of JSON responses.
    pub json: String,
    /// The major version whose form the responses have.
    pub major: u8,
    /// True where the caller asked for a versioned type: then `_cat` returns JSON too.
    pub versioned: bool,
}

impl Negotiated {
    /// Returns the media type of responses to requests that ask for none.
    pub fn plain(settings: &Settings) -> Self {
        let charset = settings.is_opensearch() || settings.is_legacy();
        let json = if charset {
            "application/json; charset=UTF-8"
        } else {
            "application/json"
        };
        Self {
            json: json.to_owned(),
            major: settings.version.major,
            versioned: false,
        }
    }
}

/// Agrees on content types.
///
/// # Errors
/// 400 `media_type_header_exception` for versions that are not served or do not belong together,
/// 406 for a body of a type that is not supported.
pub(crate) fn negotiate(
    settings: &Settings,
    headers: &HeaderMap,
    has_body: bool,
) -> Result<Negotiated, Reply> {
    let plain = Negotiated::plain(settings);
    if headers.get_all(CONTENT_TYPE).iter().nth(1).is_some() {
        return Err(refused("only one Content-Type header should be provided").into());
    }
    let accept = text(headers, ACCEPT);
    let content_type = text(headers, CONTENT_TYPE);
    if has_body {
        check_body_type(settings, content_type)?;
    }
    if settings.is_opensearch() || settings.is_legacy() {
        return Ok(plain);
    }
    let accepted = version_of(accept);
    check_versions(settings.version.major, accept, content_type, has_body).map_err(Reply::from)?;
    Ok(match accepted {
        Some(major) => Negotiated {
            json: format!("{VENDOR_JSON};compatible-with={major}"),
            major,
            versioned: true,
        },
        None => plain,
    })
}

fn check_body_type(settings: &Settings, content_type: &str) -> Result<(), Reply> {
    let (essence, _) = essence(content_type);
    let json = matches!(
        essence.as_str(),
        "application/json" | "application/x-ndjson"
    );
    let vendor = matches!(essence.as_str(), VENDOR_JSON | VENDOR_NDJSON);
    if json || (vendor && !settings.is_opensearch()) {
        return Ok(());
    }
    let message = format!("Content-Type header [{content_type}] is not supported");
    Err(Reply::json(
        StatusCode::NOT_ACCEPTABLE,
        serde_json::json!({"error": message, "status": 406}),
    ))
}

fn check_versions(
    current: u8,
    accept: &str,
    content_type: &str,
    has_body: bool,
) -> Result<(), ApiError> {
    let previous = current.saturating_sub(1);
    let served = |version: u8| version == current || version == previous;
    let accepted = version_of(accept);
    if let Some(found) = accepted.filter(|version| !served(*version)) {
        return Err(refused(format!(
            "Accept version must be either version {current} or {previous}, but found {found}. Accept={accept}"
        )));
    }
    if !has_body {
        return Ok(());
    }
    let sent = version_of(content_type);
    if let Some(found) = sent.filter(|version| !served(*version)) {
        return Err(refused(format!(
            "Content-Type version must be either version {current} or {previous}, but found {found}. Content-Type={content_type}"
        )));
    }
    match (accepted, sent) {
        (Some(accepted), Some(sent)) if accepted != sent => Err(refused(format!(
            "A compatible version is required on both Content-Type and Accept headers if either one has requested a compatible version and the compatible versions must match. Accept={accept}, Content-Type={content_type}"
        ))),
        (Some(_), None) | (None, Some(_)) => Err(refused(format!(
            "A compatible version is required on both Content-Type and Accept headers if either one has requested a compatible version. Accept={accept}, Content-Type={content_type}"
        ))),
        _ => Ok(()),
    }
}

fn refused(reason: impl Into<String>) -> ApiError {
    ApiError::bad_request("media_type_header_exception", reason)
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
}

/// The version of a vendor type that stands alone; a list counts as plain JSON.
fn version_of(header: &str) -> Option<u8> {
    if header.contains(',') {
        return None;
    }
    let (essence, parameters) = essence(header);
    if essence != VENDOR_JSON && essence != VENDOR_NDJSON {
        return None;
    }
    parameters
        .iter()
        .find_map(|(name, value)| (name == "compatible-with").then(|| value.parse().ok())?)
}

/// The type itself, lower case, and its parameters.
fn essence(header: &str) -> (String, Vec<(String, String)>) {
    let mut parts = header.split(';').map(str::trim);
    let essence = parts.next().unwrap_or("").to_ascii_lowercase();
    let parameters = parts.filter_map(|part| {
        let (name, value) = part.split_once('=')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    });
    (essence, parameters.collect())
}
