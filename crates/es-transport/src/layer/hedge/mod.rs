//! Sends a slow read to a second node, and takes the first response.
//!
//! A request that waits longer than the 95th percentile of its endpoint's recent
//! latencies is sent to another live node as well. The first good response wins, and
//! the other attempt is dropped: its connection closes, and Elasticsearch cancels the
//! search within milliseconds. A node that pauses for a second then costs the requests
//! that it holds only the time of that percentile.
//!
//! # Limits
//! - Only reads: `_search`, `_msearch`, `_mget`, `_explain`, term vectors, `_field_caps`,
//!   `_terms_enum`, and documents and their sources by id. The request must be a `GET`
//!   or `HEAD`, or be [marked as idempotent](crate::RequestOptions::idempotent). Scrolls
//!   are left out, which have a state, and `_count`, which the server does not cancel.
//! - At most a share of these requests ([`max_percent`](HedgeLayer::max_percent)), each of
//!   which also takes a token out of the retry [`Budget`](super::retry::Budget); none
//!   while less than half of the budget is left.
//! - None for a second after a node refused a request (429 or 503), or as long as it
//!   asked for (`Retry-After`).
//! - None before an endpoint has a hundred latencies.
//! - Never to the same node, nor to one that is dead.
//!
//! # Place
//! Below retry, over the layer that selects nodes, which reads the extensions
//! [`Hedge`](crate::extensions::Hedge) and
//! [`RetryContext`](crate::extensions::RetryContext). If both attempts fail, the last of
//! them is the outcome, which retry may then retry. A response that needed a hedge
//! carries both in [`Attempts`](crate::extensions::Attempts), an error in
//! [`Error::attempts`](crate::Error::attempts), and [`Event::Hedged`] reports the second.
//!
//! [`Event::Hedged`]: crate::events::Event::Hedged
//!
//! ```
//! use es_transport::{Transport, layer::HedgeLayer};
//!
//! let transport = Transport::builder()
//!     .nodes(["http://a:9200", "http://b:9200"])
//!     .hedge(HedgeLayer::new().max_percent(2))
//!     .build()?;
//! # Ok::<(), es_transport::Error>(())
//! ```

mod endpoint;
mod future;
mod latencies;
mod layer;

pub use self::{
    future::ResponseFuture,
    layer::{HedgeLayer, HedgeService},
};
