//! Retries and time limits.

use std::{sync::Arc, time::Duration};

use http::StatusCode;

use super::TransportBuilder;
use crate::layer::{
    hedge::HedgeLayer,
    retry::{RetryPolicy, StandardRetry},
};

/// Retries and timeouts. Each can be overridden per request by
/// [`RequestOptions`](crate::RequestOptions).
impl<T> TransportBuilder<T> {
    /// Sets the maximum number of retries. Default: 3, with which requests to an
    /// unreachable cluster fail within about a second. A failover to another live node
    /// after a failed connect does not count as a retry.
    ///
    /// To tolerate an outage of the whole cluster, allow more retries, set a
    /// [`total_timeout`](Self::total_timeout), and add 401 to the statuses that are
    /// retried ([`retry_on_status`](Self::retry_on_status)). The waits between retries
    /// double up to 10 s, and half of each is random: 12 retries take at least half a
    /// minute, and 20 take more than a minute.
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
        self.retry("max_retries", |retry| retry.max_retries(retries))
    }

    /// Sets the statuses that are retried. Default: 429, 502, 503, 504.
    ///
    /// After a restart of the whole cluster, Elasticsearch rejects valid credentials
    /// with 401 for a few seconds, until its security index is available.
    ///
    /// ```
    /// use es_transport::Transport;
    /// use http::StatusCode;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .retry_on_status([StatusCode::TOO_MANY_REQUESTS])
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn retry_on_status(self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        let statuses: std::sync::Arc<[StatusCode]> = statuses.into_iter().collect();
        self.retry("retry_on_status", |retry| retry.retry_on_status(statuses))
    }

    /// Sets whether an attempt that timed out is retried. Default: `false`.
    pub fn retry_on_timeout(self, retry: bool) -> Self {
        self.retry("retry_on_timeout", |standard| {
            standard.retry_on_timeout(retry)
        })
    }

    /// Sets all settings of the default policy at once, including backoff and budget.
    ///
    /// ```
    /// use es_transport::{Transport, layer::retry::{Budget, StandardRetry}};
    ///
    /// let transport = Transport::builder()
    ///     .node("http://localhost:9200")
    ///     .standard_retry(StandardRetry::new().max_retries(5).budget(Budget::new(50, 10)))
    ///     .build()?;
    /// # let _ = transport;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn standard_retry(self, policy: StandardRetry) -> Self {
        self.retry("standard_retry", |_| policy)
    }

    /// Sets a custom retry policy.
    ///
    /// It replaces [`max_retries`](Self::max_retries) and the other settings of the
    /// default policy; `build` returns an error if both are set.
    ///
    /// ```
    /// use es_transport::{Transport, layer::retry::StandardRetry};
    ///
    /// // A policy that several transports share, with its budget.
    /// let policy = std::sync::Arc::new(StandardRetry::new().max_retries(5));
    /// let builder = || Transport::builder().node("http://a:9200").retry_policy(policy.clone());
    /// let transport = builder().build()?;
    ///
    /// let error = builder().retry_on_timeout(true).build().unwrap_err();
    /// assert_eq!(error.setting(), Some("retry_on_timeout"));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn retry_policy(self, policy: impl RetryPolicy) -> Self {
        self.set(|settings| {
            settings.retry_policy = Some(Arc::new(policy));
            settings.reads_extensions = true;
        })
    }

    /// Enables hedged reads: a slow read is sent to a second node as well, and the
    /// first response is used ([`layer::hedge`](crate::layer::hedge)). Default: `None`.
    ///
    /// ```
    /// use es_transport::{Transport, layer::HedgeLayer};
    ///
    /// let transport = Transport::builder()
    ///     .nodes(["http://a:9200", "http://b:9200", "http://c:9200"])
    ///     .hedge(HedgeLayer::new())
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn hedge(self, hedge: impl Into<Option<HedgeLayer>>) -> Self {
        let hedge = hedge.into();
        self.set(|settings| settings.hedge = hedge)
    }

    /// Sets the time limit of one attempt, including its response; `None` means no
    /// limit. Default: 30 s.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .request_timeout(Duration::from_secs(5))
    ///     .total_timeout(Duration::from_secs(12))
    ///     .retry_on_timeout(true)
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn request_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        self.set(|settings| settings.request_timeout = timeout)
    }

    /// Sets the time limit of a request with all its attempts and waits, starting at
    /// [`Transport::send`](crate::Transport::send). Default: no limit.
    ///
    /// ```
    /// use std::{future::pending, time::Duration};
    /// use es_transport::{Body, Result, Transport, error::TimeoutPhase};
    /// use http::{Request, Response};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> es_transport::Result<()> {
    /// let hangs = tower::service_fn(|_: Request<Body>| pending::<Result<Response<Body>>>());
    /// let transport = Transport::builder()
    ///     .node("http://localhost:9200")
    ///     .total_timeout(Duration::from_secs(2))
    ///     .http_service(hangs)
    ///     .build()?;
    /// let error = transport.send(Request::new(Body::empty())).await.unwrap_err();
    /// assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total));
    /// # Ok(())
    /// # }
    /// ```
    pub fn total_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        self.set(|settings| settings.total_timeout = timeout)
    }

    fn retry(
        self,
        name: &'static str,
        change: impl FnOnce(StandardRetry) -> StandardRetry,
    ) -> Self {
        self.set(|settings| {
            settings.retry = change(std::mem::take(&mut settings.retry));
            settings.retry_given.get_or_insert(name);
        })
    }
}
