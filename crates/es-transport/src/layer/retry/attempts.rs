//! The copy of a request, and the log of its attempts.

use std::{sync::Arc, time::Duration};

use http::{Extensions, HeaderMap, Method, Request, StatusCode, Uri, Version};
use tokio::time::Instant;

use super::policy::{RequestFacts, RetryPlan};
use crate::{
    attempt::{Attempt, Outcome},
    body::TryCloneBody,
    error::Error,
    extensions::{Attempts, Deadline, RetryContext, ServedBy},
};

/// The copy of a request from which it is retried.
///
/// It is small in the common case: no headers are yet on the request, and neither
/// URI nor body are copied, only counted.
#[derive(Debug)]
pub(super) struct RetainedRequest<B> {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    extensions: Extensions,
    body: B,
}

impl<B: TryCloneBody> RetainedRequest<B> {
    /// Returns `None` if the body cannot be cloned.
    pub(super) fn of(request: &Request<B>) -> Option<Self> {
        Some(Self {
            body: request.body().try_clone()?,
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            extensions: request.extensions().clone(),
        })
    }

    /// Returns the request for the next attempt.
    pub(super) fn request(&self, context: Option<RetryContext>) -> Option<Request<B>> {
        let mut request = Request::new(self.body.try_clone()?);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers.clone();
        *request.extensions_mut() = self.extensions.clone();
        if let Some(context) = context {
            request.extensions_mut().insert(context);
        }
        Some(request)
    }
}

impl<B> RetainedRequest<B> {
    pub(super) fn facts(&self) -> RequestFacts<'_> {
        RequestFacts::new(&self.method, &self.uri, &self.headers, &self.extensions)
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.extensions.get().copied()
    }
}

/// The attempts of one request. Nothing is allocated before one has failed.
#[derive(Debug)]
pub(super) struct AttemptLog {
    started_at: Instant,
    ended: Vec<Attempt>,
    failovers: u32,
}

impl AttemptLog {
    pub(super) fn start() -> Self {
        Self {
            started_at: Instant::now(),
            ended: Vec::new(),
            failovers: 0,
        }
    }

    /// Returns the attempts that ended and were followed by another.
    pub(super) fn ended(&self) -> &[Attempt] {
        &self.ended
    }

    /// Returns the number of the current attempt; the first is 1.
    pub(super) fn number(&self) -> u32 {
        u32::try_from(self.ended.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    /// Returns the number of retries that were failovers.
    pub(super) fn failovers(&self) -> u32 {
        self.failovers
    }

    /// Starts the clock of the next attempt.
    pub(super) fn restart(&mut self) {
        self.started_at = Instant::now();
    }

    /// Notes the reason for the attempt that follows those that were added last.
    pub(super) fn retried(&mut self, plan: RetryPlan) {
        self.failovers += u32::from(plan.is_failover);
        if let Some(last) = self.ended.last_mut() {
            last.retried = Some(plan.reason);
        }
    }

    /// Adds the attempt that ended with a response: two if it was hedged.
    pub(super) fn responded(&mut self, status: StatusCode, extensions: &Extensions) {
        if let Some(Attempts(hedged)) = extensions.get() {
            return self.hedged(hedged);
        }
        let node = extensions
            .get::<ServedBy>()
            .map(|served| Arc::clone(&served.node));
        let outcome = Outcome::Status(status);
        self.ended
            .push(Attempt::new(node, outcome, self.started_at.elapsed()));
    }

    /// Adds the attempt that ended with an error: two if it was hedged.
    pub(super) fn failed(&mut self, error: &Error) {
        if !error.attempts().is_empty() {
            return self.hedged(error.attempts());
        }
        let outcome = Outcome::Failed(error.to_string().into());
        let attempt = Attempt::new(error.node().cloned(), outcome, self.started_at.elapsed());
        self.ended.push(attempt);
    }

    fn hedged(&mut self, attempts: &[Attempt]) {
        self.ended.extend_from_slice(attempts);
        // A hedge is no retry.
        let hedges = attempts.len().saturating_sub(1);
        self.failovers += u32::try_from(hedges).unwrap_or(u32::MAX);
    }

    /// Returns what the next attempt knows of those before; `None` if it is the first.
    pub(super) fn context(&self) -> Option<RetryContext> {
        let reason = self.ended.last()?.retried?;
        let tried = self
            .ended
            .iter()
            .filter_map(|attempt| attempt.node.clone())
            .collect();
        Some(RetryContext {
            attempt: self.number(),
            tried,
            reason,
        })
    }

    /// Returns the attempts for a response; `None` if its attempt was the only one.
    pub(super) fn for_response(
        &mut self,
        status: StatusCode,
        extensions: &Extensions,
    ) -> Option<Attempts> {
        if self.ended.is_empty() {
            return None;
        }
        self.responded(status, extensions);
        Some(Attempts(std::mem::take(&mut self.ended).into()))
    }

    /// Adds the attempts to an error that ended an attempt.
    pub(super) fn for_error(&mut self, error: Error) -> Error {
        self.failed(&error);
        self.for_error_between(error)
    }

    /// Adds the attempts to an error that came before its attempt began.
    pub(super) fn for_error_between(&mut self, error: Error) -> Error {
        error.with_attempts(std::mem::take(&mut self.ended))
    }

    /// Returns the time that all attempts took, the current one included.
    pub(super) fn elapsed(&self) -> Duration {
        let current = self.started_at.elapsed();
        self.ended
            .iter()
            .fold(current, |sum, attempt| sum + attempt.duration)
    }
}
