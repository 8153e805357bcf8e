//! The policy that the transport uses.

use std::{sync::Arc, time::Duration};

use http::StatusCode;

use super::{
    Budget,
    policy::{Ended, RequestFacts, RetryPlan, RetryPolicy},
    retry_after::retry_after,
};
use crate::{
    attempt::RetryReason,
    backoff::Backoff,
    error::{Error, TimeoutPhase},
    rng::Rng,
};

/// Sends a request again where that can do no harm.
///
/// What decides is what may already have happened:
///
/// | outcome | sent again |
/// |---|---|
/// | no byte of the request was taken (connection refused, connect timeout, dead pooled connection, no connection in the time of the attempt) | always |
/// | the connection broke later | if the request is idempotent |
/// | 429 | always: it is a refusal, nothing was done. For a request that is done in parts, some of which may be done, name [no status](crate::RequestOptions::retry_on_status) |
/// | 401, if [it is named](Self::retry_on_status) | always: nothing was done |
/// | 502, 503, 504, or as set | if the request is idempotent: a gateway does not know what the node did, and a node's 503 may come from one shard of several |
/// | the time of the attempt was over | if asked for ([`retry_on_timeout`](Self::retry_on_timeout)), and idempotent |
/// | TLS, settings, the request itself, credentials, redirects, product, media type, unreadable answers, total deadline | never: it would end the same |
///
/// Idempotent is what
/// [`RequestOptions::idempotent`](crate::RequestOptions::idempotent) says, else the method:
/// GET, HEAD, PUT, DELETE and OPTIONS are, POST and PATCH are not. To name a
/// status in [`RequestOptions::retry_on_status`](crate::RequestOptions::retry_on_status) is not to say that the request
/// may be done twice.
///
/// Before a retry it waits as [`Backoff`] says, and at least as long as the
/// answer's `Retry-After` asks (at most 30 s,
/// [`max_retry_after`](Self::max_retry_after)). It does not wait when another
/// live node was not tried yet, save after a 429, which says that the cluster
/// has more than it can do. A [`Budget`] keeps all retries a share of the traffic,
/// but for those of requests that no node took, which are no load: while a cluster
/// is wholly down, every caller waits as often as it may.
///
/// A request of which no byte was taken goes on to another live node, for up to
/// 5 s of such attempts, without counting it among its
/// [`max_retries`](Self::max_retries) (but for 0): so it finds a live node also
/// when a third of very many is lost at once.
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
    /// 3 retries; 429, 502, 503 and 504; timeouts are not retried; the default
    /// [`Backoff`] and [`Budget`].
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

    /// How often a request may be sent again; 3 by default, 0 switches retry off.
    /// To go on to another live node when one could not be reached is not to send again.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// The statuses after which it is sent again; 429, 502, 503 and 504 by default.
    ///
    /// 401 is worth naming where a restart of the whole cluster is to be waited
    /// out: Elasticsearch refuses good credentials until its security index is back.
    #[must_use]
    pub fn retry_on_status(mut self, statuses: impl Into<Arc<[StatusCode]>>) -> Self {
        self.statuses = statuses.into();
        self
    }

    /// Whether it is sent again after the time of an attempt was over; not by
    /// default, since a slow cluster gets slower by it. What got no connection in
    /// that time was not sent, and is sent in any case.
    #[must_use]
    pub fn retry_on_timeout(mut self, retry: bool) -> Self {
        self.on_timeout = retry;
        self
    }

    /// How long it waits; by default 100 ms, doubled up to 10 s, with jitter.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// The most that a `Retry-After` is followed; 30 s by default.
    #[must_use]
    pub fn max_retry_after(mut self, most: Duration) -> Self {
        self.max_retry_after = most;
        self
    }

    /// What all requests together may spend on retries; several policies can share one.
    #[must_use]
    pub fn budget(mut self, budget: impl Into<Arc<Budget>>) -> Self {
        self.budget = budget.into();
        self
    }

    /// Where the jitter comes from; seeded, it repeats itself.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.rng = rng;
        self
    }

    fn status_reason(&self, request: &RequestFacts<'_>, status: StatusCode) -> Option<RetryReason> {
        let own = request.options.and_then(|options| options.retry_on_status.as_deref());
        let may_pass = own.unwrap_or(&self.statuses).contains(&status);
        // Nothing was done.
        let refused = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED);
        (may_pass && (refused || request.is_idempotent())).then_some(RetryReason::Status)
    }

    fn error_reason(&self, request: &RequestFacts<'_>, error: &Error) -> Option<RetryReason> {
        let reason = match error.timeout_phase() {
            Some(TimeoutPhase::Total) => return None,
            Some(TimeoutPhase::Acquire) => RetryReason::Unsent,
            Some(TimeoutPhase::Attempt) if error.is_unsent() => RetryReason::Unsent,
            Some(TimeoutPhase::Attempt | TimeoutPhase::Read) => {
                let own = request.options.and_then(|options| options.retry_on_timeout);
                own.unwrap_or(self.on_timeout).then_some(RetryReason::Timeout)?
            }
            Some(TimeoutPhase::Connect) | None if ends_the_same(error) => {
                return None;
            }
            Some(TimeoutPhase::Connect) | None if error.is_unsent() => RetryReason::Unsent,
            Some(TimeoutPhase::Connect) | None => RetryReason::Idempotent,
        };
        (error.is_unsent() || request.is_idempotent()).then_some(reason)
    }

    fn wait(&self, ended: &Ended<'_>) -> Duration {
        let overloaded = ended.status() == Some(StatusCode::TOO_MANY_REQUESTS);
        if ended.untried() && !overloaded {
            return Duration::ZERO;
        }
        let asked = ended.headers().and_then(retry_after).unwrap_or_default();
        self.backoff.wait(ended.retry(), &self.rng).max(asked.min(self.max_retry_after))
    }
}

/// How long the attempts of a request may be refused by one node after the
/// other without being counted. Refusals come within milliseconds; a connect that
/// runs out of time (5 s by default) counts.
const UNDER_WAY: Duration = Duration::from_secs(5);

/// Errors that another attempt cannot change.
fn ends_the_same(error: &Error) -> bool {
    error.is_tls()
        || error.is_config()
        || error.is_request()
        || error.is_credentials()
        || error.is_redirect()
        || error.is_unsupported_product()
        || error.is_media_type()
        || error.is_body()
        || error.is_sniff()
        || error.is_no_nodes()
        || error.is_closed()
}

impl RetryPolicy for StandardRetry {
    fn max_retries(&self, request: &RequestFacts<'_>) -> u32 {
        request.options.and_then(|options| options.max_retries).unwrap_or(self.max_retries)
    }

    fn decide(&self, request: &RequestFacts<'_>, ended: &Ended<'_>) -> Option<RetryPlan> {
        let reason = match ended.error() {
            Some(error) => self.error_reason(request, error)?,
            None => self.status_reason(request, ended.status()?)?,
        };
        let plan = RetryPlan::new(reason, self.wait(ended));
        // On its way to its first node still, it puts no load on anybody.
        let is_under_way = reason == RetryReason::Unsent && ended.untried();
        let is_under_way = is_under_way && ended.spent() < UNDER_WAY;
        Some(if is_under_way { plan.uncounted() } else { plan })
    }

    fn withdraw(&self, reason: RetryReason) -> bool {
        // Nobody had any work with what was never sent.
        reason == RetryReason::Unsent || self.budget.withdraw()
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
