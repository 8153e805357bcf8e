//! The transport: a handle to the stack that is cheap to clone.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;
use tower::{Service, ServiceExt};
use tracing::level_filters::LevelFilter;

use crate::{
    Body, ResponseBody,
    body::with_response_body,
    builder::TransportBuilder,
    error::{BoxError, Error, Result},
    events::Events,
    extensions::Deadline,
    layer::{CompressionLayer, ProductCheckLayer},
    node::{NodePool, NodeSelector},
    shared_service::{BoxFuture, SharedService},
    sniff::Sniffer,
};

/// A transport, which sends requests to the nodes of a cluster.
///
/// It is cheap to clone; clones share the pool and its connections. It is a
/// [`tower::Service`], so it can be wrapped in layers.
///
/// ```no_run
/// use es_transport::{Body, Transport};
///
/// # async fn send() -> es_transport::Result<()> {
/// let transport = Transport::builder()
///     .nodes(["https://localhost:9200", "https://localhost:9201"])
///     .ca_certs("/path/to/http_ca.crt")
///     .basic_auth("elastic", "changeme")
///     .build()?;
/// let request = http::Request::get("/_cluster/health").body(Body::empty()).unwrap();
/// let response = transport.send(request).await?;
/// println!("{}", response.status());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Transport(Arc<Inner>);

struct Inner {
    stack: Box<dyn SharedService>,
    parts: Option<TransportParts>,
}

/// The components of a custom stack that [`Transport::pool`],
/// [`sniff`](Transport::sniff) and [`close`](Transport::close) use.
///
/// ```
/// use es_transport::{Body, Node, NodePool, Transport, transport::TransportParts};
/// use es_transport::layer::{CollectLayer, RetryLayer, SelectNodeLayer};
/// use es_transport::{connect::{Connections, Connector}, node::RoundRobin};
/// use es_transport::sniff::{SniffOptions, Sniffer};
/// use tower::ServiceBuilder;
///
/// # fn main() -> es_transport::Result<()> {
/// let pool = NodePool::new(["http://localhost:9200".parse::<Node>()?])?;
/// let connections = Connections::with_connector(Connector::builder().build()?);
/// let attempt = ServiceBuilder::new()
///     .layer(SelectNodeLayer::new(pool.clone(), RoundRobin::default()))
///     .layer(CollectLayer::new())
///     .service(connections.clone());
///
/// let sniffer = Sniffer::new(pool.clone(), attempt.clone(), SniffOptions::default());
/// let stack = ServiceBuilder::new()
///     .layer(RetryLayer::default())
///     .layer(sniffer.layer())
///     .service(attempt);
///
/// let parts = TransportParts::new(pool).sniffer(sniffer).on_close(move || connections.close());
/// let transport = Transport::from_parts(stack, parts);
/// assert_eq!(transport.pool().map(|pool| pool.len()), Some(1));
/// # Ok(())
/// # }
/// ```
pub struct TransportParts {
    pool: Arc<NodePool>,
    sniffer: Option<Sniffer>,
    compression: Option<u32>,
    product: Option<ProductCheckLayer>,
    total_timeout: Option<Duration>,
    selector: Option<Arc<dyn NodeSelector>>,
    knows_shards: bool,
    close: Box<dyn Fn() + Send + Sync>,
    /// Whether parts of the caller's own, or metrics, see the extensions of requests.
    reads_extensions: bool,
}

impl TransportParts {
    /// Creates parts with the pool from which the stack selects nodes.
    pub fn new(pool: Arc<NodePool>) -> Self {
        Self {
            pool,
            sniffer: None,
            compression: None,
            product: None,
            total_timeout: None,
            selector: None,
            knows_shards: false,
            close: Box::new(|| {}),
            reads_extensions: true,
        }
    }

    /// Sets the sniffer of the pool.
    #[must_use]
    pub fn sniffer(mut self, sniffer: Sniffer) -> Self {
        self.sniffer = Some(sniffer);
        self
    }

    /// Sets the layer of the stack that compresses request bodies, for callers that
    /// compress large bodies themselves.
    #[must_use]
    pub fn compression(mut self, layer: &CompressionLayer) -> Self {
        self.compression = layer.compresses();
        self
    }

    /// Sets the layer of the stack that checks the product.
    #[must_use]
    pub fn product_check(mut self, layer: &ProductCheckLayer) -> Self {
        self.product = Some(layer.clone());
        self
    }

