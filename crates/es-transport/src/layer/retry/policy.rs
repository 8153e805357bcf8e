//! The trait of retry policies, and its arguments.

use std::{sync::Arc, time::Duration};

use http::{Extensions, HeaderMap, Method, Request, Response, StatusCode, Uri};

use crate::{
    attempt::{Attempt, RetryReason},
    error::Error,
    options::RequestOptions,
};

/// Decides whether and when a request is retried. The layer does the rest: it keeps a
/// copy of the request, waits, respects the deadline and logs the attempts.
///
/// [`StandardRetry`](super::StandardRetry) is the transport's default. The trait is
/// object-safe, and an `Arc` of a policy is a policy.
///
/// ```
/// use std::time::Duration;
/// use es_transport::{Transport, attempt::RetryReason, layer::retry::*};
///
/// /// Retries once, at once, and never what goes to the audit index.
/// struct Once;
///
/// impl RetryPolicy for Once {
///     fn max_retries(&self, _: &RequestFacts<'_>) -> u32 {
///         1
///     }
///
///     fn decide(
///         &self,
///         request: &RequestFacts<'_>,
///         outcome: &AttemptOutcome<'_>,
///     ) -> Option<RetryPlan> {
///         let is_audit = request.uri().path().starts_with("/audit/");
///         let is_safe = outcome.error().is_some_and(|error| error.is_not_sent());
///         (is_safe && !is_audit).then(|| RetryPlan::new(RetryReason::NotSent, Duration::ZERO))
///     }
/// }
///
/// let transport = Transport::builder().node("http://localhost:9200").retry_policy(Once).build()?;
/// # let _ = transport;
/// # Ok::<(), es_transport::Error>(())
/// ```
pub trait RetryPolicy: Send + Sync + 'static {
    /// Returns the maximum number of retries of this request. If it is 0, no copy of
    /// the request is kept.
    fn max_retries(&self, request: &RequestFacts<'_>) -> u32;

    /// Decides whether the request is retried after this outcome; `None` for no retry.
    ///
    /// It is called after every attempt that may be followed by another one.
    fn decide(&self, request: &RequestFacts<'_>, outcome: &AttemptOutcome<'_>)
    -> Option<RetryPlan>;

    /// Takes a retry from the budget that all requests share. It is called last, if
    /// nothing else prevents the retry. If it returns `false`, the request ends with
    /// its current outcome.
    fn withdraw(&self, reason: RetryReason) -> bool {
        let _ = reason;
        true
    }

    /// Gives a part of a retry back to the budget. It is called for every request that
    /// succeeds at its first attempt: the response is neither a 429 nor a server error
    /// (5xx), and is not retried.
    fn deposit(&self) {}
}

impl<P: RetryPolicy + ?Sized> RetryPolicy for Arc<P> {
    fn max_retries(&self, request: &RequestFacts<'_>) -> u32 {
        (**self).max_retries(request)
    }

    fn decide(
        &self,
        request: &RequestFacts<'_>,
        outcome: &AttemptOutcome<'_>,
    ) -> Option<RetryPlan> {
        (**self).decide(request, outcome)
    }

    fn withdraw(&self, reason: RetryReason) -> bool {
        (**self).withdraw(reason)
    }

    fn deposit(&self) {
        (**self).deposit();
    }
}

/// The request about which a policy decides.
#[derive(Clone, Copy, Debug)]
pub struct RequestFacts<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

impl<'a> RequestFacts<'a> {
    /// Creates the facts of a request from its parts.
    pub const fn new(
        method: &'a Method,
        uri: &'a Uri,
        headers: &'a HeaderMap,
        extensions: &'a Extensions,
    ) -> Self {
        Self {
            method,
            uri,
            headers,
            extensions,
        }
    }

    /// Returns the facts of a request.
    pub fn of<B>(request: &'a Request<B>) -> Self {
        Self::new(
            request.method(),
            request.uri(),
            request.headers(),
            request.extensions(),
        )
    }

    /// Returns the method.
    pub const fn method(&self) -> &'a Method {
        self.method
    }

    /// Returns the URI: path and query, without a host.
    pub const fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// Returns the headers as the caller set them.
    pub const fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Returns the extensions, including those of the caller.
    pub const fn extensions(&self) -> &'a Extensions {
        self.extensions
    }

    /// Returns the request's own settings, if it has any.
    pub fn options(&self) -> Option<&'a RequestOptions> {
        RequestOptions::find(self.extensions)
    }

    /// Whether sending the request twice has the same effect as sending it once,
    /// according to [`RequestOptions::idempotent`], or else to the method (RFC 9110,
    /// section 9.2.2: all except POST, PATCH, CONNECT and unknown ones).
    ///
    /// ```
    /// use es_transport::layer::retry::RequestFacts;
    /// use http::Request;
    ///
    /// let write = Request::post("/books/_doc").body(()).unwrap();
    /// assert!(!RequestFacts::of(&write).is_idempotent());
    ///
    /// let read = Request::get("/books/_doc/1").body(()).unwrap();
    /// assert!(RequestFacts::of(&read).is_idempotent());
    /// ```
    pub fn is_idempotent(&self) -> bool {
        let set = self.options().and_then(|options| options.idempotent);
        set.unwrap_or_else(|| self.method.is_idempotent())
    }
}

