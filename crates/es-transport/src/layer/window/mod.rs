//! Limits the requests in flight at each node, for each of its thread pools.
//!
//! A node that is asked for more than it can do first becomes slow, then refuses. A
//! [`WindowLayer`] learns from the latencies and refusals of each node how many requests
//! it serves well at a time, for searches, gets, writes and everything else
//! ([`ThreadPool`](crate::ThreadPool)), and sends no more. A request for which all
//! windows are full waits, in order; after [`max_wait`](WindowLayer::max_wait) it is
//! [rejected](crate::Error::rejected), as not sent.
//!
//! Half of each window is for live traffic alone
//! ([`live_percent`](WindowLayer::live_percent)). Work that can wait
//! ([`RequestOptions::batch`](crate::RequestOptions::batch)) takes the rest, and waits
//! behind live requests. The bulk, export and reindex helpers of `es-client` mark their
//! requests so.
//!
//! # The window
//! It begins with 20 requests. With every response it moves towards
//! `window · min(1, 1.5 · usual / recent) + 4`, a fifth of the way, where *recent* is the
//! average latency of about eight responses and *usual* a slow average that follows
//! lower latencies sooner than higher ones. It does not grow while less than half of it
//! is used. A refusal (429, 503) or a timeout makes it a tenth smaller, once for all
//! requests that were in flight together. It stays between
//! [`min`](WindowLayer::min) and [`max`](WindowLayer::max).
//!
//! # Place
//! Directly over the layer that selects nodes, whose selector is the layer's
//! [`selector`](WindowLayer::selector): it chooses among the nodes with room.
//!
//! ```
//! use es_transport::{Transport, layer::WindowLayer};
//!
//! let transport = Transport::builder()
//!     .nodes(["http://a:9200", "http://b:9200"])
//!     .windows(WindowLayer::new().live_percent(30))
//!     .build()?;
//! # Ok::<(), es_transport::Error>(())
//! ```

mod future;
mod layer;
mod limit;
mod selector;
mod windows;

pub use self::{
    future::ResponseFuture,
    layer::{WindowLayer, WindowService},
    selector::WindowSelector,
    windows::WindowStatus,
};