    /// Sets the total timeout, which also covers the time until the stack is ready.
    /// Default: no limit.
    #[must_use]
    pub fn total_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.total_timeout = timeout.into();
        self
    }

    /// Sets the selector of the stack, for [`Transport::write_node`] and
    /// [`Transport::read_nodes`].
    #[must_use]
    pub fn selector(mut self, selector: Arc<dyn NodeSelector>) -> Self {
        self.knows_shards = selector.knows_shards();
        self.selector = Some(selector);
        self
    }

    /// Sets the function that closes the connections.
    #[must_use]
    pub fn on_close(mut self, close: impl Fn() + Send + Sync + 'static) -> Self {
        self.close = Box::new(close);
        self
    }

    /// Sets whether parts of the caller's own, or metrics, see the extensions of requests.
    /// Default: `true`.
    #[must_use]
    pub(crate) fn reads_extensions(mut self, reads: bool) -> Self {
        self.reads_extensions = reads;
        self
    }
}

impl fmt::Debug for TransportParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportParts")
            .field("pool", &self.pool)
            .field("sniffer", &self.sniffer)
            .finish_non_exhaustive()
    }
}

impl Transport {
    /// Returns a builder of a transport.
    pub fn builder() -> TransportBuilder {
        TransportBuilder::new()
    }

