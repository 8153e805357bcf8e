use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;

use crate::response::{Hidden, Meta};

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

/// The forms of an error body: an object, or a mere string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reported {
    Object {
        #[serde(flatten)]
        cause: Cause,
        #[serde(default)]
        root_cause: Vec<Cause>,
    },
    Text(String),
}

impl ApiError {
    pub(super) fn parse(meta: Meta, body: Bytes) -> Self {
        #[derive(Deserialize)]
        struct Envelope {
            error: Option<Reported>,
        }
        let reported = serde_json::from_slice(&body).ok().and_then(|e: Envelope| e.error);
        let (cause, root_causes) = match reported {
            Some(Reported::Object { cause, root_cause }) => (cause, root_cause),
            Some(Reported::Text(reason)) => {
                (Cause { reason: Some(reason), ..Cause::default() }, Vec::new())
            }
            None => (Cause::default(), Vec::new()),
        };
        let Cause { kind, reason, .. } = cause;
        Self { status: meta.status(), kind, reason, root_causes, body, meta }
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
