use std::{sync::Arc, time::Duration};

use http::StatusCode;
use tokio::time::Instant;

use super::policy::RetryPlan;
use crate::{
    attempt::{AnsweredBy, Attempt, Attempts, Outcome, Resend},
    error::Error,
};

/// The attempts of one request. Nothing is allocated before one has failed.
#[derive(Debug)]
pub(super) struct Trail {
    began: Instant,
    ended: Vec<Attempt>,
    /// How many retries there were that do not count.
    uncounted: u32,
}

impl Trail {
    pub(super) fn new(began: Instant) -> Self {
        Self { began, ended: Vec::new(), uncounted: 0 }
    }

    /// The number of the attempt that is under way; the first is 1.
    pub(super) fn number(&self) -> u32 {
        u32::try_from(self.ended.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// How many retries there were that do not count.
    pub(super) fn uncounted(&self) -> u32 {
        self.uncounted
    }

    /// Starts the clock of the next attempt.
    pub(super) fn begin(&mut self) {
        self.began = Instant::now();
    }

    /// Notes an attempt that another will follow.
    pub(super) fn retried(&mut self, mut attempt: Attempt, plan: RetryPlan) {
        attempt.retried = Some(plan.reason);
        self.uncounted += u32::from(!plan.counts);
        self.ended.push(attempt);
    }

    pub(super) fn answered(&self, status: StatusCode, extensions: &http::Extensions) -> Attempt {
        let node = extensions.get::<AnsweredBy>().map(|answered| Arc::clone(&answered.node));
        Attempt::new(node, Outcome::Status(status), self.duration())
    }

    pub(super) fn failed(&self, error: &Error) -> Attempt {
        let message = error.to_string().into();
        Attempt::new(error.node().cloned(), Outcome::Failed(message), self.duration())
    }

    /// What the next attempt is told of those before it.
    pub(super) fn resend(&self) -> Resend {
        let tried = self.ended.iter().filter_map(|attempt| attempt.node.clone()).collect();
        Resend { attempt: self.number(), tried }
    }

    /// The trail for an answer: none if its attempt was the only one.
    pub(super) fn for_answer(
        &mut self,
        status: StatusCode,
        extensions: &http::Extensions,
    ) -> Option<Attempts> {
        if self.ended.is_empty() {
            return None;
        }
        self.ended.push(self.answered(status, extensions));
        Some(Attempts(std::mem::take(&mut self.ended).into()))
    }

    /// The trail for an error that ended an attempt.
    pub(super) fn for_error(&mut self, error: Error) -> Error {
        self.ended.push(self.failed(&error));
        error.with_attempts(std::mem::take(&mut self.ended))
    }

    /// The trail for an error that came before its attempt began.
    pub(super) fn for_error_between(&mut self, error: Error) -> Error {
        error.with_attempts(std::mem::take(&mut self.ended))
    }

    /// How long the attempts took so far, the one under way included.
    pub(super) fn spent(&self) -> Duration {
        self.ended.iter().fold(self.duration(), |spent, attempt| spent + attempt.duration)
    }

    fn duration(&self) -> Duration {
        self.began.elapsed()
    }
}
