use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    json_read::from_bytes,
    response::{Hidden, Meta},
};

/// What Elasticsearch said: the parts of its error object.
///
/// `Debug` shows of the body how long it is: it may repeat what was sent.
#[derive(Clone)]
#[non_exhaustive]
pub struct ApiError {
    /// The status of the answer.
    pub status: StatusCode,
    /// The kind of error, such as `index_not_found_exception`.
    pub kind: Option<String>,
    /// What is wrong, in the server's words.
    pub reason: Option<String>,
    /// What caused it, innermost.
    pub root_causes: Vec<Cause>,
    /// The whole body, as it came.
    pub body: Bytes,
    /// Node, headers, attempts.
    pub meta: Meta,
}

/// One cause of an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Cause {
    /// The kind of error.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// What is wrong.
    #[serde(default)]
    pub reason: Option<String>,
    /// The index that it happened in.
    #[serde(default)]
    pub index: Option<String>,
}

impl ApiError {
    /// An error body is an object, or has a mere text in the place of one.
    pub(super) fn parse(meta: Meta, body: Bytes) -> Self {
        let mut told = from_bytes::<Value>(&body).unwrap_or_default();
        let error = told.get_mut("error").map(Value::take).unwrap_or_default();
        let Cause { kind, mut reason, .. } = Cause::read(&error);
        let root_causes = error.get("root_cause").and_then(Value::as_array);
        let root_causes = root_causes.into_iter().flatten().map(Cause::read).collect();
        if let Value::String(text) = error {
            reason = Some(text);
        }
        Self { status: meta.status(), kind, reason, root_causes, body, meta }
    }
}

impl Cause {
    fn read(told: &Value) -> Self {
        let text = |name| told.get(name).and_then(Value::as_str).map(str::to_owned);
        Self { kind: text("type"), reason: text("reason"), index: text("index") }
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("kind", &self.kind)
            .field("reason", &self.reason)
            .field("root_causes", &self.root_causes)
            .field("body", &Hidden(&self.body))
            .field("meta", &self.meta)
            .finish()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "elasticsearch answered {}", self.status)?;
        if let Some(kind) = &self.kind {
            write!(f, ": {kind}")?;
        }
        if let Some(reason) = &self.reason {
            write!(f, ": {reason}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, reason) = (self.kind.as_deref(), self.reason.as_deref());
        f.write_str(kind.unwrap_or("unknown kind of error"))?;
        reason.map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}
