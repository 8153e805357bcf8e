//! The layers: each does one thing to a request or its answer, and each can be
//! used alone with [`tower::ServiceBuilder`] over any
//! `Service<http::Request<B>>`. Those that may change an answer's body hand on a
//! [`ResponseBody`](crate::ResponseBody), and ask of the body below that it can be
//! sent to other threads and moved ([`Erase`](crate::Erase)). In the transport they
//! pass requests and answers on in boxes ([`AnyRequest`](crate::AnyRequest),
//! [`AnyResponse`](crate::AnyResponse)).
//!
//! They are listed in the order in which the transport composes them, from the
//! caller to the socket, each with the reason for its place.
//!
//! | layer | what it does | why here |
//! |---|---|---|
//! | [`TraceLayer`] | a span for the request | outermost: it sees what the caller sees |
//! | `MetricsLayer` (feature `metrics`) | duration and outcome of requests as numbers | as the one before |
//! | [`TotalTimeoutLayer`] | one deadline for all attempts | over retry, so that waiting counts |
//! | [`CompressLayer`] | gzip of request bodies | over retry: compressed once, attempts share the bytes |
//! | [`RetryLayer`] | sends again what may be sent again | over all that belongs to one attempt |
//! | [`DefaultHeadersLayer`] | user agent, client meta, opaque id; in a transport all headers of a plain request, copied from one map | below retry, whose kept copy then has an empty header map |
//! | [`MediaTypeLayer`] | compatibility mode | below retry: a negotiated version changes between attempts |
//! | [`AuthLayer`] | credentials | below retry: a refreshed token is used at once; over selection: a node's own credentials yield to it |
//! | [`SelectNodeLayer`] | a node for each attempt | below retry: a new attempt, a new choice |
//! | [`ProductCheckLayer`] | is it Elasticsearch? | below selection, which names the node in the error |
//! | [`RefuseRedirectLayer`] | a redirect is an error | below selection, which names the node in the error |
//! | [`InflateLayer`] | asks for gzip and inflates answers | below media types, which read refusals, and below retry: a broken answer is a failed attempt of its node |
//! | [`TraceAttemptLayer`] | a child span for the attempt | below selection: it names the node |
//! | [`AttemptTimeoutLayer`] | one deadline per attempt | over everything that takes time in an attempt |
//! | [`CollectLayer`] | reads the answer to its end | innermost: a cut or slow answer is a failed attempt like any other |
//!
//! Directly below retry sits the layer of [`sniff`](crate::sniff), which sees every attempt.
//!
//! A layer knows no other layer. What one must tell another travels with the
//! request or its answer: [`RequestOptions`](crate::RequestOptions), the
//! notes of [`attempt`](crate::attempt), and beside the transport's own form of a
//! request the address of its node, when the attempt began, and whether its
//! headers were prepared.

pub mod attempt_timeout;
pub mod auth;
pub mod collect;
pub mod compress;
pub mod default_headers;
pub mod inflate;
pub mod media_type;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod product_check;
pub mod refuse_redirect;
pub mod retry;
pub mod select_node;
pub mod total_timeout;
pub mod trace;

pub use attempt_timeout::AttemptTimeoutLayer;
pub use auth::AuthLayer;
pub use collect::CollectLayer;
pub use compress::CompressLayer;
pub use default_headers::DefaultHeadersLayer;
pub use inflate::InflateLayer;
pub use media_type::MediaTypeLayer;
#[cfg(feature = "metrics")]
pub use metrics::MetricsLayer;
pub use product_check::ProductCheckLayer;
pub use refuse_redirect::RefuseRedirectLayer;
pub use retry::RetryLayer;
pub use select_node::SelectNodeLayer;
pub use total_timeout::TotalTimeoutLayer;
pub use trace::{TraceAttemptLayer, TraceLayer};
