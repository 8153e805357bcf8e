//! One deadline for a request with all its attempts and waits.
//!
//! By default there is none, and the layer adds nothing: no timer, no extension.
//! With one (set here, or by
//! [`RequestOptions::total_timeout`](crate::RequestOptions::total_timeout) for
//! one request) the request carries a [`Deadline`](crate::attempt::Deadline):
//! retry begins no wait that would end after it, and the
//! attempt's timer strikes at it, so that the error tells all attempts. This
//! layer's own timer is for what takes time elsewhere, such as a provider of
//! credentials or a service that is not ready.
//!
//! The deadline covers the answer's head, and its body where a layer below
//! collects it. How long a streamed answer takes is up to its reader.
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//! use es_transport::{Body, error::TimeoutPhase, layer::TotalTimeoutLayer};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = ServiceBuilder::new()
//!     .layer(TotalTimeoutLayer::new(Duration::from_secs(60)))
//!     .service(service_fn(|_: Request<Body>| {
//!         std::future::pending::<Result<Response<Body>, Infallible>>()
//!     }));
//!
//! let error = service.oneshot(Request::get("/").body(Body::empty())?).await.unwrap_err();
//! assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total));
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::TotalTimeoutLayer;
pub use service::TotalTimeout;
