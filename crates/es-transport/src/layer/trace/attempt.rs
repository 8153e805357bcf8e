use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, Request, Response};
use tower::{Layer, Service};
use tracing::{Span, debug_span, field::Empty, level_filters::LevelFilter};

use super::{
    future::ResponseFuture,
    outcome::{Redacted, Subject, Target, host, port},
};
use crate::{
    error::{BoxError, Error},
    extensions::{OperationDetails, RetryContext},
};

/// Adds headers to an attempt.
pub(crate) type Propagate = Arc<dyn Fn(&mut HeaderMap) + Send + Sync>;

/// A layer that creates a span for each attempt; see the [module](super).
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct TraceAttemptLayer {
    propagate: Option<Propagate>,
}

impl TraceAttemptLayer {
    /// Creates the layer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a function that adds headers such as `traceparent` to each attempt. It is
    /// called within the span of the attempt.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use es_transport::layer::TraceAttemptLayer;
    /// use http::{HeaderValue, Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # tokio_test::block_on(async {
    /// let layer = TraceAttemptLayer::new().propagate(|headers| {
    ///     let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    ///     headers.insert("traceparent", HeaderValue::from_static(parent));
    /// });
    /// let service = layer.layer(service_fn(async |request: Request<()>| {
    ///     Ok::<_, Infallible>(Response::new(request.headers().contains_key("traceparent")))
    /// }));
    /// assert!(service.oneshot(Request::new(())).await.unwrap().into_body());
    /// # });
    /// ```
    #[must_use]
    pub fn propagate(mut self, headers: impl Fn(&mut HeaderMap) + Send + Sync + 'static) -> Self {
        self.propagate = Some(Arc::new(headers));
        self
    }

    pub(crate) fn propagated_by(mut self, propagate: Option<Propagate>) -> Self {
        self.propagate = propagate;
        self
    }
}

impl fmt::Debug for TraceAttemptLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceAttemptLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for TraceAttemptLayer {
    type Service = TraceAttempt<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TraceAttempt {
            inner,
            propagate: self.propagate.clone(),
        }
    }
}

/// The service of [`TraceAttemptLayer`].
#[derive(Clone)]
pub struct TraceAttempt<S> {
    inner: S,
    propagate: Option<Propagate>,
}

impl<S: fmt::Debug> fmt::Debug for TraceAttempt<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceAttempt")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, B, RB> Service<Request<B>> for TraceAttempt<S>
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
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if LevelFilter::current() >= LevelFilter::INFO {
            tell_target(&request);
        }
        let span = span(&request);
        let subject = if span.is_disabled() {
            None
        } else {
            Some(subject(&request))
        };
        let entered = span.enter();
        if let Some(propagate) = &self.propagate {
            propagate(request.headers_mut());
        }
        let inner = self.inner.call(request);
        drop(entered);
        ResponseFuture::new(inner, span, subject)
    }
}

/// Tells the span of the request where the attempt goes.
#[cold]
fn tell_target<B>(request: &Request<B>) {
    if let Some(target) = request.extensions().get::<Target>() {
        target.set(request.uri());
    }
}

#[cold]
fn subject<B>(request: &Request<B>) -> Box<Subject> {
    let details = OperationDetails::find(request.extensions()).cloned();
    Box::new(Subject {
        details,
        target: None,
    })
}

fn span<B>(request: &Request<B>) -> Span {
    let uri = request.uri();
    // The macro evaluates its fields only if a subscriber accepts the span.
    debug_span!(
        "elasticsearch.attempt",
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "elasticsearch",
        db.namespace = Empty,
        db.response.status_code = Empty,
        elasticsearch.node.name = Empty,
        http.request.method = request.method().as_str(),
        http.request.resend_count = resend_count(request),
        url.full = %Redacted(uri),
        server.address = host(uri),
        server.port = port(uri),
        error.type = Empty,
    )
}

fn resend_count<B>(request: &Request<B>) -> Option<u32> {
    request
        .extensions()
        .get::<RetryContext>()
        .map(|retry| retry.attempt.saturating_sub(1))
}