    /// Creates a transport over any service, such as a custom stack or a mock. It has no
    /// pool; see [`from_parts`](Self::from_parts).
    ///
    /// Each request is sent by a clone of the service. A stack for Elasticsearch needs
    /// these [layers](crate::layer): [`MediaTypeLayer`](crate::layer::MediaTypeLayer),
    /// which sets the `Content-Type` of bodies; [`AuthLayer`](crate::layer::AuthLayer),
    /// if security is enabled; and [`SelectNodeLayer`](crate::layer::SelectNodeLayer),
    /// which makes URIs absolute. All others are optional.
    ///
    /// ```
    /// use es_transport::{Body, Transport};
    /// use http::{Request, Response};
    /// use tower::service_fn;
    ///
    /// // A mock for tests.
    /// let transport = Transport::from_service(service_fn(|request: Request<Body>| async move {
    ///     Ok::<_, std::io::Error>(Response::new(Body::from(format!("{:?}", request.uri().path()))))
    /// }));
    /// assert!(transport.pool().is_none());
    /// ```
    pub fn from_service<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Arc::new(Inner {
            stack: erased(service),
            parts: None,
        }))
    }

    /// Creates a transport over a custom stack, with its pool, sniffer and connections.
    pub fn from_parts<S, B>(service: S, parts: TransportParts) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Arc::new(Inner {
            stack: erased(service),
            parts: Some(parts),
        }))
    }

    pub(crate) fn new(stack: impl SharedService, parts: TransportParts) -> Self {
        Self(Arc::new(Inner {
            stack: Box::new(stack),
            parts: Some(parts),
        }))
    }

    /// Sends a request. Its URI has a path and a query, but no host.
    ///
    /// A response with an error status is not an error. [`RequestOptions`](crate::RequestOptions)
    /// that are attached to the request override the settings of the transport.
    ///
    /// ```
    /// use es_transport::{Body, Transport};
    /// use http::{Request, Response};
    ///
    /// # tokio_test::block_on(async {
    /// let transport = Transport::from_service(tower::service_fn(async |request: Request<Body>| {
    ///     assert_eq!(request.uri(), "/books/_doc/7");
    ///     Response::builder().status(404).body(Body::from(r#"{"found":false}"#))
    /// }));
    /// let request = Request::get("/books/_doc/7").body(Body::empty()).unwrap();
    /// let response = transport.send(request).await?;
    /// assert_eq!(response.status(), 404);
    /// assert_eq!(response.into_body().bytes().await?, r#"{"found":false}"#);
    /// # Ok::<(), es_transport::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn send(&self, request: Request<Body>) -> SendFuture {
        let request = Some(request);
        let state = State::Unsent {
            transport: Arc::clone(&self.0),
            request,
        };
        SendFuture {
            state,
            started: None,
        }
    }

    /// Returns a weak reference, which does not keep the transport alive.
    ///
    /// ```
    /// use es_transport::Transport;
    ///
    /// let transport = Transport::builder().node("http://localhost:9200").build()?;
    /// let weak = transport.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(transport);
    /// assert!(weak.upgrade().is_none());
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn downgrade(&self) -> WeakTransport {
        WeakTransport(Arc::downgrade(&self.0))
    }

    /// Returns the pool of nodes; `None` for a transport that was created [from a
    /// service](Transport::from_service).
    pub fn pool(&self) -> Option<&Arc<NodePool>> {
        self.0.parts.as_ref().map(|parts| &parts.pool)
    }

    /// Returns the events of the transport: changes of nodes, sniffs, retries,
    /// connections. `None` for a transport that was created [from a
    /// service](Transport::from_service).
    ///
    /// Transports that share a pool share its events.
    ///
    /// ```
    /// use es_transport::{Transport, events::Event};
    ///
    /// # async fn watch() -> es_transport::Result<()> {
    /// let transport = Transport::builder().node("http://localhost:9200").build()?;
    /// let Some(events) = transport.events() else { return Ok(()) };
    /// let mut subscription = events.subscribe();
    /// tokio::spawn(async move {
    ///     while let Some(event) = subscription.recv().await {
    ///         if let Event::NodeDied { node, cause, .. } = event {
    ///             eprintln!("{node}: {cause}");
    ///         }
    ///     }
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&self) -> Option<&Events> {
        self.pool().map(|pool| pool.events())
    }

    /// Returns the gzip level of request bodies; `None` if they are not compressed, or
    /// for a transport that was created [from a service](Transport::from_service).
    pub fn compression(&self) -> Option<u32> {
        self.0.parts.as_ref()?.compression
    }

    /// Returns the ID of the node that a write of this document goes to, if the node
    /// selector knows it ([`shard_aware`](crate::shard_aware)): the node that holds the primary
    /// of its shard. It sends no request; the map of an index that was not used yet is
    /// fetched in the background.
    ///
    /// Documents for the same node may share a `_bulk` request; it is sent to that node if
    /// it carries the [`RoutingKey`](crate::shard_aware::RoutingKey) of one of them.
    pub fn write_node(
        &self,
        index: &str,
        id: Option<&str>,
        routing: Option<&str>,
    ) -> Option<Arc<str>> {
        let selector = self.0.parts.as_ref()?.selector.as_ref()?;
        selector.write_node(index, id, routing)
    }

    /// Returns the IDs of the nodes of the pool that hold this document, in ascending order, if
    /// the node selector knows them ([`shard_aware`](crate::shard_aware)). Without an ID, they
    /// hold all documents of the routing value, or of the index.
    ///
    /// Like [`write_node`](Self::write_node), it sends no request. A request goes to one of these
    /// nodes if it carries [`HolderNodes`](crate::shard_aware::HolderNodes).
    pub fn read_nodes(
        &self,
        index: &str,
        id: Option<&str>,
        routing: Option<&str>,
    ) -> Vec<Arc<str>> {
        let parts = self.0.parts.as_ref();
        let Some((parts, selector)) =
            parts.and_then(|parts| Some((parts, parts.selector.as_ref()?)))
        else {
            return Vec::new();
        };
        let mut nodes = selector.read_nodes(index, id, routing);
        nodes.retain(|id| parts.pool.has_id(id));
        nodes
    }

    /// Whether [`write_node`](Self::write_node) and [`read_nodes`](Self::read_nodes) may
    /// return nodes. If not, documents need not be grouped.
    pub fn knows_shards(&self) -> bool {
        self.0
            .parts
            .as_ref()
            .is_some_and(|parts| parts.knows_shards)
    }

    /// Whether the product check is enforced and no response has passed it yet. To keep
    /// a write from reaching another product, send a request that changes nothing
    /// first.
    ///
    /// ```
    /// use es_transport::{Body, Transport};
    /// use http::{Request, Response};
    ///
    /// # tokio_test::block_on(async {
    /// let transport = Transport::builder()
    ///     .node("http://localhost:9200")
    ///     .http_service(tower::service_fn(async |_: Request<Body>| {
    ///         Response::builder().header("x-elastic-product", "Elasticsearch").body(Body::empty())
    ///     }))
    ///     .build()?;
    /// assert!(transport.needs_product_check());
    /// transport.send(Request::head("/").body(Body::empty()).unwrap()).await?;
    /// assert!(!transport.needs_product_check());
    /// # Ok::<(), es_transport::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn needs_product_check(&self) -> bool {
        let product = self
            .0
            .parts
            .as_ref()
            .and_then(|parts| parts.product.as_ref());
        product.is_some_and(ProductCheckLayer::is_pending)
    }

    /// Whether the [`OperationName`](crate::OperationName) of a request may be used: by a
    /// custom layer, retry policy, node selector or HTTP service, by metrics, or by a
    /// `tracing` subscriber that accepts the level `INFO`. If not, it need not be
    /// attached.
    pub fn reads_operation_name(&self) -> bool {
        self.0
            .parts
            .as_ref()
            .is_none_or(|parts| parts.reads_extensions)
            || LevelFilter::current() >= LevelFilter::INFO
    }

    /// Fetches the nodes of the cluster now, regardless of the settings.
    ///
    /// ```
    /// use es_transport::{Body, Transport};
    /// use http::{Request, Response};
    ///
    /// # tokio_test::block_on(async {
    /// let nodes = r#"{"nodes":{"id":{"http":{"publish_address":"10.0.0.1:9200"}}}}"#;
    /// let transport = Transport::builder()
    ///     .node("http://seed:9200")
    ///     .http_service(tower::service_fn(move |_: Request<Body>| async move {
    ///         let response = Response::builder().header("x-elastic-product", "Elasticsearch");
    ///         response.body(Body::from(nodes))
    ///     }))
    ///     .build()?;
    /// transport.sniff().await?;
    /// let nodes = transport.pool().unwrap().nodes();
    /// assert_eq!(nodes[0].node().url(), "http://10.0.0.1:9200");
    /// # Ok::<(), es_transport::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Returns an error if no node responded in time, or if none of the nodes can be
    /// used; the pool is then unchanged. Also returns an error for a transport that was
    /// created [from a service](Transport::from_service), which has no pool.
    pub async fn sniff(&self) -> Result<()> {
        let sniffer = self
            .0
            .parts
            .as_ref()
            .and_then(|parts| parts.sniffer.as_ref());
        match sniffer {
            Some(sniffer) => sniffer.sniff().await,
            None => Err(Error::sniff(
                "the transport was made from a service without a sniffer",
            )),
        }
    }

    /// Closes the transport: idle connections are closed immediately, connections in
    /// use once their response has been read. Later requests fail with
    /// [`is_closed`](Error::is_closed).
    ///
    /// A [service](TransportBuilder::http_service) that replaces the connections is not
    /// closed.
    ///
    /// ```
    /// use es_transport::{Body, Transport};
    /// use http::Request;
    ///
    /// # tokio_test::block_on(async {
    /// let transport = Transport::builder().node("http://localhost:9200").build()?;
    /// transport.close();
    /// let error = transport.send(Request::new(Body::empty())).await.unwrap_err();
    /// assert!(error.is_closed());
    /// # Ok::<(), es_transport::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn close(&self) {
        if let Some(parts) = &self.0.parts {
            (parts.close)();
        }
    }
}

