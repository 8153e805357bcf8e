//! The sniffer: fetches the nodes of a cluster and updates the pool.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tokio::time::Instant;
use tower::Service;

use super::{
    SniffLayer, SniffOptions,
    fetch::{self, FetchNodes},
    schedule::Schedule,
    task,
};
use crate::{
    body::Body,
    error::{BoxError, Error, Result, TimeoutPhase},
    events::Event,
    node::{Node, NodePool},
};

/// Discovers the nodes of a cluster; see the [module](super).
///
/// Clones share their state. Creating a sniffer does no I/O and needs no runtime.
#[derive(Clone)]
pub struct Sniffer {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pool: Arc<NodePool>,
    fetch_nodes: FetchNodes,
    pub options: SniffOptions,
    pub schedule: Schedule,
    /// Ends the background task when the last clone is dropped.
    pub task: task::Starter,
}

impl Sniffer {
    /// Creates a sniffer that sends its requests through `service`. The service must
    /// [select](crate::layer::SelectNodeLayer) a node from `pool`, and should add
    /// credentials and headers as for any request.
    pub fn new<S, RB>(pool: Arc<NodePool>, service: S, options: SniffOptions) -> Self
    where
        S: Service<Request<Body>, Response = Response<RB>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        RB: HttpBody<Data = Bytes> + Send + 'static,
        RB::Error: Into<BoxError>,
    {
        let inner = Inner {
            pool,
            fetch_nodes: fetch::through(service, options.filter.clone()),
            schedule: Schedule::new(&options, Instant::now()),
            options,
            task: task::Starter::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Returns the layer that starts sniffs on requests.
    pub fn layer(&self) -> SniffLayer {
        SniffLayer::new(self.clone())
    }

    /// Sniffs now, regardless of the minimum delay.
    ///
    /// If a sniff is already running, it returns immediately.
    ///
    /// ```
    /// use es_transport::{Body, Node, NodePool, layer::SelectNodeLayer, node::RoundRobin};
    /// use es_transport::sniff::{SniffOptions, Sniffer};
    /// use tower::{Layer, service_fn};
    ///
    /// # tokio_test::block_on(async {
    /// let pool = NodePool::new(["http://seed:9200".parse::<Node>()?])?;
    /// let nodes = SelectNodeLayer::new(pool.clone(), RoundRobin::default());
    /// let service = nodes.layer(service_fn(async |_: http::Request<Body>| {
    ///     let nodes = r#"{"nodes":{"id":{"http":{"publish_address":"10.0.0.1:9200"}}}}"#;
    ///     Ok::<_, std::io::Error>(http::Response::new(Body::from(nodes)))
    /// }));
    /// Sniffer::new(pool.clone(), service, SniffOptions::default()).sniff().await?;
    /// assert_eq!(pool.nodes()[0].node().host(), "10.0.0.1");
    /// # Ok::<(), es_transport::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Returns an error if no node returned the nodes of the cluster in time, or if
    /// none of them can be used. The pool is then unchanged.
    pub async fn sniff(&self) -> Result<()> {
        match Refresh::begin(&self.inner, true) {
            Some(refresh) => refresh.run().await,
            None => Ok(()),
        }
    }

    /// Marks the nodes as possibly outdated, for example after the process was suspended.
    ///
    /// A sniff starts in the background as soon as the minimum delay has passed, or
    /// with a later request. Does nothing if automatic sniffing is disabled.
    pub fn invalidate(&self) {
        self.inner.invalidate();
    }

    /// Returns a function that calls [`invalidate`](Self::invalidate) and holds only a
    /// weak reference to the sniffer.
    pub fn invalidate_hook(&self) -> impl Fn() + Send + Sync + 'static {
        let inner = Arc::downgrade(&self.inner);
        move || {
            if let Some(inner) = inner.upgrade() {
                inner.invalidate();
            }
        }
    }

    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}

impl Inner {
    fn invalidate(self: &Arc<Self>) {
        if self.options.is_on() {
            self.refresh_soon();
        }
    }

    /// Sniffs in the background, now if the minimal delay is over; otherwise a
    /// later request starts the sniff.
    pub fn refresh_soon(self: &Arc<Self>) {
        self.schedule.make_due(&self.options);
        if self.schedule.is_due(Instant::now())
            && let Some(refresh) = Refresh::begin(self, false)
            && let Err(refresh) = refresh.spawn()
        {
            // Without a runtime the next request sniffs.
            drop(refresh);
        }
    }

    pub fn apply(&self, found: Result<Vec<Node>>) -> Result<()> {
        let replaced = found.and_then(|mut nodes| {
            self.pool.keep_credentials(&mut nodes);
            let number = nodes.len();
            self.pool.set_sniffed(nodes).map(|()| number)
        });
        match replaced {
            Ok(nodes) => {
                self.pool.events().emit(Event::Sniffed { nodes });
                Ok(())
            }
            Err(error) if error.is_closed() => Err(error),
            Err(error) => {
                let message = error.to_string().into();
                self.pool
                    .events()
                    .emit(Event::SniffFailed { error: message });
                Err(error)
            }
        }
    }
}

/// A sniff that was allowed to begin. Dropped, it lets the next one begin.
pub(super) struct Refresh {
    inner: Arc<Inner>,
    has_succeeded: bool,
}

impl Refresh {
    pub fn begin(inner: &Arc<Inner>, is_forced: bool) -> Option<Self> {
        inner
            .schedule
            .begin(&inner.options, Instant::now(), is_forced)
            .then(|| Self {
                inner: Arc::clone(inner),
                has_succeeded: false,
            })
    }

    pub async fn run(mut self) -> Result<()> {
        let timeout = self.inner.options.timeout;
        let found = match tokio::time::timeout(timeout, (self.inner.fetch_nodes)()).await {
            Ok(found) => found,
            Err(_elapsed) => {
                let source = Error::timeout(TimeoutPhase::Total, timeout);
                Err(Error::sniff("no node responded in time").with_source(source))
            }
        };
        let applied = self.inner.apply(found);
        self.has_succeeded = applied.is_ok();
        applied
    }
}

impl Drop for Refresh {
    fn drop(&mut self) {
        self.inner
            .schedule
            .end(&self.inner.options, self.has_succeeded);
    }
}

impl fmt::Debug for Sniffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sniffer")
            .field("pool", &self.inner.pool)
            .field("options", &self.inner.options)
            .finish_non_exhaustive()
    }
}
