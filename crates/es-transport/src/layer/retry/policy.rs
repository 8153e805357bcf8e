//! What a retry policy is asked.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, Method, StatusCode};

use crate::{attempt::RetryReason, error::Error, options::RequestOptions};

/// Decides whether and when a request is sent again; the layer does the rest:
/// it keeps the copy, waits, respects the deadline and writes the trail.
///
/// [`StandardRetry`](super::StandardRetry) is what the transport uses. The trait
/// is object-safe: `Arc<dyn RetryPolicy>` is a policy too.
///
/// ```
/// use std::time::Duration;
/// use es_transport::{attempt::RetryReason, layer::retry::*};
///
/// /// Sends again, at once and once, what was never sent.
/// struct Unsent;
///
/// impl RetryPolicy for Unsent {
///     fn max_retries(&self, _: &RequestFacts<'_>) -> u32 {
///         1
///     }
///
///     fn decide(&self, _: &RequestFacts<'_>, ended: &Ended<'_>) -> Option<RetryPlan> {
///         let unsent = ended.error().is_some_and(|error| error.is_unsent());
///         unsent.then(|| RetryPlan::new(RetryReason::Unsent, Duration::ZERO))
///     }
/// }
/// # let _ = RetryLayer::new(Unsent);
/// ```
pub trait RetryPolicy: Send + Sync + 'static {
    /// How often this request may be sent again. For 0 no copy of it is kept.
    fn max_retries(&self, request: &RequestFacts<'_>) -> u32;

    /// Whether to send the request again after an attempt that ended so.
    ///
    /// Asked after every attempt that may be followed by another.
    fn decide(&self, request: &RequestFacts<'_>, ended: &Ended<'_>) -> Option<RetryPlan>;

    /// Asked last, when nothing else stands against a retry: whether all
    /// requests together may make one more for this reason. `false` ends the
    /// request with the outcome that it has.
    fn withdraw(&self, reason: RetryReason) -> bool {
        let _ = reason;
        true
    }

    /// Told of every request that succeeded at its first attempt: the answer is
    /// neither a 429 nor the failure of a server (5xx), and not one for which it
    /// is sent again.
    fn deposit(&self) {}
}

impl<P: RetryPolicy + ?Sized> RetryPolicy for Arc<P> {
    fn max_retries(&self, request: &RequestFacts<'_>) -> u32 {
        (**self).max_retries(request)
    }

    fn decide(&self, request: &RequestFacts<'_>, ended: &Ended<'_>) -> Option<RetryPlan> {
        (**self).decide(request, ended)
    }

    fn withdraw(&self, reason: RetryReason) -> bool {
        (**self).withdraw(reason)
    }

    fn deposit(&self) {
        (**self).deposit();
    }
}

/// What a policy sees of the request.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RequestFacts<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its own settings, if it has any.
    pub options: Option<&'a RequestOptions>,
}

impl<'a> RequestFacts<'a> {
    /// A request with this method and these options.
    pub const fn new(method: &'a Method, options: Option<&'a RequestOptions>) -> Self {
        Self { method, options }
    }

    /// Whether doing it twice is the same as doing it once: as
    /// [`RequestOptions::idempotent`] says, otherwise as the method says
    /// (RFC 9110, section 9.2.2: all but POST, PATCH, CONNECT and unknown ones).
    pub fn is_idempotent(&self) -> bool {
        let told = self.options.and_then(|options| options.idempotent);
        told.unwrap_or_else(|| self.method.is_idempotent())
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    attempt: u32,
    uncounted: u32,
    untried: bool,
    spent: Duration,
    result: Result<(StatusCode, &'a HeaderMap), &'a Error>,
}

impl<'a> Ended<'a> {
    /// Attempt number `attempt` (the first is 1) was answered.
    pub const fn answered(attempt: u32, status: StatusCode, headers: &'a HeaderMap) -> Self {
        let result = Ok((status, headers));
        Self { attempt, uncounted: 0, untried: false, spent: Duration::ZERO, result }
    }

    /// Attempt number `attempt` (the first is 1) got no answer.
    pub fn failed(attempt: u32, error: &'a Error) -> Self {
        let (untried, result) = (error.has_untried(), Err(error));
        Self { attempt, uncounted: 0, untried, spent: Duration::ZERO, result }
    }

    /// States how many of the attempts so far were retries that do not count
    /// ([`RetryPlan::counts`]).
    #[must_use]
    pub const fn with_uncounted(mut self, uncounted: u32) -> Self {
        self.uncounted = uncounted;
        self
    }

    /// States how long the attempts of the request took so far.
    #[must_use]
    pub const fn with_spent(mut self, spent: Duration) -> Self {
        self.spent = spent;
        self
    }

    /// States whether another live node was not tried yet.
    #[must_use]
    pub const fn with_untried(mut self, untried: bool) -> Self {
        self.untried = untried;
        self
    }

    /// The number of the attempt; the first is 1.
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The number of the retry that would follow, among those that count; the
    /// first is 1.
    pub const fn retry(&self) -> u32 {
        self.attempt.saturating_sub(self.uncounted)
    }

    /// Whether another live node was not tried yet, as the layer that chooses nodes says.
    pub const fn untried(&self) -> bool {
        self.untried
    }

    /// How long the attempts of the request took together, waits left out; told
    /// of those that [failed](Self::failed).
    pub const fn spent(&self) -> Duration {
        self.spent
    }

    /// The status, if there was an answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.result.ok().map(|(status, _)| status)
    }

    /// The headers, if there was an answer.
    pub fn headers(&self) -> Option<&'a HeaderMap> {
        self.result.ok().map(|(_, headers)| headers)
    }

    /// The error, if there was no answer.
    pub fn error(&self) -> Option<&'a Error> {
        self.result.err()
    }
}

/// The decision to send a request again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPlan {
    /// Why; it is written into the trail of attempts.
    pub reason: RetryReason,
    /// After which time; zero is at once.
    pub wait: Duration,
    /// Whether it is one of those that the request has
    /// ([`RetryPolicy::max_retries`]). A request whose retries do not count is
    /// ended by its policy alone.
    pub counts: bool,
}

impl RetryPlan {
    /// A retry for this reason after this time.
    pub const fn new(reason: RetryReason, wait: Duration) -> Self {
        Self { reason, wait, counts: true }
    }

    /// The same beyond the retries that the request has ([`counts`](Self::counts)).
    #[must_use]
    pub const fn uncounted(mut self) -> Self {
        self.counts = false;
        self
    }
}
