use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::error::{BoxError, Error, Result};

const PRODUCT: HeaderName = HeaderName::from_static("x-elastic-product");
const NAME: &[u8] = b"Elasticsearch";

/// The reaction to a server that does not identify itself as Elasticsearch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProductCheck {
    /// The request fails with an error.
    #[default]
    Enforce,
    /// A warning is logged once, and the response is returned.
    Warn,
    /// There is no check. Use it for OpenSearch, for Elasticsearch before 7.14, and
    /// behind proxies that remove the header.
    Off,
}

/// A layer that checks that the server is Elasticsearch.
///
/// Since 7.14, Elasticsearch sends `X-Elastic-Product: Elasticsearch` in every response
/// with a 2xx status. Such responses are checked until one has the header; after that,
/// the check costs one relaxed atomic load per response. All services that this layer
/// creates share the result. Other statuses are not checked, because Elasticsearch
/// omits the header from responses with 401, 403 and 413.
///
/// A response with 404 to a HEAD request is always checked: it means "does not exist"
/// only if it comes from Elasticsearch and not from a proxy.
///
/// ```
/// use std::convert::Infallible;
/// use es_transport::layer::response_check::{ProductCheck, ProductCheckLayer};
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio_test::block_on(async {
/// let other = service_fn(|_: http::Request<()>| async {
///     Ok::<_, Infallible>(http::Response::new("not Elasticsearch"))
/// });
/// let mut checked = ServiceBuilder::new().layer(ProductCheckLayer::new()).service(other);
/// let error = checked.ready().await.unwrap().call(http::Request::new(())).await.unwrap_err();
/// assert!(error.is_unsupported_product());
///
/// let layer = ProductCheckLayer::new().mode(ProductCheck::Off);
/// let mut unchecked = ServiceBuilder::new().layer(layer).service(other);
/// assert!(unchecked.ready().await.unwrap().call(http::Request::new(())).await.is_ok());
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct ProductCheckLayer {
    mode: ProductCheck,
    settled: Arc<AtomicBool>,
}

impl ProductCheckLayer {
    /// Creates a layer that enforces the check.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the reaction to a missing header. Default: [`ProductCheck::Enforce`].
    #[must_use]
    pub fn mode(mut self, mode: ProductCheck) -> Self {
        self.mode = mode;
        self.settled = Arc::new(AtomicBool::new(mode == ProductCheck::Off));
        self
    }

    /// Whether the check is enforced and no response has passed it yet.
    pub(crate) fn is_pending(&self) -> bool {
        self.mode == ProductCheck::Enforce && !self.settled.load(Ordering::Relaxed)
    }

    /// Whether any response to a request must carry the header.
    fn may_apply(&self, is_head: bool) -> bool {
        match self.mode {
            ProductCheck::Off => false,
            _ => is_head || !self.settled.load(Ordering::Relaxed),
        }
    }

    /// Whether a response with this status must carry the header.
    fn applies(&self, is_head: bool, status: StatusCode) -> bool {
        if status == StatusCode::NOT_FOUND {
            return is_head && self.mode != ProductCheck::Off;
        }
        // A flag that is set never goes back; it publishes nothing else.
        status.is_success() && !self.settled.load(Ordering::Relaxed)
    }

    #[cold]
    fn check(&self, headers: &HeaderMap) -> Result<()> {
        if headers
            .get(PRODUCT)
            .is_some_and(|product| product.as_bytes() == NAME)
        {
            self.settled.store(true, Ordering::Relaxed);
            return Ok(());
        }
        if self.mode == ProductCheck::Enforce {
            return Err(Error::unsupported_product(
                "its response lacks `X-Elastic-Product: Elasticsearch`, so it is OpenSearch, \
                 Elasticsearch 7.13 or older, or a proxy that removes the header; \
                 set `product_check` to `Warn` or `Off` to use it all the same",
            ));
        }
        if !self.settled.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the server does not identify itself as Elasticsearch; its behavior for \
                 Elasticsearch's requests is not known"
            );
        }
        Ok(())
    }
}

impl<S> Layer<S> for ProductCheckLayer {
    type Service = CheckProduct<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CheckProduct {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service of [`ProductCheckLayer`].
#[derive(Clone, Debug)]
pub struct CheckProduct<S> {
    inner: S,
    layer: ProductCheckLayer,
}

impl<S, B, RB> Service<Request<B>> for CheckProduct<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = CheckProductFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let is_head = request.method() == Method::HEAD;
        let checked = self.layer.may_apply(is_head).then(|| self.layer.clone());
        CheckProductFuture {
            inner: self.inner.call(request),
            checked,
            is_head,
        }
    }
}

pin_project! {
    /// The future of [`CheckProduct`].
    #[derive(Debug)]
    pub struct CheckProductFuture<F> {
        #[pin]
        inner: F,
        // `None` where no response can fail the check.
        checked: Option<ProductCheckLayer>,
        is_head: bool,
    }
}

impl<F, RB, E> Future for CheckProductFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<RB>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = this.inner.poll(cx);
        if let Some(layer) = this.checked
            && let Poll::Ready(Ok(response)) = &polled
            && layer.applies(*this.is_head, response.status())
        {
            layer.check(response.headers())?;
        }
        polled.map_err(Error::from_service)
    }
}
