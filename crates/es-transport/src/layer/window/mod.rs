//! Adaptive concurrency limits: limits the requests in flight at each node, for each of its
//! thread pools.
//!
//! For each node and each of its thread pools ([`ThreadPool`](crate::ThreadPool)), a
//! [`WindowLayer`] learns how many concurrent requests the node accepts, and does not exceed
//! that number. If all windows are full, requests wait in order; after
//! [`max_wait`](WindowLayer::max_wait) a request is [rejected](crate::Error::rejected) as not
//! sent.
//!
//! Batch requests ([`RequestOptions::batch`](crate::RequestOptions::batch)) use a part of the
//! window, the batch window, and wait behind live requests. The requests of the bulk,
//! export and reindex helpers of `es-client` are batch requests.
//!
//! # The window
//! The window starts at 200 requests. A refusal (429, 503) or a timeout reduces it by a tenth,
//! once for all requests that were in flight together. While half of it is used, it grows by
//! one request in as many responses as it is wide. It stays between
//! [`min`](WindowLayer::min) and [`max`](WindowLayer::max). Latencies do not change it: live
//! requests are limited to 200 at each node, and to fewer once it refuses some or does not
//! respond in time.
//!
//! # The batch window
//! Batch requests are also limited by their latencies, long before the node refuses any. A node
//! that is sent more requests than it processes at a time makes them wait: their latency rises,
//! and nothing is processed faster. So two latencies of batch requests are compared, both as
//! geometric means: the baseline, that of requests that began while at most half of the
//! limit was in use (in samples of 32), and that of the others (about the last 16). The limit
//! starts at 10 and moves towards `limit · min(1, 1.5 · baseline / latency) + √limit / 2`, half
//! of the way in as many responses as it is wide. If half of it is never free, half is held
//! back for 32 requests, at most 5 s: at first, every 22 to 37 s, and when it has halved, but not
//! within 2 s of the last time. It falls below that half only after such a sample. If holding back does not reduce the
//! latency by a tenth, the latency has other causes and is the new baseline.
//!
//! The batch window is what is left of this limit: a quarter of it and of the window is reserved for live traffic
//! ([`live_percent`](WindowLayer::live_percent)), and batch requests use what the live requests
//! in flight leave of the rest. At least one batch request may be in flight at each node. Live
//! requests go to nodes with fewer requests in flight than this limit, if there are any beside
//! those with batch requests.
//!
//! The limit is that of one client: the more processes send batch requests to the same nodes, the
//! less it changes to hold back those of one; see `docs/simulation.md`.
//!
//! # Limits
//! Retries, probes, and requests that only some nodes may serve
//! ([`eligible`](crate::node::NodeSelector::eligible)) do not wait for the window of their
//! node. While no node is live, no request waits. Between
//! the choice of a node and its count, other threads may choose the same node, so that its window
//! may be exceeded by as many requests as there are threads.
//!
//! # Place
//! The layer belongs directly above the one that selects nodes. The latter must use the
//! layer's [`selector`](WindowLayer::selector), which chooses among the nodes whose
//! window is not full.
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

mod batch;
mod future;
mod layer;
mod limit;
mod permit;
mod selector;
mod windows;

pub use self::{
    future::ResponseFuture,
    layer::{WindowLayer, WindowService},
    selector::WindowSelector,
    windows::WindowStatus,
};
