//! The same API for callers without async.
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
//! There is no second set of builders: [`Elasticsearch`] is the asynchronous
//! client (by [`Deref`](std::ops::Deref)), and its calls, helpers and streams
//! are what [`wait`](Elasticsearch::wait) and [`iter`](Elasticsearch::iter) take.
//! Both have the same calls, and nothing is compiled twice.
//!
//! One thread in the background drives the connections and the time, however
//! many threads call. It ends with the last clone of the client. The calling
//! thread does the rest itself: it writes requests, reads responses, and sleeps
//! in between.
//!
//! # Within an async runtime
//! On a thread where a runtime lets one block (`spawn_blocking`,
//! `block_in_place`) everything works. On one where it runs its tasks, a call
//! that blocks would stop them all, those that it waits for perhaps among them:
//! there it returns an [error](crate::Error::is_invalid) at once. Use the
//! asynchronous client there.

mod client;
mod iter;
mod park;

pub use client::Elasticsearch;
pub use iter::Iter;
