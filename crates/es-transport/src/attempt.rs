//! What happened to a request, attempt by attempt.
//!
//! The retry layer writes the trail; the node selection layer tells it which
//! node an attempt went to. Both know this room only.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use tokio::time::Instant;

/// One attempt to send a request to one node.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The URL of the node, without user info; `None` where the stack selects no node.
    pub node: Option<Arc<str>>,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, from the call of the layers below retry to its end.
    pub duration: Duration,
    /// Why another attempt followed; `None` for the last.
    pub retried: Option<RetryReason>,
}

impl Attempt {
    /// An attempt that was the last.
    pub fn new(node: Option<Arc<str>>, outcome: Outcome, duration: Duration) -> Self {
        Self { node, outcome, duration, retried: None }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The node answered with this status.
    Status(StatusCode),
    /// There was no answer; the error's message.
    Failed(Arc<str>),
}

/// Why a request was sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryReason {
    /// The node answered with a status that may pass: 429, 502, 503, 504 or as set.
    Status,
    /// No byte was taken, so it can be sent again whatever it does.
    Unsent,
    /// The connection broke, and the request may be repeated.
    Idempotent,
    /// The time of the attempt was over, and the caller asked for a retry then.
    Timeout,
}

/// The trail of a request that needed more than one attempt: an extension of its answer.
#[derive(Clone, Debug)]
pub struct Attempts(pub Arc<[Attempt]>);

/// An extension of a request that is sent again; the first attempt has none.
#[derive(Clone, Debug)]
pub struct Resend {
    /// The number of this attempt; the first resend is 2.
    pub attempt: u32,
    /// The URLs of the nodes that were tried, without user info, in order.
    pub tried: Arc<[Arc<str>]>,
}

/// An extension of every answer with a status of 400 or above, and of every
/// answer to a request that was sent again ([`Resend`]), so that the trail can
/// name its node. The layer that chose the node writes it.
///
/// Answers that succeed at once carry none, which costs nothing.
#[derive(Clone, Debug)]
pub struct AnsweredBy {
    /// The URL of the node, without user info.
    pub node: Arc<str>,
    /// Whether the pool has another live node that this request did not try yet:
    /// a retry then need not wait. The same word on an error is
    /// [`Error::with_untried`](crate::Error::with_untried).
    pub untried: bool,
}

/// When a request with all its attempts must be over: an extension of a request
/// that has a total deadline. Nothing is started that would end after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The moment.
    pub at: Instant,
    /// The time that was set, for the error that names it.
    pub after: Duration,
}
