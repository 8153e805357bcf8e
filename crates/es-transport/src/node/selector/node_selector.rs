//! The trait of a choice among nodes.

use std::{fmt, sync::Arc, time::Duration};

use http::StatusCode;

use super::RequestContext;
use crate::{
    error::Error,
    node::{Candidates, Node},
};

/// Chooses a node for every attempt.
///
/// Only live nodes are to choose from; which they are is the pool's business.
/// Any closure `Fn(&Candidates<'_>, &RequestContext<'_>) -> usize` is a selector.
///
/// ```
/// use es_transport::node::{Candidates, NodeSelector, RequestContext};
///
/// /// Writes go to the first node, everything else to the one with the least to do.
/// struct WritesToFirst;
///
/// impl NodeSelector for WritesToFirst {
///     fn select(&self, nodes: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
///         if request.method() == http::Method::PUT { 0 } else { nodes.least_in_flight() }
///     }
/// }
/// ```
pub trait NodeSelector: Send + Sync + 'static {
    /// Answers the index of the chosen candidate. One that is too high is
    /// taken modulo their number.
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize;

    /// Whether the selector reads requests in flight or latencies, or wants to
    /// be told of attempts. `true` by default; `false` saves two writes per
    /// attempt that all threads contend for.
    fn tracks_load(&self) -> bool {
        true
    }

    /// An attempt begins at a node. Called if [`tracks_load`](Self::tracks_load).
    fn attempt_started(&self, node: &Node, request: &RequestContext<'_>) {
        let _ = (node, request);
    }

    /// An attempt that was told as started has ended, exactly once.
    /// `latency` is the time from its start to the end of its answer.
    fn attempt_ended(&self, node: &Node, end: &AttemptEnd<'_>, latency: Duration) {
        let _ = (node, end, latency);
    }
}

/// How an attempt ended, for the selector.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum AttemptEnd<'a> {
    /// With an answer of this status, read to its end.
    Status(StatusCode),
    /// With an error.
    Failed(&'a Error),
    /// The caller dropped the request or the answer.
    Dropped,
}

impl<F> NodeSelector for F
where
    F: Fn(&Candidates<'_>, &RequestContext<'_>) -> usize + Send + Sync + 'static,
{
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        self(candidates, request)
    }
}

/// Any selector, with its type erased and shared by reference count.
#[derive(Clone)]
pub struct SharedSelector(Arc<dyn NodeSelector>);

impl SharedSelector {
    /// Takes any selector.
    pub fn new(selector: impl NodeSelector) -> Self {
        Self(Arc::new(selector))
    }
}

impl Default for SharedSelector {
    /// [`RoundRobin`](super::RoundRobin).
    fn default() -> Self {
        Self::new(super::RoundRobin::default())
    }
}

impl fmt::Debug for SharedSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSelector")
    }
}

impl NodeSelector for SharedSelector {
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        self.0.select(candidates, request)
    }

    fn tracks_load(&self) -> bool {
        self.0.tracks_load()
    }

    fn attempt_started(&self, node: &Node, request: &RequestContext<'_>) {
        self.0.attempt_started(node, request);
    }

    fn attempt_ended(&self, node: &Node, end: &AttemptEnd<'_>, latency: Duration) {
        self.0.attempt_ended(node, end, latency);
    }
}

impl NodeSelector for Box<dyn NodeSelector> {
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        (**self).select(candidates, request)
    }

    fn tracks_load(&self) -> bool {
        (**self).tracks_load()
    }

    fn attempt_started(&self, node: &Node, request: &RequestContext<'_>) {
        (**self).attempt_started(node, request);
    }

    fn attempt_ended(&self, node: &Node, end: &AttemptEnd<'_>, latency: Duration) {
        (**self).attempt_ended(node, end, latency);
    }
}
