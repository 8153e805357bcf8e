//! `tracing` spans: one for each request, and below it one for each attempt.
//!
//! [`TraceLayer`] goes outside of everything, [`TraceAttemptLayer`] below the
//! selection of the node. The fields have the names of OpenTelemetry's
//! [semantic conventions for Elasticsearch][conventions]; a subscriber such as
//! `tracing-opentelemetry` exports them as they are.
//!
//! | field | request (`INFO`) | attempt (`DEBUG`) |
//! |---|---|---|
//! | `otel.name`, `db.operation.name` | [`OperationName`](crate::OperationName) if the request has one, else the method | – |
//! | `otel.kind` | `client` | `client` |
//! | `db.system.name` | `elasticsearch` | `elasticsearch` |
//! | `http.request.method` | yes | yes |
//! | `url.path` | yes | – |
//! | `url.full`, `server.address`, `server.port` | – | of the node, without user info |
//! | `http.request.resend_count` | how often it was sent again, if at all | the number of the resend, if it is one |
//! | `db.response.status_code` | of the answer | of the answer |
//! | `error.type` | a status of 400 or above, or the kind of the error | the same |
//! | `otel.status_code` | `ERROR` together with `error.type` | the same |
//!
//! What the server [warns](crate::warning) of becomes events at `WARN` within the
//! request's span, with the target `es_transport::warning`.
//!
//! Bodies, headers and credentials never appear, nor the values of the query
//! string in the request's span. Without a subscriber that wants a span nothing
//! is computed and nothing allocated.
//!
//! The span is current while the layers below work, and ends with the answer's
//! head, or with its last byte where a layer below collects it.
//!
//! [conventions]: https://opentelemetry.io/docs/specs/semconv/db/elasticsearch/
//!
//! ```
//! use std::convert::Infallible;
//! use es_transport::{Body, OperationName, layer::{TraceAttemptLayer, TraceLayer}};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = ServiceBuilder::new()
//!     .layer(TraceLayer::new())
//!     .layer(TraceAttemptLayer::new())
//!     .service(service_fn(|_: Request<Body>| async {
//!         Ok::<_, Infallible>(Response::new(Body::empty()))
//!     }));
//!
//! let request = Request::get("/_search").extension(OperationName("search"));
//! let answer = service.oneshot(request.body(Body::empty())?).await?;
//! assert!(answer.status().is_success());
//! # Ok(())
//! # }
//! ```

mod attempt;
mod future;
mod outcome;
mod request;

pub use attempt::{TraceAttempt, TraceAttemptLayer};
pub use future::ResponseFuture;
pub use request::{Trace, TraceLayer};
