use std::{
    fmt,
    sync::Arc,
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
    live_percent: u32,
    max_wait: Duration,
    shared: Option<Shared>,
}

/// The state that the services and the selector of a layer share.
#[derive(Clone)]
pub(super) struct Shared {
    pub windows: Arc<Windows>,
    pub nodes: Arc<NodePool>,
}

impl WindowLayer {
    /// Creates a layer with the default settings.
    pub const fn new() -> Self {
        Self {
            bounds: Bounds {
                initial: 10,
                min: 1,
                max: 200,
            },
            live_percent: 20,
            max_wait: Duration::from_secs(10),
            shared: None,
        }
    }

    /// Sets the initial window, in requests. Default: 10.
    #[must_use]
    pub const fn initial(mut self, requests: u32) -> Self {
        self.bounds.initial = requests;
        self
    }

    /// Sets the minimum window, at least 1. Default: 1.
    #[must_use]
    pub const fn min(mut self, requests: u32) -> Self {
        self.bounds.min = requests;
        self
    }

    /// Sets the maximum window, at least [`min`](Self::min). Default: 200.
    #[must_use]
    pub const fn max(mut self, requests: u32) -> Self {
        self.bounds.max = requests;
        self
    }

    /// Sets the percentage of each window that is reserved for live traffic. One batch
    /// request may always be in flight. Default: 20.
    #[must_use]
    pub const fn live_percent(mut self, percent: u32) -> Self {
        self.live_percent = percent;
        self
    }

    /// Sets the time after which a request that waits for a window is rejected as not
    /// sent. An earlier total timeout applies as well. Default: 10 s.
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
    pub const fn max_wait(mut self, time: Duration) -> Self {
        self.max_wait = time;
        self
    }

    /// Sets the pool whose nodes have windows. The builder of the transport does this
    /// automatically.
    #[must_use]
    pub fn over(mut self, nodes: Arc<NodePool>) -> Self {
        let Bounds { initial, min, max } = self.bounds;
        let min = min.max(1);
        let bounds = Bounds {
            initial,
            min,
            max: max.max(min),
        };
        let windows = Arc::new(Windows::new(bounds, self.live_percent));
        self.shared = Some(Shared { windows, nodes });
        self
    }

    /// Returns a selector that lets `inner` choose among the nodes whose window is not
    /// full. It has no effect unless [`over`](Self::over) was called.
    pub fn selector<S>(&self, inner: S) -> WindowSelector<S> {
        WindowSelector::new(
            inner,
            self.shared
                .as_ref()
                .map(|shared| Arc::clone(&shared.windows)),
        )
    }

    /// Returns the window of the node with this URL; `None` if no request was sent to it.
    pub fn status(&self, node: &str, pool: ThreadPool) -> Option<WindowStatus> {
        self.shared.as_ref()?.windows.status(node, pool)
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
            .field("live_percent", &self.live_percent)
            .field("max_wait", &self.max_wait)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for WindowLayer {
    type Service = WindowService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WindowService {
            inner,
            shared: self.shared.clone(),
            max_wait: self.max_wait,
        }
    }
}

/// The service of [`WindowLayer`].
#[derive(Clone)]
pub struct WindowService<S> {
    inner: S,
    shared: Option<Shared>,
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
        let Some(shared) = &self.shared else {
            return ResponseFuture::direct(self.inner.call(request), None);
        };
        let demand = Demand::of(&request);
        let (held, turn) = shared.windows.enter(demand, &shared.nodes);
        request.extensions_mut().insert(Arc::clone(&held.0));
        match turn {
            None => ResponseFuture::direct(self.inner.call(request), Some(held)),
            Some(turn) => {
                let turn = Turn {
                    turn,
                    max_wait: self.max_wait,
                };
                ResponseFuture::waiting(turn.send(held, self.inner.clone(), request))
            }
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for WindowService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
