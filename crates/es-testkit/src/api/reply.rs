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
    pub(crate) status: StatusCode,
    pub(crate) payload: Payload,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) warnings: Vec<String>,
    /// 8.0 and later send searches and bulk outcomes in chunks, without a length.
    pub(crate) chunked: bool,
    /// Whether JSON is sent with line breaks.
    pub(crate) pretty: bool,
}

impl Reply {
    pub(crate) fn json(status: StatusCode, body: impl Into<Json>) -> Self {
        Self {
            status,
            payload: Payload::Json(body.into()),
            headers: Vec::new(),
            warnings: Vec::new(),
            chunked: false,
            pretty: false,
        }
    }

    pub(crate) fn ok(body: impl Into<Json>) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// The response to a search or bulk request.
    pub(crate) fn chunked(body: impl Into<Json>) -> Self {
        Self {
            chunked: true,
            ..Self::ok(body)
        }
    }

    pub(crate) fn acknowledged() -> Self {
        Self::ok(object! {"acknowledged": true})
    }

    pub(crate) fn text(status: StatusCode, body: impl Into<String>) -> Self {
        Self {
            payload: Payload::Text(body.into()),
            ..Self::empty(status)
        }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
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
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    pub(crate) fn warning(mut self, text: impl Into<String>) -> Self {
        self.warnings.push(text.into());
        self
    }
}
