//! Is the server that answers Elasticsearch?
//!
//! Elasticsearch says so since 7.14: `X-Elastic-Product: Elasticsearch` is on
//! every answer with a 2xx status. The first such answer is looked at; once
//! the header was seen, the check costs one relaxed atomic load per answer and
//! is shared by all clones of the service. Other statuses prove nothing,
//! because 401, 403 and 413 come without the header from genuine servers too.
//!
//! What a missing header does is set by [`Verification`].
//!
//! ```
//! use std::convert::Infallible;
//! use es_transport::layer::product_check::{ProductCheckLayer, Verification};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # tokio_test::block_on(async {
//! let other = service_fn(|_: http::Request<()>| async {
//!     Ok::<_, Infallible>(http::Response::new("not Elasticsearch"))
//! });
//! let mut checked = ServiceBuilder::new().layer(ProductCheckLayer::new()).service(other);
//! let error = checked.ready().await.unwrap().call(http::Request::new(())).await.unwrap_err();
//! assert!(error.is_unsupported_product());
//!
//! let layer = ProductCheckLayer::new().verification(Verification::Off);
//! let mut unchecked = ServiceBuilder::new().layer(layer).service(other);
//! assert!(unchecked.ready().await.unwrap().call(http::Request::new(())).await.is_ok());
//! # });
//! ```

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderName, Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::error::{BoxError, Error, Result};

const PRODUCT: HeaderName = HeaderName::from_static("x-elastic-product");
const NAME: &[u8] = b"Elasticsearch";

/// What is done with a server that does not prove to be Elasticsearch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verification {
    /// The request fails with an error.
    #[default]
    Enforce,
    /// A warning is logged once; the answer is handed on.
    Warn,
    /// Nobody looks: OpenSearch, Elasticsearch before 7.14, and proxies that
    /// take the header away.
    Off,
}

/// Checks the first successful answer; see the [module](self).
///
/// The services that one layer makes share what was seen.
#[derive(Clone, Debug)]
pub struct ProductCheckLayer {
    verification: Verification,
    settled: Arc<AtomicBool>,
}

impl ProductCheckLayer {
    /// A layer that enforces.
    pub fn new() -> Self {
        Self { verification: Verification::default(), settled: Arc::default() }
    }

    /// What a missing header does (default: [`Verification::Enforce`]).
    #[must_use]
    pub fn verification(mut self, verification: Verification) -> Self {
        self.verification = verification;
        self.settled = Arc::new(AtomicBool::new(verification == Verification::Off));
        self
    }
}

impl ProductCheckLayer {
    /// Returns whether the check is enforced and no response has passed it yet.
    pub(crate) fn is_pending(&self) -> bool {
        self.verification == Verification::Enforce && !self.settled.load(Ordering::Relaxed)
    }
}

impl Default for ProductCheckLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for ProductCheckLayer {
    type Service = ProductCheck<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ProductCheck { inner, check: self.clone() }
    }
}

/// The service of [`ProductCheckLayer`].
#[derive(Clone, Debug)]
pub struct ProductCheck<S> {
    inner: S,
    check: ProductCheckLayer,
}

impl<S, B, RB> Service<Request<B>> for ProductCheck<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        // A flag that is set never goes back; it publishes nothing else.
        let settled = self.check.settled.load(Ordering::Relaxed);
        let check = (!settled).then(|| self.check.clone());
        ResponseFuture { inner: self.inner.call(request), check }
    }
}

pin_project! {
    /// The future of [`ProductCheck`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // Only until the product is known.
        check: Option<ProductCheckLayer>,
    }
}

impl<F, RB, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<RB>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = this.inner.poll(cx);
        if let Poll::Ready(Ok(answer)) = &polled
            && answer.status().is_success()
            && let Some(check) = this.check.take()
        {
            check.judge(answer.headers())?;
        }
        polled.map_err(Error::from_service)
    }
}

impl ProductCheckLayer {
    #[cold]
    fn judge(&self, headers: &HeaderMap) -> Result<()> {
        if headers.get(PRODUCT).is_some_and(|product| product.as_bytes() == NAME) {
            self.settled.store(true, Ordering::Relaxed);
            return Ok(());
        }
        if self.verification == Verification::Enforce {
            return Err(Error::unsupported_product(
                "its answer lacks `X-Elastic-Product: Elasticsearch`, so it is OpenSearch, \
                 Elasticsearch 7.13 or older, or behind a proxy that removes the header; \
                 set `product_check` to `Warn` or `Off` to use it all the same",
            ));
        }
        if !self.settled.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the server does not say that it is Elasticsearch; what it does with \
                 Elasticsearch's requests is not known"
            );
        }
        Ok(())
    }
}
