//! The log of a request's attempts.

use std::{fmt, sync::Arc, time::Duration};

use http::StatusCode;

/// One attempt to send a request to one node.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The URL of the node, without user info; `None` where the stack selects no node.
    pub node: Option<Arc<str>>,
    /// How it ended.
    pub outcome: Outcome,
    /// Duration, measured below the retry layer.
    pub duration: Duration,
    /// The reason for the retry that followed; `None` for the last attempt.
    pub retried: Option<RetryReason>,
}

impl Attempt {
    /// Creates the record of an attempt that was the last.
    pub fn new(node: Option<Arc<str>>, outcome: Outcome, duration: Duration) -> Self {
        Self {
            node,
            outcome,
            duration,
            retried: None,
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The node returned a response with this status.
    Status(StatusCode),
    /// There was no response. Contains the error's message.
    Failed(Arc<str>),
    /// The attempt was dropped because the other attempt of a hedged request was faster.
    Dropped,
}

/// The reason for a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryReason {
    /// The response had a status that is retried: 429, 502, 503, 504, or as configured.
    Status,
    /// The request was not sent, so a retry is always safe.
    NotSent,
    /// The connection broke, and the request is idempotent.
    Idempotent,
    /// The attempt timed out, and `retry_on_timeout` is set.
    Timeout,
    /// The attempt was slow, so a second one was started while it ran
    /// ([`HedgeLayer`](crate::layer::HedgeLayer)).
    Hedge,
}

impl fmt::Display for RetryReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status => "status",
            Self::NotSent => "not sent",
            Self::Idempotent => "idempotent",
            Self::Timeout => "timeout",
            Self::Hedge => "hedge",
        })
    }
}