/// The outcome of an attempt about which a policy decides.
#[derive(Clone, Copy, Debug)]
pub struct AttemptOutcome<'a> {
    previous: &'a [Attempt],
    failovers: u32,
    has_untried_node: bool,
    elapsed: Duration,
    result: Result<(StatusCode, &'a HeaderMap), &'a Error>,
}

impl<'a> AttemptOutcome<'a> {
    /// Creates the outcome of an attempt with a response, after the `previous` attempts.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::layer::retry::{AttemptOutcome, RequestFacts, RetryPolicy, StandardRetry};
    /// use http::{Request, Response};
    ///
    /// // A policy can be tested without a network.
    /// let request = Request::get("/").body(()).unwrap();
    /// let response = Response::builder().status(429).body(()).unwrap();
    /// let outcome = AttemptOutcome::from_response(&[], &response);
    /// let plan = StandardRetry::new().decide(&RequestFacts::of(&request), &outcome);
    /// assert!(plan.is_some());
    /// ```
    pub fn from_response<B>(previous: &'a [Attempt], response: &'a Response<B>) -> Self {
        let result = Ok((response.status(), response.headers()));
        let (failovers, has_untried_node, elapsed) = (0, false, Duration::ZERO);
        Self {
            previous,
            failovers,
            has_untried_node,
            elapsed,
            result,
        }
    }

    /// Creates the outcome of a failed attempt, after the `previous` attempts.
    pub fn from_error(previous: &'a [Attempt], error: &'a Error) -> Self {
        let has_untried_node = error.has_untried_node();
        let (failovers, elapsed) = (0, Duration::ZERO);
        Self {
            previous,
            failovers,
            has_untried_node,
            elapsed,
            result: Err(error),
        }
    }

    /// Sets the number of previous retries that were failovers
    /// ([`RetryPlan::is_failover`]).
    #[must_use]
    pub const fn with_failovers(mut self, failovers: u32) -> Self {
        self.failovers = failovers;
        self
    }

    /// Sets the total duration of the attempts so far.
    #[must_use]
    pub const fn with_elapsed(mut self, elapsed: Duration) -> Self {
        self.elapsed = elapsed;
        self
    }

    /// Sets whether another live node has not been tried yet.
    #[must_use]
    pub const fn with_untried_node(mut self, has_untried_node: bool) -> Self {
        self.has_untried_node = has_untried_node;
        self
    }

    /// Returns the number of the attempt; the first is 1.
    pub fn attempt(&self) -> u32 {
        u32::try_from(self.previous.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    /// Returns the attempts before this one.
    pub const fn previous(&self) -> &'a [Attempt] {
        self.previous
    }

    /// Returns the number of the retry that would follow, not counting failovers; the
    /// first is 1.
    pub fn retry(&self) -> u32 {
        self.attempt().saturating_sub(self.failovers)
    }

    /// Whether another live node has not been tried yet, according to the layer that
    /// selects nodes.
    pub const fn has_untried_node(&self) -> bool {
        self.has_untried_node
    }

    /// Returns the total duration of the attempts, excluding waits; zero after a
    /// response.
    pub const fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns the status, if there was a response.
    pub fn status(&self) -> Option<StatusCode> {
        self.result.ok().map(|(status, _)| status)
    }

    /// Returns the headers, if there was a response.
    pub fn headers(&self) -> Option<&'a HeaderMap> {
        self.result.ok().map(|(_, headers)| headers)
    }

    /// Returns the error, if there was no response.
    pub fn error(&self) -> Option<&'a Error> {
        self.result.err()
    }
}

/// The decision to retry a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPlan {
    /// The reason, for the log of attempts.
    pub reason: RetryReason,
    /// The time to wait before the retry; zero to retry immediately.
    pub wait: Duration,
    /// Whether the retry is a failover to another node, which does not count towards
    /// [`RetryPolicy::max_retries`]. The policy must limit failovers itself.
    pub is_failover: bool,
}

impl RetryPlan {
    /// Creates a retry for this reason after this time.
    pub const fn new(reason: RetryReason, wait: Duration) -> Self {
        Self {
            reason,
            wait,
            is_failover: false,
        }
    }

    /// Marks the retry as a failover, which is not counted.
    #[must_use]
    pub const fn failover(mut self) -> Self {
        self.is_failover = true;
        self
    }
}
