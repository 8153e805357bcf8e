//! How often and how long.

use std::time::Duration;

use http::StatusCode;

use super::TransportBuilder;
use crate::layer::retry::StandardRetry;

/// Retries and timeouts. Each can be overridden per request by
/// [`RequestOptions`](crate::RequestOptions).
impl<T> TransportBuilder<T> {
    /// How often a request may be sent again. Default: 3.
    pub fn max_retries(self, retries: u32) -> Self {
        self.retry(|retry| retry.max_retries(retries))
    }

    /// The statuses after which a request is sent again. Default: 429, 502, 503, 504.
    pub fn retry_on_status(self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        let statuses: std::sync::Arc<[StatusCode]> = statuses.into_iter().collect();
        self.retry(|retry| retry.retry_on_status(statuses))
    }

    /// Whether a request is sent again after the time of an attempt was over. Default: no.
    pub fn retry_on_timeout(self, retry: bool) -> Self {
        self.retry(|standard| standard.retry_on_timeout(retry))
    }

    /// Every rule of retrying: statuses, waiting, budget.
    pub fn retry_policy(self, policy: StandardRetry) -> Self {
        self.set(|settings| settings.retry = policy)
    }

    /// The time for one attempt, its answer included; `None` for no limit. Default: 30 s.
    pub fn request_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        self.set(|settings| settings.request_timeout = timeout)
    }

    /// The time for a request with all its attempts. Default: no limit. A look
    /// for nodes that the request waits for has a time of its own
    /// ([`sniff_timeout`](Self::sniff_timeout)).
    pub fn total_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        self.set(|settings| settings.total_timeout = timeout)
    }

    fn retry(self, change: impl FnOnce(StandardRetry) -> StandardRetry) -> Self {
        self.set(|settings| {
            let retry = std::mem::take(&mut settings.retry);
            settings.retry = change(retry);
        })
    }
}
