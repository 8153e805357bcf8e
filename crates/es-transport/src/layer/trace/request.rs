use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::{Layer, Service};
use tracing::{Span, field::Empty, info_span};

use super::{
    future::ResponseFuture,
    outcome::{Subject, Target},
};
use crate::{
    error::{BoxError, Error},
    extensions::{OperationDetails, OperationName},
};

/// A layer that creates a span for each request; see the [module](super).
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
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let span = span(&request);
        let subject = if span.is_disabled() {
            None
        } else {
            Some(subject(&mut request))
        };
        let entered = span.enter();
        let inner = self.inner.call(request);
        drop(entered);
        ResponseFuture::new(inner, span, subject).with_warnings()
    }
}

#[cold]
fn subject<B>(request: &mut Request<B>) -> Box<Subject> {
    let target = Target::default();
    request.extensions_mut().insert(target.clone());
    let details = OperationDetails::find(request.extensions()).cloned();
    Box::new(Subject {
        details,
        target: Some(target),
    })
}

fn span<B>(request: &Request<B>) -> Span {
    // The macro evaluates its fields only if a subscriber accepts the span.
    info_span!(
        "elasticsearch.request",
        otel.name = %SpanName(request),
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "elasticsearch",
        db.operation.name = operation(request),
        db.collection.name = details(request).and_then(|details| details.parameter("index")),
        db.namespace = Empty,
        db.operation.batch.size = details(request).and_then(|details| details.batch_size),
        db.query.text = details(request).and_then(|details| details.query_text.as_deref()),
        db.response.status_code = Empty,
        db.operation.parameter.index = parameter(request, "index"),
        db.operation.parameter.id = parameter(request, "id"),
        db.operation.parameter.name = parameter(request, "name"),
        db.operation.parameter.job_id = parameter(request, "job_id"),
        db.operation.parameter.connector_id = parameter(request, "connector_id"),
        db.operation.parameter.repository = parameter(request, "repository"),
        db.operation.parameter.snapshot = parameter(request, "snapshot"),
        db.operation.parameter.node_id = parameter(request, "node_id"),
        db.operation.parameter.model_id = parameter(request, "model_id"),
        db.operation.parameter.inference_id = parameter(request, "inference_id"),
        db.operation.parameter.transform_id = parameter(request, "transform_id"),
        db.operation.parameter.datafeed_id = parameter(request, "datafeed_id"),
        db.operation.parameter.task_id = parameter(request, "task_id"),
        elasticsearch.node.name = Empty,
        http.request.method = request.method().as_str(),
        http.request.resend_count = Empty,
        url.full = Empty,
        url.path = request.uri().path(),
        server.address = Empty,
        server.port = Empty,
        error.type = Empty,
    )
}

fn operation<B>(request: &Request<B>) -> &str {
    match request.extensions().get() {
        Some(OperationName(name)) => name,
        None => request.method().as_str(),
    }
}

fn details<B>(request: &Request<B>) -> Option<&OperationDetails> {
    OperationDetails::find(request.extensions()).map(Arc::as_ref)
}

fn parameter<'a, B>(request: &'a Request<B>, name: &str) -> Option<&'a str> {
    details(request)?.parameter(name)
}

/// The operation and the index.
struct SpanName<'a, B>(&'a Request<B>);

impl<B> fmt::Display for SpanName<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(operation(self.0))?;
        parameter(self.0, "index").map_or(Ok(()), |index| write!(f, " {index}"))
    }
}
