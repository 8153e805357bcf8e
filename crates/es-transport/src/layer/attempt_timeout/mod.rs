//! Ends an attempt that takes too long.
//!
//! One timer, at the earlier of two moments: the attempt's own time (30 s by
//! default, [`RequestOptions::request_timeout`](crate::RequestOptions::request_timeout)
//! for one request), or the request's total
//! [`Deadline`](crate::attempt::Deadline). The error says which it was. Because
//! the total deadline strikes here, below retry, the error still tells all attempts.
//!
//! A request that still waits for one of the [`Connections`](crate::connect::Connections)
//! then was never sent, which the error tells ([`Error::is_unsent`](crate::Error::is_unsent)).
//!
//! The time runs from the call to the answer: to its end where a layer below
//! collects it, otherwise to its head. Each further piece of a streamed answer
//! must come within the attempt's time again
//! ([`TimeoutPhase::Read`](crate::error::TimeoutPhase)); how long the whole
//! stream takes is up to its reader. A timer for that is made only when a piece
//! is not there yet.
//!
//! Elasticsearch may never answer (9.2.0 does not answer a body that inflates
//! past its limit), so the default is a time and not "none".
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//! use es_transport::{Body, error::TimeoutPhase, layer::AttemptTimeoutLayer};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = ServiceBuilder::new()
//!     .layer(AttemptTimeoutLayer::new(Duration::from_secs(2)))
//!     .service(service_fn(|_: Request<Body>| {
//!         std::future::pending::<Result<Response<Body>, Infallible>>()
//!     }));
//!
//! let error = service.oneshot(Request::get("/").body(Body::empty())?).await.unwrap_err();
//! assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Attempt));
//! # Ok(())
//! # }
//! ```

mod body;
mod future;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::AttemptTimeoutLayer;
pub use service::AttemptTimeout;
