//! How often and how long.

use std::time::Duration;

use http::StatusCode;

use super::TransportBuilder;
use crate::layer::retry::StandardRetry;

/// Retries and timeouts. Each can be overridden per request by
/// [`RequestOptions`](crate::RequestOptions).
impl<T> TransportBuilder<T> {
    /// How often a request may be sent again. Default: 3, which is over within a
    /// second: who cannot be reached at all is told soon. To go on to another live
    /// node when one could not be reached is not to send again.
    ///
    /// To wait out a cluster that is wholly down, allow more of them (the waits
    /// double up to 10 s, and half of each is random: 12 last for half a minute at
    /// least, 20 for more than a minute), let [`total_timeout`](Self::total_timeout)
    /// say when to give up, and name 401 among the statuses
    /// ([`retry_on_status`](Self::retry_on_status)).
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::Transport;
    /// use http::StatusCode;
    ///
    /// let transport = Transport::builder()
    ///     .nodes(["http://localhost:9200", "http://localhost:9201"])
    ///     .max_retries(50)
    ///     .retry_on_status([401, 429, 502, 503, 504].map(|s| StatusCode::from_u16(s).unwrap()))
    ///     .total_timeout(Duration::from_secs(120))
    ///     .build()?;
    /// # let _ = transport;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn max_retries(self, retries: u32) -> Self {
        self.retry(|retry| retry.max_retries(retries))
    }

    /// The statuses after which a request is sent again. Default: 429, 502, 503, 504.
    ///
    /// Elasticsearch answers 401 to good credentials for some seconds after the
    /// whole cluster was restarted, until its security index is back.
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
