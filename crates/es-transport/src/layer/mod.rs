//! The layers of the stack. Each has one task, and each can be used alone over any
//! `tower::Service<http::Request<B>>` whose response is an [`http::Response`]. Layers
//! that may change the body of a response return a
//! [`ResponseBody`](crate::ResponseBody).
//!
//! The transport composes them in this order, from the caller to the socket. The seams
//! are places for [custom layers][layers of your own]; unused seams cost nothing.
//!
//! | layer | what it does | reason for its place |
//! |---|---|---|
//! | [`TraceLayer`] | a span for the request | outermost: it sees what the caller sees |
//! | `MetricsLayer` (feature `metrics`) | duration and outcome of requests | same as the layer before |
//! | [`TotalTimeoutLayer`] | one deadline for all attempts | above retry, so that waits count |
//! | [`CompressionLayer`] | gzip of request bodies | above retry: compressed once, attempts share the bytes |
//! | **seam** [`layer_request`] | once per request: caches, quotas per tenant, circuit breakers | above retry |
//! | [`RetryLayer`] | retries what may be retried | above everything that belongs to one attempt |
//! | [`HedgeLayer`], if [set](crate::TransportBuilder::hedge) | sends slow reads to a second node | below retry, for which both are one attempt |
//! | [`SniffLayer`](crate::sniff::SniffLayer) | refreshes the nodes | below retry: it sees every attempt |
//! | [`DefaultHeadersLayer`] | user agent, client meta, opaque id | below retry, whose copy of the request then has few headers |
//! | [`MediaTypeLayer`] | compatibility mode | below retry: a negotiated version changes between attempts |
//! | [`AuthLayer`] | credentials | below retry: a refreshed token is used immediately; above selection: it takes precedence over credentials of a node |
//! | **seam** [`layer_attempt`] | once per attempt, before a node is selected: rate limits, fault injection | below retry |
//! | [`WindowLayer`], if [set](crate::TransportBuilder::windows) | limits the requests in flight at each node | directly above selection, which chooses among the nodes whose window is not full |
//! | [`SelectNodeLayer`] | a node for each attempt | below retry: each attempt selects a node |
//! | [`ProductCheckLayer`] | checks that the server is Elasticsearch | below selection, which names the node in the error |
//! | [`RedirectCheckLayer`] | turns a redirect into an error | same as the layer before |
//! | [`DecompressionLayer`] | accepts gzip and decompresses responses | below media types, which read refusals, and below retry: a broken response is a failed attempt of its node |
//! | [`TraceAttemptLayer`] | a child span for the attempt | below selection, so that it can name the node |
//! | [`AttemptTimeoutLayer`] | one deadline per attempt | above everything that takes time in an attempt |
//! | **seam** [`layer_node`] | once per attempt, with the final URI, headers and bytes: signing, shadow traffic | below selection and the timeout |
//! | [`CollectLayer`] | reads the response to its end | innermost: a truncated or slow response is a failed attempt |
//!
//! No layer depends on another one. Layers exchange information in the
//! [`extensions`](crate::extensions) of the request or its response.
//!
//! [layers of your own]: crate::TransportBuilder#layers-of-your-own
//! [`layer_request`]: crate::TransportBuilder::layer_request
//! [`layer_attempt`]: crate::TransportBuilder::layer_attempt
//! [`layer_node`]: crate::TransportBuilder::layer_node

pub mod auth;
pub mod collect;
pub mod compression;
pub mod decompression;
pub mod default_headers;
pub mod hedge;
pub mod media_type;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod response_check;
pub mod retry;
pub mod select_node;
pub mod timeout;
pub mod trace;
pub mod window;

pub use auth::AuthLayer;
pub use collect::CollectLayer;
pub use compression::CompressionLayer;
pub use decompression::DecompressionLayer;
pub use default_headers::DefaultHeadersLayer;
pub use hedge::HedgeLayer;
pub use media_type::MediaTypeLayer;
#[cfg(feature = "metrics")]
pub use metrics::MetricsLayer;
pub use response_check::{ProductCheckLayer, RedirectCheckLayer};
pub use retry::RetryLayer;
pub use select_node::SelectNodeLayer;
pub use timeout::{AttemptTimeoutLayer, TotalTimeoutLayer};
pub use trace::{TraceAttemptLayer, TraceLayer};
pub use window::WindowLayer;
