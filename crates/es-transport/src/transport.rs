//! The handle that callers keep: a cheap clone over one erased service.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;
use tower::{Service, ServiceExt};

use crate::{
    Body, ResponseBody,
    builder::TransportBuilder,
    error::{BoxError, Error, Result},
    events::Events,
    layer::response_check::ProductCheckLayer,
    node::NodePool,
    shared_service::{BoxFuture, SharedService},
    sniff::Sniffer,
};

/// From a request without a host to an answer of some node of a cluster.
///
/// Cheap to clone; clones share nodes, connections and what is known of them.
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
/// let answer = transport.send(request).await?;
/// println!("{}", answer.status());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Transport(Arc<Inner>);

struct Inner {
    stack: Box<dyn SharedService>,
    shared: Option<Shared>,
}

/// What a transport that was built from settings keeps beside its stack.
pub(crate) struct Shared {
    pub(crate) pool: Arc<NodePool>,
    pub(crate) sniffer: Sniffer,
    /// The level at which bodies of requests are compressed.
    pub(crate) compression: Option<u32>,
    pub(crate) product: ProductCheckLayer,
    /// Closes the connections.
    pub(crate) close: Box<dyn Fn() + Send + Sync>,
}

impl Transport {
    /// Starts to describe a transport: nodes or Cloud ID, verification,
    /// credentials and every step's settings.
    pub fn builder() -> TransportBuilder {
        TransportBuilder::new()
    }

    /// A transport over any service: a stack of the caller's own layers, or a mock.
    ///
    /// Each request is sent by a clone of the service.
    pub fn from_service<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let stack = service
            .map_response(|response: Response<B>| response.map(|body| ResponseBody::new(body)))
            .map_err(Error::from_service);
        Self(Arc::new(Inner { stack: Box::new(stack), shared: None }))
    }

    pub(crate) fn new(stack: impl SharedService, shared: Shared) -> Self {
        Self(Arc::new(Inner { stack: Box::new(stack), shared: Some(shared) }))
    }

    /// Sends a request: path and query in origin form, and no host.
    ///
    /// An answer with an error status is an answer. [`RequestOptions`](crate::RequestOptions)
    /// attached to the request override what the transport was built with.
    pub fn send(&self, request: Request<Body>) -> SendFuture {
        let request = Some(request);
        let state = State::Unsent { transport: Arc::clone(&self.0), request };
        SendFuture { state, started: None }
    }

    /// Returns a reference that does not keep the transport alive.
    pub fn downgrade(&self) -> WeakTransport {
        WeakTransport(Arc::downgrade(&self.0))
    }

    /// The nodes, and which of them are alive; `None` for a transport that was
    /// made [from a service](Transport::from_service).
    pub fn pool(&self) -> Option<&Arc<NodePool>> {
        self.0.shared.as_ref().map(|shared| &shared.pool)
    }

    /// Returns the source of the transport's events: nodes that die, come back,
    /// join and leave, sniffs, retries, connections. `None` for a transport
    /// that was made [from a service](Transport::from_service).
    ///
    /// Transports that share a pool share its events.
    pub fn events(&self) -> Option<&Events> {
        self.pool().map(|pool| pool.events())
    }

    /// The level at which bodies of requests are compressed with gzip; `None`
    /// where they are not, or for a transport that was made [from a
    /// service](Transport::from_service).
    pub fn compression(&self) -> Option<u32> {
        self.0.shared.as_ref()?.compression
    }

    /// Returns whether the product check is enforced and no response has passed it
    /// yet. What must not be sent to another product sends a request that changes
    /// nothing first.
    pub fn needs_product_check(&self) -> bool {
        self.0.shared.as_ref().is_some_and(|shared| shared.product.is_pending())
    }

    /// Asks the cluster for its nodes now, whatever the settings say.
    ///
    /// # Errors
    /// No node told in time, or none of the nodes can be used; the pool then
    /// stays as it is. Also for a transport that was made [from a
    /// service](Transport::from_service), which has no pool.
    pub async fn sniff(&self) -> Result<()> {
        match &self.0.shared {
            Some(shared) => shared.sniffer.sniff().await,
            None => Err(Error::sniff("a transport made from a service has no pool of nodes")),
        }
    }

    /// Closes idle connections now and busy ones when they end. Requests that
    /// follow fail with an error that [`is_closed`](Error::is_closed).
    ///
    /// A [service](TransportBuilder::http_service) that stands in the place of
    /// the connections is not closed: that is its owner's business.
    pub fn close(&self) {
        if let Some(shared) = &self.0.shared {
            (shared.close)();
        }
    }
}

/// A reference to a [`Transport`] that does not keep it alive, for parts of the
/// transport that send requests of their own.
#[derive(Clone, Debug, Default)]
pub struct WeakTransport(Weak<Inner>);

impl WeakTransport {
    /// Returns the transport; `None` if it was dropped.
    pub fn upgrade(&self) -> Option<Transport> {
        self.0.upgrade().map(Transport)
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("pool", &self.pool()).finish_non_exhaustive()
    }
}

/// The answer to come of [`Transport::send`].
#[must_use = "a request is sent when its future is awaited"]
pub struct SendFuture {
    state: State,
    started: Option<Instant>,
}

enum State {
    Unsent { transport: Arc<Inner>, request: Option<Request<Body>> },
    Sent(BoxFuture),
}

impl SendFuture {
    /// When it was sent; `None` before it is awaited.
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
                    // There is one: it is taken together with the state.
                    let Some(request) = request.take() else { return Poll::Pending };
                    let now = Instant::now();
                    let future = transport.stack.send(request, cx);
                    *self = Self { state: State::Sent(future), started: Some(now) };
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