/// A weak reference to a [`Transport`], for its components that send requests
/// themselves.
#[derive(Clone, Debug, Default)]
pub struct WeakTransport(Weak<Inner>);

impl WeakTransport {
    /// Returns the transport; `None` if it has been dropped.
    pub fn upgrade(&self) -> Option<Transport> {
        self.0.upgrade().map(Transport)
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("pool", &self.pool())
            .finish_non_exhaustive()
    }
}

/// Erases the type of a service.
fn erased<S, B>(service: S) -> Box<dyn SharedService>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let stack = service
        .map_response(with_response_body::<B>)
        .map_err(Error::from_service);
    Box::new(stack)
}

/// A transport is always ready; it waits for the readiness of its stack in the future.
///
/// ```
/// use es_transport::{Body, Transport};
/// use http::{Request, Response};
/// use tower::{Service, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> es_transport::Result<()> {
/// let mut transport = Transport::from_service(service_fn(|_: Request<Body>| async {
///     Ok::<_, std::io::Error>(Response::new(Body::from("{}")))
/// }));
/// let response = transport.ready().await?.call(Request::new(Body::empty())).await?;
/// assert_eq!(response.into_body().bytes().await?, "{}");
/// # Ok(())
/// # }
/// ```
impl Service<Request<Body>> for Transport {
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = SendFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> SendFuture {
        self.send(request)
    }
}

/// The future of [`Transport::send`].
#[must_use = "a request is sent when its future is awaited"]
pub struct SendFuture {
    state: State,
    started: Option<Instant>,
}

// A box would cost each request an allocation.
#[allow(clippy::large_enum_variant, reason = "a request is moved once")]
enum State {
    Unsent {
        transport: Arc<Inner>,
        request: Option<Request<Body>>,
    },
    Sent(BoxFuture),
}

impl SendFuture {
    /// Returns the time at which the request was sent; `None` before the future is first
    /// polled.
    pub fn started(&self) -> Option<Instant> {
        self.started
    }
}

impl Future for SendFuture {
    type Output = Result<Response<ResponseBody>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.state {
                State::Sent(future) => return future.as_mut().poll(cx),
                State::Unsent { transport, request } => {
                    let now = Instant::now();
                    let deadline = request.as_mut().and_then(|request| {
                        let parts = transport.parts.as_ref();
                        let timeout = parts.and_then(|parts| parts.total_timeout);
                        let deadline = Deadline::of(request.extensions(), timeout, now)?;
                        request.extensions_mut().insert(deadline);
                        Some(deadline)
                    });
                    // There is one: it is taken together with the state.
                    let Some(request) = request.take() else {
                        return Poll::Pending;
                    };
                    let future = transport.stack.send(request, deadline, cx);
                    *self = Self {
                        state: State::Sent(future),
                        started: Some(now),
                    };
                }
            }
        }
    }
}

impl fmt::Debug for SendFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture").finish_non_exhaustive()
    }
}
