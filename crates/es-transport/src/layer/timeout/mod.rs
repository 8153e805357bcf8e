//! Time limits of a request and of each of its attempts.
//!
//! [`TotalTimeoutLayer`] sets one deadline for a request with all its attempts and
//! waits. By default there is none, and the layer adds nothing. With one, the
//! request carries a [`Deadline`](crate::extensions::Deadline): retry begins no wait
//! that would end after it, and the attempt's timer ends at it, so that the error
//! lists all attempts.
//!
//! [`AttemptTimeoutLayer`] ends an attempt after its own time (30 s by default,
//! [`RequestOptions::request_timeout`](crate::RequestOptions::request_timeout) for one
//! request) or at the request's deadline, whichever is earlier. The error says which.
//! Elasticsearch may never respond (9.2.0 does not respond to a body that decompresses
//! beyond its limit), so the default is a limit and not "none".
//!
//! Both run from the call to the response: to its end where a layer below collects
//! it, otherwise to its head. Each further frame of a streamed response must arrive
//! within the attempt's time again
//! ([`TimeoutPhase::Read`](crate::error::TimeoutPhase::Read)); the duration of the
//! whole stream is up to its reader.
//!
//! Timers are created when there is something to wait for, and need a tokio runtime.
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//! use es_transport::{Body, error::TimeoutPhase};
//! use es_transport::layer::{AttemptTimeoutLayer, TotalTimeoutLayer};
//! use http::{Request, Response};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut service = ServiceBuilder::new()
//!     .layer(TotalTimeoutLayer::new(Duration::from_secs(60)))
//!     .layer(AttemptTimeoutLayer::new(Duration::from_secs(2)))
//!     .service(service_fn(|_: Request<Body>| {
//!         std::future::pending::<Result<Response<Body>, Infallible>>()
//!     }));
//!
//! let request = Request::get("/").body(Body::empty())?;
//! let error = service.ready().await?.call(request).await.unwrap_err();
//! assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Attempt));
//! # Ok(())
//! # }
//! ```

mod attempt;
mod body;
mod total;

pub use self::{
    attempt::{AttemptTimeout, AttemptTimeoutFuture, AttemptTimeoutLayer},
    total::{TotalTimeout, TotalTimeoutFuture, TotalTimeoutLayer},
};
