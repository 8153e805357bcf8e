//! Custom layers in the built-in stack.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::TransportBuilder;
use crate::{
    Body, ResponseBody,
    error::{BoxError, Error, Result},
    shared_service::{BoxFuture, StackService},
};

/// # Layers of your own
///
/// Any tower layer over `http::Request<Body>` can be inserted at three places of the
/// built-in stack; the table of [`layer`](crate::layer) shows their order. Several
/// layers in one place are called in the order in which they were added. A seam that is
/// not used costs nothing. Each layer costs a boxed future per call, and the first
/// layer of a seam costs a second one.
///
/// A layer's error is converted by [`Error::from_service`]. The table of
/// [`FailureClass`](crate::error::FailureClass) shows its effect on retries and nodes.
/// The service must be `Clone`; each request uses a clone.
impl<T> TransportBuilder<T> {
    /// Adds a layer that is called once per request, outside of retries: for example a
    /// cache, a quota per tenant or a circuit breaker.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::Transport;
    /// use tower::{limit::GlobalConcurrencyLimitLayer, load_shed::LoadShedLayer};
    ///
    /// // 64 requests at a time; the others fail at once, as not sent.
    /// let transport = Transport::builder()
    ///     .node("http://localhost:9200")
    ///     .layer_request(LoadShedLayer::new())
    ///     .layer_request(GlobalConcurrencyLimitLayer::new(64))
    ///     .build()?;
    /// # let _ = transport;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn layer_request<L, B>(self, layer: L) -> Self
    where
        L: Layer<StackService> + Send + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.set(|settings| settings.seams.request.push(layer))
    }

    /// Adds a layer that is called once per attempt, before a node is selected: for
    /// example a rate limit or fault injection. The URI has no host yet.
    ///
    /// ```
    /// use es_transport::Transport;
    /// use tower::limit::ConcurrencyLimitLayer;
    ///
    /// // At most 16 attempts at a time.
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .layer_attempt(ConcurrencyLimitLayer::new(16))
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn layer_attempt<L, B>(self, layer: L) -> Self
    where
        L: Layer<StackService> + Send + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.set(|settings| settings.seams.attempt.push(layer))
    }

    /// Adds a layer that is called once per attempt, with the final URI, headers and
    /// bytes: for example request signing or shadow traffic. Its time counts towards
    /// the attempt timeout.
    ///
    /// ```
    /// use es_transport::{Body, Transport};
    /// use http::{HeaderValue, Request};
    /// use tower::util::MapRequestLayer;
    ///
    /// let transport = Transport::builder()
    ///     .node("http://localhost:9200")
    ///     .layer_node(MapRequestLayer::new(|mut request: Request<Body>| {
    ///         let host = request.uri().host().unwrap_or_default().to_owned();
    ///         if let Ok(host) = HeaderValue::try_from(host) {
    ///             request.headers_mut().insert("x-signed-host", host);
    ///         }
    ///         request
    ///     }))
    ///     .build()?;
    /// # let _ = transport;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn layer_node<L, B>(self, layer: L) -> Self
    where
        L: Layer<StackService> + Send + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.set(|settings| settings.seams.node.push(layer))
    }
}

/// The layers of the caller's own.
#[derive(Default)]
pub(super) struct Seams {
    pub request: Seam,
    pub attempt: Seam,
    pub node: Seam,
}

impl Seams {
    pub fn are_empty(&self) -> bool {
        [&self.request, &self.attempt, &self.node]
            .iter()
            .all(|seam| seam.0.is_empty())
    }
}

/// The layers in one place, the outermost first.
#[derive(Default)]
pub(super) struct Seam(Vec<Box<dyn FnOnce(StackService) -> StackService + Send>>);

impl Seam {
    /// Adds a layer within those that are there.
    pub fn push<L, B>(&mut self, layer: L)
    where
        L: Layer<StackService> + Send + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.0
            .push(Box::new(move |inner| StackService::new(layer.layer(inner))));
    }

    /// Puts the layers over a service.
    pub fn over<S>(self, service: S) -> Seamed<S>
    where
        S: Service<Request<Body>, Response = Response<ResponseBody>, Error = Error>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        if self.0.is_empty() {
            return Seamed::Direct(service);
        }
        let inner = StackService::new(service);
        Seamed::Layered(
            self.0
                .into_iter()
                .rev()
                .fold(inner, |inner, layer| layer(inner)),
        )
    }
}

/// A service with or without layers of the caller's own.
#[derive(Clone)]
pub(super) enum Seamed<S> {
    Direct(S),
    Layered(StackService),
}

impl<S> Service<Request<Body>> for Seamed<S>
where
    S: Service<Request<Body>, Response = Response<ResponseBody>, Error = Error>,
{
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = SeamedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match self {
            Self::Direct(service) => service.poll_ready(cx),
            Self::Layered(service) => service.poll_ready(cx),
        }
    }

    #[inline]
    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self {
            Self::Direct(service) => SeamedFuture::Direct {
                future: service.call(request),
            },
            Self::Layered(service) => SeamedFuture::Layered {
                future: service.call(request),
            },
        }
    }
}

pin_project! {
    /// The future of [`Seamed`].
    #[project = SeamedProj]
    pub(super) enum SeamedFuture<F> {
        Direct { #[pin] future: F },
        Layered { future: BoxFuture },
    }
}

impl<F> Future for SeamedFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>>>,
{
    type Output = Result<Response<ResponseBody>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            SeamedProj::Direct { future } => future.poll(cx),
            SeamedProj::Layered { future } => future.as_mut().poll(cx),
        }
    }
}

impl<S> fmt::Debug for Seamed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seamed").finish_non_exhaustive()
    }
}
