//! Adaptive concurrency limits: limits the requests in flight at each node, for each of its
//! thread pools.
//!
//! An overloaded node first becomes slow, then refuses requests. From the latencies and
//! refusals of each node, a [`WindowLayer`] learns how many concurrent requests the node
//! serves well, separately for searches, gets, writes and everything else
//! ([`ThreadPool`](crate::ThreadPool)), and does not exceed that number. If all windows
//! are full, requests wait in order; after [`max_wait`](WindowLayer::max_wait) a request
//! is [rejected](crate::Error::rejected) as not sent.
//!
//! A fifth of each window is reserved for live traffic
//! ([`live_percent`](WindowLayer::live_percent)). Batch requests
//! ([`RequestOptions::batch`](crate::RequestOptions::batch)) use the rest and wait
//! behind live requests. The requests of the bulk, export and reindex helpers of
//! `es-client` are batch requests.
//!
//! # The window
//! The window starts at 10 requests. A node that is sent more requests than it processes at a
//! time makes them wait: their latency rises, and nothing is processed faster. So two
//! latencies are compared, both as geometric means: *calm*, that of requests which began
//! while at most half of the window was in use (32 of them at a time, averaged with the last
//! value), and *used*, that of the others (about the last 16). While the window is in use,
//! it moves towards `window · min(1, 1.5 · calm / used) + √window / 2`, half of the way in as
//! many responses as it is wide. If traffic never leaves half of the window free, half of it
//! is held back for 32 requests, every 22 to 37 s, or after 2 s if the window has halved.
//! A refusal (429, 503) or a timeout reduces it by a tenth, once for all requests that were in
//! flight together. It stays between [`min`](WindowLayer::min) and
//! [`max`](WindowLayer::max).
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

mod future;
mod layer;
mod limit;
mod place;
mod selector;
mod windows;

pub use self::{
    future::ResponseFuture,
    layer::{WindowLayer, WindowService},
    selector::WindowSelector,
    windows::WindowStatus,
};
