//! `tracing` spans: one for each request, with a child span for each attempt.
//!
//! [`TraceLayer`] belongs outside all other layers, [`TraceAttemptLayer`] below node
//! selection. The fields have the names of OpenTelemetry's [semantic conventions for
//! Elasticsearch][conventions]; a subscriber such as `tracing-opentelemetry` exports
//! them as they are.
//!
//! | field | request (`INFO`) | attempt (`DEBUG`) |
//! |---|---|---|
//! | `otel.name` | operation and index | – |
//! | `otel.kind` | `client` | `client` |
//! | `db.system.name` | `elasticsearch` | `elasticsearch` |
//! | `db.operation.name` | [`OperationName`](crate::OperationName) if the request has one, else the method | – |
//! | `db.collection.name` | the index, data stream or alias | – |
//! | `db.operation.parameter.…` | dynamic parts of the path: `index`, `id`, `name`, `job_id`, `connector_id`, `repository`, `snapshot`, `node_id`, `model_id`, `inference_id`, `transform_id`, `datafeed_id`, `task_id` | – |
//! | `db.operation.batch.size` | number of operations of a batch | – |
//! | `db.query.text` | the query without its values, if the client is set to record it | – |
//! | `db.namespace`, `elasticsearch.node.name` | cluster and node, as named by the proxy of Elastic Cloud | the same |
//! | `http.request.method` | yes | yes |
//! | `url.path` | yes | – |
//! | `url.full`, `server.address`, `server.port` | of the last attempt | of the attempt |
//! | `http.request.resend_count` | number of retries, if there were any | number of the retry, if it is one |
//! | `db.response.status_code` | of the response | of the response |
//! | `error.type` | a status of 400 or above, or the kind of the error | the same |
//! | `otel.status_code` | `ERROR` together with `error.type` | the same |
//!
//! Collection, parameters, batch size and query are taken from the request's
//! [`OperationDetails`](crate::extensions::OperationDetails), and so are the statuses
//! that are not errors: the 404 of a missing document has no `error.type`.
//!
//! Each [warning](crate::warning) of a server is an event at `WARN` within the
//! request's span, with the target `es_transport::warning`. Each text is logged once
//! per process (the last 1,024 texts are remembered).
//!
//! Bodies, headers, credentials and the text of queries are never recorded: a parameter
//! such as `q` is `REDACTED` in `url.full`. Without a subscriber that accepts the span,
//! nothing is computed or allocated.
//!
//! The span is entered while the layers below run. It ends with the headers of the
//! response, or with its last byte if a layer below buffers it.
//!
//! # Propagation
//! [`TraceAttemptLayer::propagate`] and
//! [`TransportBuilder::propagate`](crate::TransportBuilder::propagate) add headers such as
//! `traceparent` to each attempt, within its span. The example `tracing_otel` does so with
//! the propagator of OpenTelemetry.
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
//! let response = service.oneshot(request.body(Body::empty())?).await?;
//! assert!(response.status().is_success());
//! # Ok(())
//! # }
//! ```

mod attempt;
mod future;
mod outcome;
mod request;
mod warned;

pub(crate) use attempt::Propagate;
pub use attempt::{TraceAttempt, TraceAttemptLayer};
pub use future::ResponseFuture;
pub use request::{Trace, TraceLayer};
