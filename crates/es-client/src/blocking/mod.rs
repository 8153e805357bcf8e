//! A blocking client.
//!
//! ```
//! use es_client::{Elasticsearch, SearchResponse, blocking};
//! use serde_json::{Value, json};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (url, _cluster) = in_background();
//! let client = blocking::Elasticsearch::new(Elasticsearch::builder().node(url).build()?)?;
//! client.wait(client.index("products").id("1").document(json!({"title": "shoes"})))?;
//! let found: SearchResponse<Value> = client.wait(client.search("products").size(20))?;
//! assert_eq!(found.hits().len(), 1);
//!
//! for hit in client.iter(client.helpers().read_all::<Value>("products").stream()) {
//!     println!("{}", hit?.id);
//! }
//! # Ok(())
//! # }
//! # fn in_background() -> (String, tokio::runtime::Runtime) {
//! #     let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
//! #     let cluster = runtime.block_on(es_testkit::Cluster::builder().start()).unwrap();
//! #     let url = cluster.url(0);
//! #     runtime.spawn(async move { let _cluster = cluster; std::future::pending::<()>().await });
//! #     (url, runtime)
//! # }
//! ```
//!
//! There is no second set of builders: [`Elasticsearch`] dereferences to the
//! asynchronous client, whose requests, helpers and streams are passed to
//! [`wait`](Elasticsearch::wait) and [`iter`](Elasticsearch::iter). Both clients have
//! the same API, and nothing is compiled twice.
//!
//! A single background thread drives connections and timers, regardless of the number
//! of callers. It ends when the last clone of the client is dropped. The calling thread
//! does the rest: it writes requests, reads responses, and sleeps in between.
//!
//! # Within an async runtime
//! The client works on threads of a runtime that may block (`spawn_blocking`,
//! `block_in_place`). On a thread that runs tasks, blocking would stop all of them,
//! possibly including those that the request waits for. There, an
//! [error](crate::Error::is_invalid) is returned immediately; use the asynchronous
//! client instead.

mod client;
mod iter;
mod park;

pub use client::Elasticsearch;
pub use iter::Iter;
