//! The default policy of the transport.

use std::{sync::Arc, time::Duration};

use http::StatusCode;

use super::{
    Budget,
    policy::{AttemptOutcome, RequestFacts, RetryPlan, RetryPolicy},
};
use crate::{
    attempt::RetryReason,
    backoff::Backoff,
    error::{Error, FailureClass, TimeoutPhase},
    retry_after::retry_after,
    rng::Rng,
};

/// The default policy: retries requests when it is safe to do so.
///
/// The decision depends on the outcome and on whether the request may already have been
/// applied:
///
/// | outcome | retried |
/// |---|---|
/// | not sent ([`FailureClass::NotSent`]: connection refused, connect or acquire timeout, [rejected](crate::Error::rejected)) | always |
/// | failed TLS handshake | on another node that was not tried yet |
/// | may have been applied ([`FailureClass::MaybeApplied`]: the connection broke) | if the request is idempotent |
/// | attempt timeout | if set ([`retry_on_timeout`](Self::retry_on_timeout)) and idempotent |
/// | 429 | always: the server refused the request without applying it. For a request that is applied in parts, set [no status](crate::RequestOptions::retry_on_status) |
/// | 401, if [set](Self::retry_on_status) | always: the request was not applied |
/// | 502, 503, 504, or as set | if the request is idempotent: a gateway does not know whether the node applied the request, and a 503 may concern one shard of several |
/// | refused by client or server ([`FailureClass`]), total timeout | never: a retry would fail as well |
///
/// Whether a request is idempotent is set by
/// [`RequestOptions::idempotent`](crate::RequestOptions::idempotent), and otherwise
/// depends on the method: GET, HEAD, PUT, DELETE and OPTIONS are idempotent, POST and
/// PATCH are not. A status in
/// [`RequestOptions::retry_on_status`](crate::RequestOptions::retry_on_status) does not
/// make a request idempotent.
///
/// Before a retry, the request waits according to [`Backoff`], and at least for the
/// time in `Retry-After` (at most 30 s, [`max_retry_after`](Self::max_retry_after)). It
/// does not wait while another live node has not been tried yet, except after a 429,
/// because the cluster is then overloaded. A [`Budget`] limits retries to a share of
/// the traffic. Retries of requests that were not sent are exempt, because they put no
/// load on the cluster.
///
/// A request that was not sent fails over to another live node. Failovers do not count
/// towards [`max_retries`](Self::max_retries) (unless that is 0) for up to 5 s of such
/// attempts, so that a request finds a live node even if a third of a large cluster is
/// lost at once.
///
/// ```
/// use es_transport::layer::retry::{Budget, RetryLayer, StandardRetry};
///
/// let layer = RetryLayer::new(
///     StandardRetry::new().max_retries(5).retry_on_timeout(true).budget(Budget::new(50, 10)),
/// );
/// # let _ = layer;
/// ```
#[derive(Debug)]
pub struct StandardRetry {
    max_retries: u32,
    statuses: Arc<[StatusCode]>,
    on_timeout: bool,
    backoff: Backoff,
    max_retry_after: Duration,
    budget: Arc<Budget>,
    rng: Rng,
}

impl StandardRetry {
    /// Creates a policy with the default settings: 3 retries; statuses 429, 502, 503 and
    /// 504; no retry of timeouts; a wait of 100 ms that doubles up to 10 s; the default
    /// [`Budget`].
    pub fn new() -> Self {
        Self {
            max_retries: 3,
            statuses: Arc::new([
                StatusCode::TOO_MANY_REQUESTS,
                StatusCode::BAD_GATEWAY,
                StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::GATEWAY_TIMEOUT,
            ]),
            on_timeout: false,
            backoff: Backoff::default(),
            max_retry_after: Duration::from_secs(30),
            budget: Arc::new(Budget::default()),
            rng: Rng::new(),
        }
    }

    /// Sets the maximum number of retries, not counting failovers to another live node
    /// after a failed connect; 0 disables both. Default: 3.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Sets the statuses that are retried. Default: 429, 502, 503 and 504.
    ///
    /// Add 401 to tolerate a restart of the whole cluster: Elasticsearch rejects valid
    /// credentials until its security index is available.
    ///
    /// ```
    /// use es_transport::layer::retry::{AttemptOutcome, RequestFacts, RetryPolicy, StandardRetry};
    /// use http::{Request, Response, StatusCode};
    ///
    /// let starting = Response::builder().status(401).body(()).unwrap();
    /// let outcome = AttemptOutcome::from_response(&[], &starting);
    /// let request = Request::post("/books/_doc").body(()).unwrap();
    /// let request = RequestFacts::of(&request);
    ///
    /// assert!(StandardRetry::new().decide(&request, &outcome).is_none());
    /// let policy = StandardRetry::new().retry_on_status([StatusCode::UNAUTHORIZED]);
    /// assert!(policy.decide(&request, &outcome).is_some());
    /// ```
    #[must_use]
    pub fn retry_on_status(mut self, statuses: impl Into<Arc<[StatusCode]>>) -> Self {
        self.statuses = statuses.into();
        self
    }

