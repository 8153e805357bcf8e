//! The headers of a request, written for a form of the media types.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::mode::CompatibilityMode;

const API_VERSION: HeaderName = HeaderName::from_static("elastic-api-version");
const SERVERLESS: HeaderValue = HeaderValue::from_static("2023-10-31");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");

/// The media types of one form.
#[derive(Clone, Debug)]
pub(super) struct Types {
    /// The major that both name; `None` for plain types.
    pub major: Option<u8>,
    json: HeaderValue,
    ndjson: HeaderValue,
    serverless: bool,
}

impl Types {
    pub fn of(mode: CompatibilityMode) -> Self {
        match mode {
            CompatibilityMode::Fixed(major) => Self::compatible(major),
            CompatibilityMode::Negotiated => Self::compatible(CompatibilityMode::MAJOR),
            CompatibilityMode::Off => Self::plain(),
            CompatibilityMode::Serverless => Self {
                serverless: true,
                ..Self::plain()
            },
        }
    }

    pub fn plain() -> Self {
        Self {
            major: None,
            json: JSON,
            ndjson: NDJSON,
            serverless: false,
        }
    }

    pub fn compatible(major: u8) -> Self {
        let value = |kind: &str, plain: HeaderValue| {
            let text = format!("application/vnd.elasticsearch+{kind};compatible-with={major}");
            // Text of this form is always a header's value.
            HeaderValue::try_from(text).unwrap_or(plain)
        };
        Self {
            major: Some(major),
            json: value("json", JSON),
            ndjson: value("x-ndjson", NDJSON),
            serverless: false,
        }
    }

    /// Writes the headers. Returns the major version if the request now asks for this form,
    /// so that a refusal is a refusal of the form.
    pub fn write(&self, headers: &mut HeaderMap, has_body: bool) -> Option<u8> {
        if self.serverless && !headers.contains_key(API_VERSION) {
            headers.insert(API_VERSION, SERVERLESS);
        }
        if headers.contains_key(header::ACCEPT) {
            if has_body {
                self.follow_accept(headers);
            }
            return None;
        }
        if !has_body {
            headers.insert(header::ACCEPT, self.json.clone());
            return self.major;
        }
        match headers.get(header::CONTENT_TYPE).map(Kind::of) {
            None | Some(Kind::Json) => {
                headers.insert(header::CONTENT_TYPE, self.json.clone());
            }
            Some(Kind::Ndjson) => {
                headers.insert(header::CONTENT_TYPE, self.ndjson.clone());
            }
            Some(Kind::Other) => {
                follow_content_type(headers);
                return None;
            }
        }
        headers.insert(header::ACCEPT, self.json.clone());
        self.major
    }

    /// The user set `Accept`: a body that is plain gets the same version.
    fn follow_accept(&self, headers: &mut HeaderMap) {
        let kind = headers
            .get(header::CONTENT_TYPE)
            .map_or(Kind::Json, Kind::of);
        let types = match headers.get(header::ACCEPT).and_then(major_of) {
            None => Self::plain(),
            major if major == self.major => self.clone(),
            Some(major) => Self::compatible(major),
        };
        let value = match kind {
            Kind::Json => types.json,
            Kind::Ndjson => types.ndjson,
            Kind::Other => return,
        };
        headers.insert(header::CONTENT_TYPE, value);
    }
}

/// The user set a `Content-Type` of a kind of its own: `Accept` gets its version.
fn follow_content_type(headers: &mut HeaderMap) {
    let accept = headers.get(header::CONTENT_TYPE).and_then(major_of);
    headers.insert(
        header::ACCEPT,
        accept.map_or(JSON, |major| Types::compatible(major).json),
    );
}

/// Writes one type for both directions. A type that the user set stays, unless it is a
/// plain one, which only describes the body.
pub(super) fn write_one(headers: &mut HeaderMap, has_body: bool, value: &HeaderValue) {
    headers
        .entry(header::ACCEPT)
        .or_insert_with(|| value.clone());
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map_or(Kind::Json, Kind::of);
    if has_body && !matches!(kind, Kind::Other) {
        headers.insert(header::CONTENT_TYPE, value.clone());
    }
}

enum Kind {
    Json,
    Ndjson,
    Other,
}

impl Kind {
    /// Parameters (`charset=UTF-8`) do not change what a plain type is.
    fn of(value: &HeaderValue) -> Self {
        let essence = value
            .as_bytes()
            .split(|&b| b == b';')
            .next()
            .unwrap_or_default()
            .trim_ascii();
        if essence.eq_ignore_ascii_case(b"application/json") {
            Self::Json
        } else if essence.eq_ignore_ascii_case(b"application/x-ndjson") {
            Self::Ndjson
        } else {
            Self::Other
        }
    }
}

/// The version that a vendor type names.
fn major_of(value: &HeaderValue) -> Option<u8> {
    let (_, version) = value.to_str().ok()?.split_once("compatible-with=")?;
    let end = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    version.get(..end)?.parse().ok()
}
