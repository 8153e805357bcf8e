//! Time limits of a request and of each of its attempts.
//!
//! [`TotalTimeoutLayer`] sets one deadline for a request with all its attempts and
//! waits. There is none by default. If one is set, the request carries a
//! [`Deadline`](crate::extensions::Deadline): the retry layer does not start a wait
//! that would end after it, and the timer of an attempt ends at it, so that the error
//! lists all attempts.
//!
//! [`AttemptTimeoutLayer`] ends an attempt after its time limit (30 s by default,
//! [`RequestOptions::request_timeout`](crate::RequestOptions::request_timeout) for one
//! request) or at the request's deadline, whichever is earlier. The error states which.
//! There is a default because some requests never receive a response (for example,
//! 9.2.0 does not respond to a body that decompresses to more than its limit).
//!
//! Both limits include the response: all of it if a layer below buffers it, otherwise
//! only its headers. Each frame of a streamed response must then arrive within the time
//! limit of an attempt ([`TimeoutPhase::Read`](crate::error::TimeoutPhase::Read)); the
//! duration of the whole stream is not limited.
//!
//! Timers are created only when a request has to wait, and need a tokio runtime.
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
