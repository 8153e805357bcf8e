//! Sends a request again where that can do no harm.
//!
//! The machinery (this layer) and the decision (a [`RetryPolicy`]) are apart.
//! The machinery keeps a copy of the request, asks the policy after each
//! attempt, waits, and tells what happened:
//!
//! - The error of a request carries every attempt
//!   ([`Error::attempts`](crate::Error::attempts)); an answer that needed more
//!   than one carries [`Attempts`](crate::attempt::Attempts) as an extension.
//! - A request that is sent again carries [`Resend`](crate::attempt::Resend),
//!   so that the layers below can avoid the nodes that were tried.
//! - No wait begins that would end after the request's
//!   [`Deadline`](crate::attempt::Deadline): the last outcome is returned at once.
//!
//! [`StandardRetry`] says which outcomes are retried, [`Backoff`](crate::Backoff) how long it
//! waits, [`Budget`] how much of the traffic retries may be.
//!
//! What it costs: a request that can be sent again is kept as counted
//! references; the map of headers is copied only if it is not empty, which is
//! why headers are best added below this layer. Records, timers and everything
//! else are made after a failure only.
//!
//! What it does not do: it chooses no node, collects no answer (of an answer
//! that is retried the unread rest is dropped, which closes its connection; a
//! layer below that collects avoids it), and cannot send a stream again, for
//! its bytes are gone even if the connection refused them.
//!
//! ```
//! use std::{convert::Infallible, sync::atomic::{AtomicU32, Ordering::Relaxed}};
//! use es_transport::{Body, attempt::Attempts, layer::retry::{RetryLayer, StandardRetry}};
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
//!         let mut answer = Response::new(Body::empty());
//!         *answer.status_mut() = status;
//!         Ok::<_, Infallible>(answer)
//!     }
//! });
//! let service = ServiceBuilder::new()
//!     .layer(RetryLayer::new(StandardRetry::new().max_retries(2)))
//!     .service(busy_twice);
//!
//! let answer = service.oneshot(Request::get("/").body(Body::empty())?).await?;
//! assert_eq!(answer.status(), StatusCode::OK);
//! assert_eq!(answer.extensions().get::<Attempts>().map(|attempts| attempts.0.len()), Some(3));
//! # Ok(())
//! # }
//! ```

mod budget;
mod future;
mod kept;
mod layer;
mod policy;
mod retry_after;
mod service;
mod standard;
mod trail;

pub use budget::Budget;
pub use future::ResponseFuture;
pub use layer::RetryLayer;
pub use policy::{Ended, RequestFacts, RetryPlan, RetryPolicy};
pub use service::Retry;
pub use standard::StandardRetry;
