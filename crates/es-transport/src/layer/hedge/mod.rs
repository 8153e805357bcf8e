//! Hedged requests: sends a slow read to a second node, and uses the first response.
//!
//! A request that waits longer than the 95th percentile of its endpoint's recent
//! latencies, and longer than three times their median, is sent to another live node as
//! well. The first good response wins, and the other attempt is dropped: its connection
//! closes, and Elasticsearch cancels the search within milliseconds. If a node pauses for a
//! second, the requests at that node are delayed only by this time.
//!
//! # Limits
//! - Only reads: `_search`, `_msearch`, `_mget`, `_explain`, term vectors, `_field_caps`,
//!   `_terms_enum`, and documents and their sources by id. The request must be a `GET` or
//!   `HEAD`, or be [marked as idempotent](crate::RequestOptions::idempotent). Excluded
//!   are scrolls, which have state, and `_count`, which the server does not cancel.
//! - At most a share of these requests ([`max_percent`](HedgeLayer::max_percent)). Each
//!   hedge also takes a token from the retry [`Budget`](super::retry::Budget), and none is
//!   sent while less than half of the budget is left.
//! - None for a second, or the time in `Retry-After`, after a node refused a request
//!   (429 or 503).
//! - None until a hundred latencies of the endpoint have been measured.
//! - None while the request waits for a [window](crate::layer::window).
//! - Never to the same node or to a dead one.
//!
//! # Place
//! The layer belongs below retry and above the layer that selects nodes, which reads the
//! extensions [`Hedge`](crate::extensions::Hedge) and
//! [`RetryContext`](crate::extensions::RetryContext). If both attempts fail, the outcome
//! is that of the last one, which may be retried. Both attempts are listed in the
//! extension [`Attempts`](crate::extensions::Attempts) of the response, or in
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
