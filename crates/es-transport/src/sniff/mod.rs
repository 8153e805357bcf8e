//! Sniffing: finding the nodes of a cluster by asking one of them.
//!
//! A [`Sniffer`] sends `GET /_nodes/http` to one of the nodes of a pool and
//! replaces them by the nodes of the response. [`SniffOptions`] says when: on start, when a node fails, from time to time, before
//! requests; never more often than its minimal delay, and never twice at a time.
//!
//! New nodes are reached as the asked one is: same scheme, path prefix and
//! credentials. Dedicated masters are ignored. A failure is an
//! [event](crate::events), leaves the pool as it is, and never becomes the
//! failure of a request.
//!
//! Requests that pass through [`SniffLayer`] start a sniff that is due. The
//! layer sits below retry, around the service that the sniffer sends through.
//! Where a runtime runs between requests, a background task sniffs
//! periodically; it ends with the last clone of the sniffer and its services.
//! Where none does (functions that are suspended between calls), the next
//! request starts the overdue sniff.
//!
//! ```
//! use std::time::Duration;
//! use es_transport::{Body, Node, NodePool, layer::SelectNodeLayer, node::RoundRobin};
//! use es_transport::sniff::{SniffOptions, Sniffer};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), es_transport::Error> {
//! let pool = NodePool::new(["https://seed:9200".parse::<Node>()?])?;
//! let below_retry = ServiceBuilder::new()
//!     .layer(SelectNodeLayer::new(pool.clone(), RoundRobin::default()))
//!     .service(service_fn(async |request: Request<Body>| {
//!         let response = match request.uri().path() {
//!             "/_nodes/http" => r#"{"nodes":{"id":{"http":{"publish_address":"10.0.0.1:9200"}}}}"#,
//!             _ => "{}",
//!         };
//!         Ok::<_, std::io::Error>(Response::new(Body::from(response)))
//!     }));
//!
//! let options = SniffOptions::default().on_start(true).every(Duration::from_secs(300));
//! let sniffer = Sniffer::new(pool.clone(), below_retry.clone(), options);
//! let service = ServiceBuilder::new().layer(sniffer.layer()).service(below_retry);
//!
//! service.oneshot(Request::get("/").body(Body::empty()).unwrap()).await?;
//! assert_eq!(pool.nodes()[0].node().url(), "https://10.0.0.1:9200");
//! # Ok(())
//! # }
//! ```

mod fetch;
mod layer;
mod options;
mod reply;
mod schedule;
mod sniffer;
mod task;

pub use self::{
    layer::{ResponseFuture, Sniff, SniffLayer},
    options::SniffOptions,
    sniffer::Sniffer,
};
