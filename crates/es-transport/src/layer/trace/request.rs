use std::task::{Context, Poll};

use http::{Request, Response};
use tower::{Layer, Service};
use tracing::{Span, field::Empty, info_span};

use super::future::ResponseFuture;
use crate::{
    error::{BoxError, Error},
    extensions::OperationName,
};

/// Gives each request a span; see the [module page](super).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct TraceLayer {}

impl TraceLayer {
    /// Creates the layer.
    pub fn new() -> Self {
        Self {}
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Trace { inner }
    }
}

/// The service of [`TraceLayer`].
#[derive(Clone, Debug)]
pub struct Trace<S> {
    inner: S,
}

impl<S, B, RB> Service<Request<B>> for Trace<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let span = span(&request);
        let entered = span.enter();
        let inner = self.inner.call(request);
        drop(entered);
        ResponseFuture::new(inner, span).with_warnings()
    }
}

fn span<B>(request: &Request<B>) -> Span {
    // The macro evaluates its fields only if somebody wants the span.
    info_span!(
        "elasticsearch.request",
        otel.name = operation(request),
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "elasticsearch",
        db.operation.name = operation(request),
        db.response.status_code = Empty,
        http.request.method = request.method().as_str(),
        http.request.resend_count = Empty,
        url.path = request.uri().path(),
        error.type = Empty,
    )
}

fn operation<B>(request: &Request<B>) -> &str {
    match request.extensions().get() {
        Some(OperationName(name)) => name,
        None => request.method().as_str(),
    }
}
