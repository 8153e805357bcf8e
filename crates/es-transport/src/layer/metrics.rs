//! Metrics of requests through the [`metrics`] facade, for any recorder.
//!
//! | metric | kind | labels |
//! |---|---|---|
//! | `db.client.operation.duration` | histogram, seconds | all |
//! | `elasticsearch.client.retries` | counter of attempts after the first | `db.system.name`, `db.operation.name` |
//!
//! | label | value |
//! |---|---|
//! | `db.system.name` | `elasticsearch` |
//! | `db.operation.name` | [`OperationName`] if the request has one, otherwise the method |
//! | `db.response.status_code` | of the response, if there was one |
//! | `error.type` | a status of 400 or above that the operation does not [expect](crate::extensions::OperationDetails), [`Error::type_name`], or `cancelled` if the caller dropped the request |
//!
//! The names of the histogram and the labels are those of OpenTelemetry's [semantic
//! conventions](https://opentelemetry.io/docs/specs/semconv/db/database-metrics/). The
//! duration includes all attempts and their responses, but not the time to read a streamed
//! response. Nodes are not labels, because their number is not bounded.
//!
//! [`MetricsLayer::new`] describes the metrics to the recorder. If the recorder is
//! installed later, call [`describe`]. A recorder for OpenTelemetry exports them under
//! these names, and so does one for Prometheus that is scraped by an OpenTelemetry
//! collector.
//!
//! ```
//! use std::convert::Infallible;
//! use es_transport::{Body, OperationName, layer::MetricsLayer};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = ServiceBuilder::new().layer(MetricsLayer::new()).service(service_fn(
//!     |_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) },
//! ));
//! let request = Request::get("/_search").extension(OperationName("search"));
//! service.oneshot(request.body(Body::empty())?).await?;
//! # Ok(())
//! # }
//! ```

use std::{
    borrow::Cow,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response, StatusCode};
use metrics::{Label, Unit, counter, describe_counter, describe_histogram, histogram};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::{Layer, Service};

use crate::{
    error::{BoxError, Error, Result},
    extensions::{Attempts, OperationDetails, OperationName},
};

/// A layer that measures requests; see the [module](self).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct MetricsLayer {}

impl MetricsLayer {
    /// Creates the layer, and [describes](describe) the metrics.
    pub fn new() -> Self {
        describe();
        Self {}
    }
}

/// Describes the metrics to the installed recorder, with units and help texts.
pub fn describe() {
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "Duration of database client operations."
    );
    describe_counter!(
        RETRIES,
        Unit::Count,
        "Attempts of Elasticsearch requests after the first."
    );
}

const DURATION: &str = "db.client.operation.duration";
const RETRIES: &str = "elasticsearch.client.retries";

impl<S> Layer<S> for MetricsLayer {
    type Service = Metrics<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Metrics { inner }
    }
}

/// The service of [`MetricsLayer`].
#[derive(Clone, Debug)]
pub struct Metrics<S> {
    inner: S,
}

impl<S, B, RB> Service<Request<B>> for Metrics<S>
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
        let measure = Measure::start(&request);
        ResponseFuture {
            inner: self.inner.call(request),
            measure,
        }
    }
}

pin_project! {
    /// The future of [`Metrics`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        measure: Measure,
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
        let result = ready!(this.inner.poll(cx)).map_err(Error::from_service);
        match &result {
            Ok(response) => {
                let attempts = response.extensions().get::<Attempts>();
                let attempts = attempts.map_or(1, |attempts| attempts.0.len());
                this.measure.succeeded(response.status(), attempts);
            }
            Err(error) => this.measure.failed(error),
        }
        Poll::Ready(result)
    }
}

#[derive(Debug)]
struct Measure {
    operation: Cow<'static, str>,
    details: Option<Arc<OperationDetails>>,
    started: Instant,
    is_open: bool,
}

impl Measure {
    fn start<B>(request: &Request<B>) -> Self {
        let operation = match request.extensions().get() {
            Some(OperationName(name)) => Cow::Borrowed(*name),
            None => Cow::Owned(request.method().as_str().to_owned()),
        };
        let details = OperationDetails::find(request.extensions()).cloned();
        Self {
            operation,
            details,
            started: Instant::now(),
            is_open: true,
        }
    }

    fn succeeded(&mut self, status: StatusCode, attempts: usize) {
        let code = Label::new("db.response.status_code", status.as_str().to_owned());
        let mut labels = vec![code];
        if OperationDetails::is_error(self.details.as_deref(), status) {
            labels.push(Label::new("error.type", status.as_str().to_owned()));
        }
        self.end(labels, attempts);
    }

    fn failed(&mut self, error: &Error) {
        self.end(
            vec![Label::from_static_parts("error.type", error.type_name())],
            error.attempts().len(),
        );
    }

    fn end(&mut self, mut labels: Vec<Label>, attempts: usize) {
        self.is_open = false;
        labels.push(Label::from_static_parts("db.system.name", "elasticsearch"));
        labels.push(Label::new("db.operation.name", self.operation.clone()));
        if let Some(retries) = attempts.checked_sub(1).filter(|retries| *retries > 0) {
            let labels = labels
                .iter()
                .filter(|label| !is_outcome(label))
                .cloned()
                .collect::<Vec<_>>();
            counter!(RETRIES, labels).increment(retries as u64);
        }
        histogram!(DURATION, labels).record(self.started.elapsed());
    }
}

fn is_outcome(label: &Label) -> bool {
    matches!(label.key(), "db.response.status_code" | "error.type")
}

impl Drop for Measure {
    fn drop(&mut self) {
        if self.is_open {
            self.end(vec![Label::from_static_parts("error.type", "cancelled")], 0);
        }
    }
}
