//! The layers: each does one thing to a request or its answer, and each can be
//! used alone with [`tower::ServiceBuilder`] over any
//! `Service<http::Request<B>>`.
//!
//! They are listed in the order in which the transport composes them, from the
//! caller to the socket, each with the reason for its place.
//!
//! | layer | what it does | why here |
//! |---|---|---|
//! | `TraceLayer` | a span for the request | outermost: it sees what the caller sees |
//! | `TotalTimeoutLayer` | one deadline for all attempts | over retry, so that waiting counts |
//! | `CompressLayer` | gzip of request bodies, inflates answers | over retry: compressed once, attempts share the bytes |
//! | `RetryLayer` | sends again what may be sent again | over all that belongs to one attempt |
//! | `ProductCheckLayer` | is it Elasticsearch? | over selection: the cluster is checked, not the node |
//! | `DefaultHeadersLayer` | user agent, client meta, opaque id | below retry, whose kept copy then has an empty header map |
//! | `MediaTypeLayer` | compatibility mode | below retry: a negotiated version changes between attempts |
//! | `AuthLayer` | credentials | below retry: a refreshed token is used at once; over selection: a node's own credentials yield to it |
//! | `SelectNodeLayer` | a node for each attempt | below retry: a new attempt, a new choice |
//! | `TraceAttemptLayer` | a child span for the attempt | below selection: it names the node |
//! | `AttemptTimeoutLayer` | one deadline per attempt | over everything that takes time in an attempt |
//! | `CollectLayer` | reads the answer to its end | innermost: a cut or slow answer is a failed attempt like any other |
//!
//! A layer knows no other layer. What one must tell another travels with the
//! request or its answer: [`RequestOptions`](crate::RequestOptions) and the
//! notes of [`attempt`](crate::attempt).

pub mod attempt_timeout;
pub mod collect;
pub mod retry;
pub mod total_timeout;

pub use attempt_timeout::AttemptTimeoutLayer;
pub use collect::CollectLayer;
pub use retry::RetryLayer;
pub use total_timeout::TotalTimeoutLayer;
