//! The result of a handler, before headers of the whole server are put on.

use http::StatusCode;
use http::header::{HeaderName, HeaderValue};

use crate::json::{Json, object};

/// The body of a reply.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Json(Json),
    Text(String),
    Empty,
}

/// Status, body, headers and warnings of one response.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub status: StatusCode,
    pub payload: Payload,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub warnings: Vec<String>,
    /// 8.0 and later send searches and bulk outcomes in chunks, without a length.
    pub chunked: bool,
    /// Whether JSON is sent with line breaks.
    pub pretty: bool,
}

impl Reply {
    pub fn json(status: StatusCode, body: impl Into<Json>) -> Self {
        Self {
            status,
            payload: Payload::Json(body.into()),
            headers: Vec::new(),
            warnings: Vec::new(),
            chunked: false,
            pretty: false,
        }
    }

    pub fn ok(body: impl Into<Json>) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// The response to a search or bulk request.
    pub fn chunked(body: impl Into<Json>) -> Self {
        Self {
            chunked: true,
            ..Self::ok(body)
        }
    }

    pub fn acknowledged() -> Self {
        Self::ok(object! {"acknowledged": true})
    }

    pub fn text(status: StatusCode, body: impl Into<String>) -> Self {
        Self {
            payload: Payload::Text(body.into()),
            ..Self::empty(status)
        }
    }

    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            payload: Payload::Empty,
            headers: Vec::new(),
            warnings: Vec::new(),
            chunked: false,
            pretty: false,
        }
    }

    /// Adds a header; a value that no header can hold is left out.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    pub fn warning(mut self, text: impl Into<String>) -> Self {
        self.warnings.push(text.into());
        self
    }
}
