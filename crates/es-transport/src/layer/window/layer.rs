use std::{
    fmt, mem,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use tower::{Layer, Service};

use super::{
    future::{ResponseFuture, Turn},
    limit::Bounds,
    selector::WindowSelector,
    windows::{Demand, WindowStatus, Windows},
};
use crate::{
    error::{BoxError, Error},
    extensions::HedgedAttempt,
    node::NodePool,
    thread_pool::ThreadPool,
};

/// A layer that limits the requests in flight at each node; see the [module](super).
///
/// In a custom stack, it needs the pool from which nodes are selected:
///
/// ```
/// use es_transport::{Node, NodePool, layer::{SelectNodeLayer, WindowLayer}, node::RoundRobin};
/// use tower::ServiceBuilder;
///
/// let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
/// let windows = WindowLayer::new().over(pool.clone());
/// let selector = windows.selector(RoundRobin::default());
/// let stack = ServiceBuilder::new().layer(windows).layer(SelectNodeLayer::new(pool, selector));
/// # let _ = stack;
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Clone)]
pub struct WindowLayer {
    bounds: Bounds,
    max_wait: Duration,
    /// Shared by all clones.
    windows: Arc<OnceLock<Arc<Windows>>>,
}

impl WindowLayer {
    /// Creates a layer with the default settings.
    pub fn new() -> Self {
        Self {
            bounds: Bounds {
                initial: 200,
                min: 1,
                max: 200,
                batch_percent: 75,
            },
            max_wait: Duration::from_secs(10),
            windows: Arc::default(),
        }
    }

    /// Sets the initial window, in requests. Default: 200.
    #[must_use]
    pub fn initial(mut self, requests: u32) -> Self {
        self.bounds.initial = requests;
        self
    }

    /// Sets the minimum window, at least 1. Default: 1.
    #[must_use]
    pub fn min(mut self, requests: u32) -> Self {
        self.bounds.min = requests;
        self
    }

    /// Sets the maximum window, at least [`min`](Self::min). Default: 200.
    #[must_use]
    pub fn max(mut self, requests: u32) -> Self {
        self.bounds.max = requests;
        self
    }

    /// Sets the percentage of each window that is reserved for live traffic. One batch
    /// request may always be in flight at each node. Default: 25.
    #[must_use]
    pub fn live_percent(mut self, percent: u32) -> Self {
        self.bounds.batch_percent = 100 - percent.min(100);
        self
    }

    /// Sets the time after which a live request that waits for a window is rejected as not
    /// sent. An earlier total timeout applies as well; batch requests have only that. A
    /// rejected request is not retried. Default: 10 s.
    ///
    /// ```
    /// # use std::{future::pending, time::Duration};
    /// use es_transport::{Node, NodePool, Result, node::RoundRobin};
    /// use es_transport::layer::{SelectNodeLayer, WindowLayer};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>().unwrap()]).unwrap();
    /// let windows = WindowLayer::new().initial(1).max_wait(Duration::from_secs(2));
    /// let windows = windows.over(pool.clone());
    /// let hangs = service_fn(|_: Request<()>| pending::<Result<Response<String>>>());
    /// let nodes = SelectNodeLayer::new(pool, windows.selector(RoundRobin::default()));
    /// let service = windows.layer(nodes.layer(hangs));
    /// tokio::spawn(service.clone().oneshot(Request::new(())));
    /// tokio::task::yield_now().await;
    /// assert!(service.oneshot(Request::new(())).await.unwrap_err().is_rejected());
    /// # }
    /// ```
    #[must_use]
    pub fn max_wait(mut self, time: Duration) -> Self {
        self.max_wait = time;
        self
    }

    /// Sets the pool whose nodes have windows, once for all clones. The builder of the
    /// transport does this automatically.
    #[must_use]
    pub fn over(self, nodes: Arc<NodePool>) -> Self {
        let Bounds { min, max, .. } = self.bounds;
        let min = min.max(1);
        let bounds = Bounds {
            min,
            max: max.max(min),
            ..self.bounds
        };
        self.windows
            .get_or_init(|| Arc::new(Windows::new(bounds, nodes)));
        self
    }

    /// Returns a selector that lets `inner` choose among the nodes whose window is not
    /// full. It has no effect unless [`over`](Self::over) was called.
    pub fn selector<S>(&self, inner: S) -> WindowSelector<S> {
        WindowSelector::new(inner, self.windows.get().cloned())
    }

    /// Returns the window of the node with this URL; `None` if no request was sent to it. All
    /// clones return the same, also that which was passed to the builder of a transport.
    pub fn status(&self, node: &str, pool: ThreadPool) -> Option<WindowStatus> {
        self.windows.get()?.status(node, pool)
    }
}

impl Default for WindowLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WindowLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowLayer")
            .field("bounds", &self.bounds)
            .field("max_wait", &self.max_wait)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for WindowLayer {
    type Service = WindowService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WindowService {
            inner,
            windows: Arc::clone(&self.windows),
            max_wait: self.max_wait,
        }
    }
}

/// The service of [`WindowLayer`].
#[derive(Clone)]
pub struct WindowService<S> {
    inner: S,
    windows: Arc<OnceLock<Arc<Windows>>>,
    max_wait: Duration,
}

impl<S, B, RB> Service<Request<B>> for WindowService<S>
where
    S: Service<Request<B>, Response = Response<RB>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Send + 'static,
    RB: 'static,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, RB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Some(windows) = self.windows.get() else {
            return ResponseFuture::direct(self.inner.call(request), None);
        };
        let demand = Demand::of(&request);
        let (permit, turn) = windows.enter(demand);
        request.extensions_mut().insert(Arc::clone(&permit.0));
        let Some(turn) = turn else {
            return ResponseFuture::direct(self.inner.call(request), Some(permit));
        };
        if let Some(attempt) = request.extensions().get::<HedgedAttempt>() {
            attempt.set_waited();
        }
        let turn = Turn {
            turn,
            max_wait: (!demand.is_batch).then_some(self.max_wait),
            deadline: request.extensions().get().copied(),
        };
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        ResponseFuture::waiting(turn.send(permit, ready, request))
    }
}

impl<S: fmt::Debug> fmt::Debug for WindowService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