    /// Sets whether an attempt that timed out is retried. Default: `false`, because such
    /// retries make a slow cluster slower.
    ///
    /// ```
    /// use es_transport::{Error, error::TimeoutPhase};
    /// use es_transport::layer::retry::{AttemptOutcome, RequestFacts, RetryPolicy, StandardRetry};
    ///
    /// let timeout = Error::timeout(TimeoutPhase::Attempt, None);
    /// let outcome = AttemptOutcome::from_error(&[], &timeout);
    /// let policy = StandardRetry::new().retry_on_timeout(true);
    ///
    /// let read = http::Request::get("/books/_doc/1").body(()).unwrap();
    /// assert!(policy.decide(&RequestFacts::of(&read), &outcome).is_some());
    /// // It may have been applied.
    /// let write = http::Request::post("/books/_doc").body(()).unwrap();
    /// assert!(policy.decide(&RequestFacts::of(&write), &outcome).is_none());
    /// ```
    #[must_use]
    pub fn retry_on_timeout(mut self, retry: bool) -> Self {
        self.on_timeout = retry;
        self
    }

    /// Sets the wait before each retry. Default: 100 ms, doubling up to 10 s, with jitter.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::{Backoff, layer::retry::StandardRetry};
    ///
    /// let backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));
    /// let policy = StandardRetry::new().backoff(backoff);
    /// ```
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets the maximum wait that `Retry-After` can request. Default: 30 s.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::layer::retry::{AttemptOutcome, RequestFacts, RetryPolicy, StandardRetry};
    /// use http::{Request, Response};
    ///
    /// let busy = Response::builder().status(429).header("retry-after", "120").body(()).unwrap();
    /// let outcome = AttemptOutcome::from_response(&[], &busy);
    /// let policy = StandardRetry::new().max_retry_after(Duration::from_secs(5));
    /// let plan = policy.decide(&RequestFacts::of(&Request::new(())), &outcome).unwrap();
    /// assert_eq!(plan.wait, Duration::from_secs(5));
    /// ```
    #[must_use]
    pub fn max_retry_after(mut self, most: Duration) -> Self {
        self.max_retry_after = most;
        self
    }

    /// Sets the budget, which limits retries to a share of the traffic. Several policies
    /// can share one. Default: [`Budget::default`].
    ///
    /// ```
    /// use std::sync::Arc;
    /// use es_transport::layer::retry::{Budget, StandardRetry};
    ///
    /// let budget = Arc::new(Budget::new(20, 10));
    /// let reads = StandardRetry::new().max_retries(5).budget(Arc::clone(&budget));
    /// let writes = StandardRetry::new().budget(budget);
    /// ```
    #[must_use]
    pub fn budget(mut self, budget: impl Into<Arc<Budget>>) -> Self {
        self.budget = budget.into();
        self
    }

    /// Sets the random number generator for the jitter; a seeded one makes it
    /// reproducible.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.rng = rng;
        self
    }

    pub(crate) fn shared_budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    fn status_reason(&self, request: &RequestFacts<'_>, status: StatusCode) -> Option<RetryReason> {
        let own = request
            .options()
            .and_then(|options| options.retry_on_status.as_deref());
        let may_pass = own.unwrap_or(&self.statuses).contains(&status);
        // Nothing was done.
        let is_refusal = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED
        );
        (may_pass && (is_refusal || request.is_idempotent())).then_some(RetryReason::Status)
    }

    fn error_reason(&self, request: &RequestFacts<'_>, error: &Error) -> Option<RetryReason> {
        if error.timeout_phase() == Some(TimeoutPhase::Total) {
            return None;
        }
        match error.class() {
            FailureClass::NotSent => Some(RetryReason::NotSent),
            FailureClass::MaybeApplied if !request.is_idempotent() => None,
            FailureClass::MaybeApplied if error.is_timeout() => {
                let own = request
                    .options()
                    .and_then(|options| options.retry_on_timeout);
                own.unwrap_or(self.on_timeout)
                    .then_some(RetryReason::Timeout)
            }
            FailureClass::MaybeApplied => Some(RetryReason::Idempotent),
            FailureClass::RefusedByServer | FailureClass::RefusedByClient => None,
        }
    }

    fn wait(&self, outcome: &AttemptOutcome<'_>) -> Duration {
        let is_overload = outcome.status() == Some(StatusCode::TOO_MANY_REQUESTS);
        if outcome.has_untried_node() && !is_overload {
            return Duration::ZERO;
        }
        let asked = outcome.headers().and_then(retry_after).unwrap_or_default();
        self.backoff
            .wait(outcome.retry(), &self.rng)
            .max(asked.min(self.max_retry_after))
    }
}

/// The time for which a request may fail over without counting its attempts. Refused
/// connections take milliseconds; a connect timeout (5 s by default) counts.
const FAILOVER: Duration = Duration::from_secs(5);

impl RetryPolicy for StandardRetry {
    fn max_retries(&self, request: &RequestFacts<'_>) -> u32 {
        request
            .options()
            .and_then(|options| options.max_retries)
            .unwrap_or(self.max_retries)
    }

    fn decide(
        &self,
        request: &RequestFacts<'_>,
        outcome: &AttemptOutcome<'_>,
    ) -> Option<RetryPlan> {
        let reason = match outcome.error() {
            Some(error) => self.error_reason(request, error)?,
            None => self.status_reason(request, outcome.status()?)?,
        };
        let plan = RetryPlan::new(reason, self.wait(outcome));
        let is_failover = reason == RetryReason::NotSent
            && outcome.has_untried_node()
            && outcome.elapsed() < FAILOVER;
        Some(if is_failover { plan.failover() } else { plan })
    }

    fn withdraw(&self, reason: RetryReason) -> bool {
        // A request that was not sent is no load.
        reason == RetryReason::NotSent || self.budget.withdraw()
    }

    fn deposit(&self) {
        self.budget.deposit();
    }
}

impl Default for StandardRetry {
    fn default() -> Self {
        Self::new()
    }
}
