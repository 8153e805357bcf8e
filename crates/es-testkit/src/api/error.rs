//! Errors in Elasticsearch's JSON form.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::reply::Reply;

/// An error that becomes `{"error":{"root_cause":[..],"type","reason"},"status"}`.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub status: StatusCode,
    pub kind: &'static str,
    pub reason: String,
    /// Further fields beside type and reason, such as `index`.
    pub fields: Map<String, Value>,
    /// True where the genuine server reports the failure of its shards around the cause.
    pub in_search: bool,
    /// The type of the root cause, where it is another one.
    root: Option<&'static str>,
}

impl ApiError {
    pub fn new(status: StatusCode, kind: &'static str, reason: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            reason: reason.into(),
            fields: Map::new(),
            in_search: false,
            root: None,
        }
    }

    pub fn bad_request(kind: &'static str, reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, kind, reason)
    }

    pub fn illegal_argument(reason: impl Into<String>) -> Self {
        Self::bad_request("illegal_argument_exception", reason)
    }

    /// Refuses something that a genuine server does.
    pub fn unsupported(subject: impl std::fmt::Display) -> Self {
        Self::illegal_argument(format!("es-testkit does not support {subject}"))
    }

    pub fn is_unsupported(&self) -> bool {
        self.reason.starts_with("es-testkit")
    }

    pub fn parsing(reason: impl Into<String>) -> Self {
        Self::bad_request("parsing_exception", reason)
            .with("line", 1)
            .with("col", 1)
    }

    pub fn no_such_index(index: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "index_not_found_exception",
            format!("no such index [{index}]"),
        )
        .with("resource.type", "index_or_alias")
        .with("resource.id", index)
        .with("index_uuid", "_na_")
        .with("index", index)
    }

    pub fn conflict(index: &str, reason: String) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "version_conflict_engine_exception",
            reason,
        )
        .with("shard", "0")
        .with("index", index)
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// Gives an error of one type another one.
    pub fn retyped(mut self, from: &str, to: &'static str) -> Self {
        if self.kind == from && !self.is_unsupported() {
            self.kind = to;
        }
        self
    }

    /// Adds the cause of the error.
    pub fn caused_by(self, kind: &str, reason: &str) -> Self {
        self.with("caused_by", json!({"type": kind, "reason": reason}))
    }

    /// Names another root cause.
    pub fn rooted(mut self, kind: &'static str) -> Self {
        self.root = Some(kind);
        self
    }

    /// Marks a failure that the shards found while they searched.
    pub fn in_search(mut self) -> Self {
        self.in_search = true;
        self
    }

    /// `{"type","reason",..}`, as bulk items carry it too.
    pub fn cause(&self) -> Value {
        let mut cause = self.fields.clone();
        cause.insert("type".to_owned(), self.kind.into());
        cause.insert("reason".to_owned(), self.reason.as_str().into());
        Value::Object(cause)
    }

    pub fn to_json(&self) -> Value {
        let cause = self.cause();
        let mut error = if self.in_search {
            json!({
                "type": "search_phase_execution_exception",
                "reason": "all shards failed",
                "phase": "query",
                "grouped": true,
                "failed_shards": [{"shard": 0, "reason": cause.clone()}],
                "caused_by": cause.clone(),
            })
        } else {
            cause.clone()
        };
        let mut root = cause;
        if let (Some(kind), Some(root)) = (self.root, root.as_object_mut()) {
            root.insert("type".to_owned(), kind.into());
        }
        if let Some(error) = error.as_object_mut() {
            let roots = if self.root == Some("") {
                json!([])
            } else {
                json!([root])
            };
            error.insert("root_cause".to_owned(), roots);
        }
        json!({"error": error, "status": self.status.as_u16()})
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        Reply::json(error.status, error.to_json())
    }
}

/// A body that is not the JSON it should be.
impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> Self {
        let kind = if error.is_eof() {
            "x_content_e_o_f_exception"
        } else {
            "x_content_parse_exception"
        };
        Self::bad_request(
            kind,
            format!("[{}:{}] {error}", error.line(), error.column()),
        )
    }
}
