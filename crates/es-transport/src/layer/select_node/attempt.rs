//! One attempt at a node, from the choice to the end of its answer.

use std::{fmt, sync::Arc, time::Duration};

use http::StatusCode;
use tokio::time::Instant;

use super::layer::Settings;
use crate::{
    error::Error,
    node::{AttemptEnd, Node, NodeSelector, RequestContext, Selected, Verdict},
};

/// A selector that is told of attempts, whatever its type: the answer's body
/// then need not know it.
pub(super) trait Feedback: Send + Sync {
    fn started(&self, node: &Node, request: &RequestContext<'_>);
    fn ended(&self, node: &Node, end: &AttemptEnd<'_>, latency: Duration);
}

impl<L: NodeSelector> Feedback for Settings<L> {
    fn started(&self, node: &Node, request: &RequestContext<'_>) {
        self.selector.attempt_started(node, request);
    }

    fn ended(&self, node: &Node, end: &AttemptEnd<'_>, latency: Duration) {
        self.selector.attempt_ended(node, end, latency);
    }
}

pub(super) struct Attempt {
    selected: Selected,
    feedback: Option<Arc<dyn Feedback>>,
    /// The URLs that were tried before, on a resend.
    tried: Option<Arc<[Arc<str>]>>,
}

impl Attempt {
    pub(super) fn start(
        selected: Selected,
        feedback: Option<Arc<dyn Feedback>>,
        request: &RequestContext<'_>,
        tried: Option<Arc<[Arc<str>]>>,
    ) -> Self {
        if let Some(feedback) = &feedback {
            feedback.started(selected.node(), request);
        }
        Self { selected, feedback, tried }
    }

    pub(super) fn node(&self) -> &Node {
        self.selected.node()
    }

    /// Whether the request was sent before.
    pub(super) fn is_resend(&self) -> bool {
        self.tried.is_some()
    }

    /// The head of the answer is there: what its status says is known now.
    pub(super) fn head(&mut self, status: StatusCode) {
        match Verdict::of_status(status) {
            // An answer that works is judged at its end, but the others need
            // not stay away from the node until somebody has read it.
            Verdict::Alive if self.selected.is_probe() => self.selected.answered(Instant::now()),
            Verdict::Alive => {}
            verdict => self.end(verdict, AttemptEnd::Status(status)),
        }
    }

    /// The answer was read to its end.
    pub(super) fn done(&mut self, status: StatusCode) {
        self.end(Verdict::of_status(status), AttemptEnd::Status(status));
    }

    pub(super) fn failed(&mut self, error: Error) -> Error {
        self.end(Verdict::of_error(&error), AttemptEnd::Failed(&error));
        let error = error.with_untried(self.has_untried());
        if error.node().is_some() {
            return error;
        }
        error.with_node(Arc::clone(self.node().shared_url()))
    }

    pub(super) fn has_untried(&self) -> bool {
        self.selected.has_untried(self.tried.as_deref().unwrap_or_default())
    }

    fn end(&mut self, verdict: Verdict, end: AttemptEnd<'_>) {
        if !self.selected.is_open() {
            return;
        }
        let started = self.selected.started();
        // Most attempts need no second look at the clock.
        let is_timed = self.feedback.is_some() || self.selected.needs_time(verdict);
        let now = if is_timed { Instant::now() } else { started };
        self.selected.finish(verdict, now);
        if let Some(feedback) = &self.feedback {
            feedback.ended(self.selected.node(), &end, now.saturating_duration_since(started));
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.end(Verdict::Unknown, AttemptEnd::Dropped);
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.selected.fmt(f)
    }
}
