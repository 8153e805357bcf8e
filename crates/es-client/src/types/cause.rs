use std::{error::Error as StdError, fmt};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{
    lenient::{Lenient, Read, text},
    object::object,
};

/// An error of the server, with its causes.
///
/// Every reader of errors uses it. It reads an object, or a text as the reason.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ErrorCause {
    /// The type of error, such as `index_not_found_exception`; empty if it is not in
    /// the response.
    pub kind: String,
    /// The server's description of the error.
    pub reason: Option<String>,
    /// The index that the error is about.
    pub index: Option<String>,
    /// The root causes, one of each kind.
    pub root_cause: Vec<ErrorCause>,
    /// The error that caused it.
    pub caused_by: Option<Box<ErrorCause>>,
    /// All other properties, by name.
    pub other: Map<String, Value>,
}

impl ErrorCause {
    /// Returns the innermost cause: the end of the chain of `caused_by`. `None` if
    /// `caused_by` is not set.
    ///
    /// ```
    /// use es_client::types::ErrorCause;
    ///
    /// let error: ErrorCause = serde_json::from_str(
    ///     r#"{"type": "outer", "reason": "failed", "caused_by": {"type": "inner", "reason": "disk full"}}"#,
    /// )?;
    /// let innermost = error.innermost().unwrap();
    /// assert_eq!(innermost.reason.as_deref(), Some("disk full"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn innermost(&self) -> Option<&Self> {
        let mut cause = self.caused_by.as_deref()?;
        while let Some(next) = &cause.caused_by {
            cause = next;
        }
        Some(cause)
    }

    /// Reads the text or object of an error, as lenient as can be.
    pub(crate) fn from_value(value: Value) -> Self {
        let Value::Object(mut members) = value else {
            return Self {
                reason: text(&value),
                ..Self::default()
            };
        };
        let mut take = |name: &str| members.remove(name).filter(|value| !value.is_null());
        let kind = take("type");
        let reason = take("reason");
        let index = take("index");
        let caused_by = take("caused_by").map(|cause| Box::new(Self::from_value(cause)));
        let root_cause = match take("root_cause") {
            Some(Value::Array(causes)) => causes.into_iter().map(Self::from_value).collect(),
            Some(cause) => vec![Self::from_value(cause)],
            None => Vec::new(),
        };
        let any_text = |value: Value| text(&value).unwrap_or_else(|| value.to_string());
        Self {
            kind: kind.map(any_text).unwrap_or_default(),
            reason: reason.map(any_text),
            index: index.map(any_text),
            root_cause,
            caused_by,
            other: members,
        }
    }

    /// Whether it says nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.kind.is_empty() && self.reason.is_none()
    }
}

impl<'de> Lenient<'de> for ErrorCause {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <Read<Value>>::deserialize(from).map(|value| Self::from_value(value.0))
    }
}

impl<'de> Deserialize<'de> for ErrorCause {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::read(from)
    }
}

impl fmt::Display for ErrorCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.kind, &self.reason) {
            ("", None) => f.write_str("unknown error"),
            ("", Some(reason)) => f.write_str(reason),
            (kind, None) => f.write_str(kind),
            (kind, Some(reason)) => write!(f, "{kind}: {reason}"),
        }
    }
}

impl StdError for ErrorCause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.caused_by.as_deref().map(|cause| cause as _)
    }
}

object! {
    /// The failure of a shard.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ShardFailure {
        /// The number of the shard.
        pub shard: Option<i32>,
        /// The index of the shard.
        pub index: Option<String> = "index" | "_index",
        /// The ID of the node that holds the shard.
        pub node: Option<String> = "node" | "_node",
        /// The error.
        pub reason: ErrorCause,
    }
}

impl fmt::Display for ShardFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = &self.index {
            write!(f, "[{index}]")?;
        }
        if let Some(shard) = self.shard {
            write!(f, "[{shard}]")?;
        }
        if self.index.is_some() || self.shard.is_some() {
            f.write_str(" ")?;
        }
        self.reason.fmt(f)
    }
}
