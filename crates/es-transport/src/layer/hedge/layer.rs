use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, Request, Response, StatusCode};
use tokio::time::Instant;
use tower::{Layer, Service};

use super::{
    endpoint::{ENDPOINTS, endpoint},
    future::{Hedging, ResponseFuture},
    latencies::Latencies,
};
use crate::{
    body::{TryCloneBody, copy_of},
    error::{BoxError, Error},
    extensions::{HedgedAttempt, SelectedNode},
    layer::retry::Budget,
    retry_after::retry_after,
};

/// A layer that sends slow reads to a second node; see the [module](super).
///
/// ```
/// use std::{convert::Infallible, future::pending};
/// use es_transport::{extensions::Hedge, layer::HedgeLayer};
/// # use http::{Request, Response};
/// # use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let service = HedgeLayer::new().layer(service_fn(async |request: Request<()>| {
///     let is_second = request.extensions().get::<Hedge>().is_some();
///     if request.uri().query() == Some("slow") && !is_second {
///         pending::<()>().await;
///     }
///     Ok::<_, Infallible>(Response::new(is_second))
/// }));
/// let read = |uri| service.clone().oneshot(Request::get(uri).body(()).unwrap());
/// // The usual latency is known after a hundred responses.
/// for _ in 0..200 { assert!(!read("/books/_doc/1").await.unwrap().into_body()); }
/// assert!(read("/books/_doc/1?slow").await.unwrap().into_body());
/// # }
/// ```
#[derive(Clone)]
pub struct HedgeLayer {
    percentile: u32,
    min_delay: Duration,
    max_percent: u32,
    budget: Option<Arc<Budget>>,
}

impl HedgeLayer {
    /// Creates a layer with the default settings.
    pub const fn new() -> Self {
        Self {
            percentile: 95,
            min_delay: Duration::from_millis(10),
            max_percent: 5,
            budget: None,
        }
    }

    /// Sets the percentile of an endpoint's latencies after which a request is hedged,
    /// from 50 to 99, but not before three times their median. Default: 95.
    #[must_use]
    pub const fn percentile(mut self, percentile: u32) -> Self {
        self.percentile = percentile;
        self
    }

    /// Sets the minimum time before a request is hedged. Default: 10 ms.
    #[must_use]
    pub const fn min_delay(mut self, delay: Duration) -> Self {
        self.min_delay = delay;
        self
    }

    /// Sets the maximum percentage of reads that are hedged, up to 100. Default: 5.
    ///
    /// Up to ten unused hedges are saved for later.
    #[must_use]
    pub const fn max_percent(mut self, percent: u32) -> Self {
        self.max_percent = percent;
        self
    }

    /// Sets the budget from which each hedge takes a token. Default: the budget of the
    /// transport's retries; in a custom stack, a separate one.
    #[must_use]
    pub fn budget(mut self, budget: impl Into<Arc<Budget>>) -> Self {
        self.budget = Some(budget.into());
        self
    }

    pub(crate) fn default_budget(mut self, budget: &Arc<Budget>) -> Self {
        self.budget.get_or_insert_with(|| Arc::clone(budget));
        self
    }
}

impl Default for HedgeLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HedgeLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HedgeLayer")
            .field("percentile", &self.percentile)
            .field("min_delay", &self.min_delay)
            .field("max_percent", &self.max_percent)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for HedgeLayer {
    type Service = HedgeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HedgeService {
            inner,
            state: Arc::new(State::new(self)),
        }
    }
}

/// The service of [`HedgeLayer`]. Clones share latencies and limits.
#[derive(Clone)]
pub struct HedgeService<S> {
    inner: S,
    state: Arc<State>,
}

/// The latencies and the limits, shared by all requests.
pub(super) struct State {
    percentile: u32,
    min_delay: Duration,
    latencies: [Latencies; ENDPOINTS],
    /// Starts empty: there is no hedge before the requests that pay for it.
    share: Budget,
    budget: Arc<Budget>,
    created_at: Instant,
    /// Until when no request is hedged, in milliseconds since `created_at`.
    refused_until: AtomicU64,
}

impl State {
    fn new(layer: &HedgeLayer) -> Self {
        /// Number of unused hedges that are kept.
        const KEPT: u32 = 10;
        Self {
            percentile: layer.percentile.clamp(50, 99),
            min_delay: layer.min_delay,
            latencies: std::array::from_fn(|_| Latencies::default()),
            share: Budget::new(KEPT, layer.max_percent.min(100)).starting_empty(),
            budget: layer.budget.clone().unwrap_or_default(),
            created_at: Instant::now(),
            refused_until: AtomicU64::new(0),
        }
    }

    /// Returns after which time a request is hedged; `None` if that is not known yet.
    fn delay(&self, endpoint: usize) -> Option<Duration> {
        let slow_after = self.latencies.get(endpoint)?.slow_after()?;
        Some(slow_after.max(self.min_delay))
    }

    pub fn record(&self, endpoint: usize, latency: Duration) {
        if let Some(latencies) = self.latencies.get(endpoint) {
            latencies.record(latency, self.percentile);
        }
    }

    /// Takes what a hedge costs; `false` if there must be none now.
    pub fn withdraw(&self) -> bool {
        if self.clock() < self.refused_until.load(Ordering::Relaxed) || self.budget.is_low() {
            return false;
        }
        if !self.share.withdraw() {
            return false;
        }
        let is_granted = self.budget.withdraw();
        if !is_granted {
            self.share.put_back();
        }
        is_granted
    }

    /// Returns what a hedge cost that was not sent.
    pub fn put_back(&self) {
        self.share.put_back();
        self.budget.put_back();
    }

    /// Notes that a node refused a request.
    pub fn observe(&self, status: StatusCode, headers: &HeaderMap) {
        const SHORTEST: Duration = Duration::from_secs(1);
        const LONGEST: Duration = Duration::from_secs(60);
        if !matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        ) {
            return;
        }
        let asked = retry_after(headers)
            .unwrap_or(SHORTEST)
            .clamp(SHORTEST, LONGEST);
        let until = self.clock().saturating_add(asked.as_millis() as u64);
        self.refused_until.fetch_max(until, Ordering::Relaxed);
    }

    fn clock(&self) -> u64 {
        u64::try_from(self.created_at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl<S, B, RB> Service<Request<B>> for HedgeService<S>
where
    S: Service<Request<B>, Response = Response<RB>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: TryCloneBody + Send + 'static,
    RB: Send + 'static,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, RB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Some(endpoint) = endpoint(&request) else {
            return ResponseFuture::once(self.inner.call(request), &self.state, None);
        };
        self.state.share.deposit();
        let delay = self.state.delay(endpoint);
        let Some((delay, spare)) = delay.and_then(|delay| Some((delay, copy_of(&request)?))) else {
            return ResponseFuture::once(self.inner.call(request), &self.state, Some(endpoint));
        };
        let selected = request
            .extensions_mut()
            .get_or_insert_default::<SelectedNode>()
            .clone();
        let attempt = HedgedAttempt::default();
        request.extensions_mut().insert(attempt.clone());
        let hedging = Hedging {
            first: self.inner.call(request),
            service: self.inner.clone(),
            spare,
            selected,
            attempt,
            endpoint,
            delay,
            state: Arc::clone(&self.state),
        };
        ResponseFuture::hedged(hedging.run())
    }
}

impl<S: fmt::Debug> fmt::Debug for HedgeService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HedgeService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
