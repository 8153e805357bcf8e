//! Retries requests when it is safe to do so.
//!
//! A [`RetryPolicy`] decides whether a request is retried, and the layer carries out
//! the retry: it keeps a copy of the request, calls the policy after each attempt,
//! waits, and logs the attempts.
//!
//! - An error carries every attempt ([`Error::attempts`](crate::Error::attempts)); a
//!   response that needed more than one carries
//!   [`Attempts`](crate::extensions::Attempts) as an extension.
//! - A retry carries all extensions of the caller, and
//!   [`RetryContext`](crate::extensions::RetryContext), which the layers below use to
//!   avoid the nodes that were tried.
//! - A wait that would end after the request's
//!   [`Deadline`](crate::extensions::Deadline) is not started; the last outcome is
//!   returned instead. If the service below is not ready for a retry, the layer waits
//!   for it until the deadline.
//!
//! [`StandardRetry`] decides which outcomes are retried, [`Backoff`](crate::Backoff) the
//! waits, [`Budget`] the share of retries in the traffic.
//!
//! The copy of a request shares its body with the original; only its header map is
//! copied, which is why headers are best added below this layer. All requests share a clone
//! of the service below for retries, so that their futures are `Send` only if the service is
//! `Sync`, as [`BoxCloneSyncService`](tower::util::BoxCloneSyncService) is. The log and timers
//! are created only after a failure.
//!
//! The layer does not select nodes, and it does not buffer responses: if a response is
//! retried, its unread remainder is dropped, which closes the connection, unless a
//! layer below has buffered it. A request with a streamed body cannot be retried.
//!
//! ```
//! use std::{convert::Infallible, sync::atomic::{AtomicU32, Ordering::Relaxed}};
//! use es_transport::{Body, extensions::Attempts, layer::retry::{RetryLayer, StandardRetry}};
//! use http::{Request, Response, StatusCode};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let calls = AtomicU32::new(0);
//! let busy_twice = service_fn(|_: Request<Body>| {
//!     let busy = calls.fetch_add(1, Relaxed) < 2;
//!     let status = if busy { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
//!     async move {
//!         let mut response = Response::new(Body::empty());
//!         *response.status_mut() = status;
//!         Ok::<_, Infallible>(response)
//!     }
//! });
//! let service = ServiceBuilder::new()
//!     .layer(RetryLayer::new(StandardRetry::new().max_retries(2)))
//!     .service(busy_twice);
//!
//! let response = service.oneshot(Request::get("/").body(Body::empty())?).await?;
//! assert_eq!(response.status(), StatusCode::OK);
//! assert_eq!(response.extensions().get::<Attempts>().map(|attempts| attempts.0.len()), Some(3));
//! # Ok(())
//! # }
//! ```

mod budget;
mod future;
mod layer;
mod policy;
mod standard;

pub use self::{
    budget::Budget,
    future::ResponseFuture,
    layer::{Retry, RetryLayer},
    policy::{AttemptOutcome, RequestFacts, RetryPlan, RetryPolicy},
    standard::StandardRetry,
};
