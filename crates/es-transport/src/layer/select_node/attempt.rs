//! One attempt at a node, from the choice to the end of its response.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::layer::{Classify, Settings};
use crate::{
    error::Error,
    events::DeathCause,
    extensions::HedgedAttempt,
    node::{AttemptEnd, Node, NodeOutcome, NodeSelector, RequestContext, Selection},
    retry_after::retry_after,
};

/// A selector that is notified of attempts, whatever its type: the response's
/// body need not know it.
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
    selection: Selection,
    feedback: Option<Arc<dyn Feedback>>,
    /// Boxed: most attempts have no others.
    others: Option<Box<OtherAttempts>>,
    classify: Option<Classify>,
}

/// Facts about other attempts of the same request.
pub(super) struct OtherAttempts {
    /// The URLs that were tried before, on a retry.
    pub tried: Option<Arc<[Arc<str>]>>,
    /// Tells whether another attempt was faster.
    pub hedged: Option<HedgedAttempt>,
}

impl Attempt {
    #[inline]
    pub fn start(
        selection: Selection,
        feedback: Option<Arc<dyn Feedback>>,
        classify: Option<Classify>,
        request: &RequestContext<'_>,
        others: Option<Box<OtherAttempts>>,
    ) -> Self {
        if let Some(feedback) = &feedback {
            feedback.started(selection.node(), request);
        }
        Self {
            selection,
            feedback,
            others,
            classify,
        }
    }

    pub fn node(&self) -> &Node {
        self.selection.node()
    }

    /// Whether the request was sent before.
    pub fn is_retry(&self) -> bool {
        self.tried().is_some()
    }

    /// Reads how long the node asks to be left alone.
    pub fn read_retry_after(&mut self, headers: &HeaderMap) {
        /// A node that asks for longer is tried after this time all the same.
        const LONGEST: Duration = Duration::from_secs(60);
        if self.selection.uses_retry_after() {
            let asked = retry_after(headers).map(|time| time.min(LONGEST));
            self.selection.set_retry_after(asked);
        }
    }

    /// The head of the response has arrived.
    pub fn head(&mut self, status: StatusCode) {
        match self.classify(Ok(status)) {
            // A good response counts at its end, but other requests need not
            // avoid the node until it has been read.
            NodeOutcome::Healthy if self.selection.is_probe() => {
                self.selection.responded(Instant::now())
            }
            NodeOutcome::Healthy => {}
            outcome => self.end(outcome, AttemptEnd::Status(status)),
        }
    }

    /// The response was read to its end.
    #[inline]
    pub fn done(&mut self, status: StatusCode) {
        let outcome = self.classify(Ok(status));
        self.end(outcome, AttemptEnd::Status(status));
    }

    pub fn failed(&mut self, error: Error) -> Error {
        let outcome = self.classify(Err(&error));
        self.end(outcome, AttemptEnd::Failed(&error));
        let error = error.with_untried_node(self.has_untried_node());
        if error.node().is_some() {
            return error;
        }
        error.with_node(Arc::clone(self.node().shared_url()))
    }

    fn classify(&self, result: Result<StatusCode, &Error>) -> NodeOutcome {
        match &self.classify {
            Some(classify) => classify(result),
            None => NodeOutcome::of(result),
        }
    }

    pub fn has_untried_node(&self) -> bool {
        self.selection
            .has_untried_node(self.tried().unwrap_or_default())
    }

    fn is_outrun(&self) -> bool {
        let others = self.others.as_ref();
        let hedged = others.and_then(|others| others.hedged.as_ref());
        hedged.is_some_and(HedgedAttempt::is_outrun)
    }

    fn tried(&self) -> Option<&[Arc<str>]> {
        self.others.as_ref()?.tried.as_deref()
    }

    fn end(&mut self, outcome: NodeOutcome, end: AttemptEnd<'_>) {
        if !self.selection.is_open() {
            return;
        }
        let cause = match &end {
            AttemptEnd::Status(status) => DeathCause::Status(*status),
            AttemptEnd::Failed(error) => DeathCause::Error(error.type_name()),
            AttemptEnd::Dropped => DeathCause::Unknown,
        };
        let started = self.selection.started_at();
        // Most attempts need no second look at the clock.
        let is_timed = self.feedback.is_some() || self.selection.needs_time(outcome);
        let now = if is_timed { Instant::now() } else { started };
        match end {
            AttemptEnd::Dropped if self.is_outrun() => self.selection.outrun(now),
            AttemptEnd::Dropped => self.selection.dropped(now),
            _ => self.selection.finish_because(outcome, cause, now),
        }
        if let Some(feedback) = &self.feedback {
            feedback.ended(
                self.selection.node(),
                &end,
                now.saturating_duration_since(started),
            );
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.end(NodeOutcome::Unknown, AttemptEnd::Dropped);
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.selection.fmt(f)
    }
}
