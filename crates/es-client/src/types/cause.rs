use std::fmt;

use super::answer::answer;
use serde::Deserialize;

answer! {
    /// An error within an answer that succeeded in part.
    #[derive(Clone, Debug, Default, PartialEq)]
    #[non_exhaustive]
    pub struct ErrorCause {
        /// The kind of error, such as `version_conflict_engine_exception`.
        pub kind: String = "type",
        /// What is wrong, in the server's words.
        pub reason: Option<String>,
        /// The index that it happened in.
        pub index: Option<String>,
        /// What lies behind it.
        pub caused_by: Option<Box<ErrorCause>>,
        ..
        /// Whatever else the server says of it.
        pub other
    }
}

impl fmt::Display for ErrorCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}

/// A shard that failed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ShardFailure {
    /// The shard's number.
    pub shard: Option<i32>,
    /// The index that it belongs to.
    #[serde(alias = "_index")]
    pub index: Option<String>,
    /// The id of the node that it is on.
    #[serde(alias = "_node")]
    pub node: Option<String>,
    /// Why it failed.
    pub reason: ErrorCause,
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
