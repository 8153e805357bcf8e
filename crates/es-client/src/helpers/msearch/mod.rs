//! Batches the searches of several tasks into multi-search requests.
//!
//! ```
//! use es_client::{Elasticsearch, SearchResponse};
//! use serde_json::{Value, json};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let cluster = es_testkit::Cluster::builder().start().await?;
//! # let client = Elasticsearch::builder().nodes(cluster.urls()).build()?;
//! # assert!(client.helpers().bulk("products", [json!({"brand": "a"})]).await?.is_complete());
//! # let before = cluster.request_count();
//! let searches = client.helpers().msearch("products");
//! // Wherever a search is needed, in any number of tasks:
//! let (one, other) = tokio::join!(
//!     searches.search::<Value>(&json!({"query": {"term": {"brand": "a"}}})).into_future(),
//!     searches.search::<Value>(&json!({"query": {"term": {"brand": "b"}}})).into_future(),
//! );
//! assert_eq!(one?.hits().len(), 1);
//! assert_eq!(other?.hits().len(), 0);
//! # assert_eq!(cluster.request_count(), before + 1);
//! # Ok(())
//! # }
//! ```
//!
//! A search waits until enough others have been added
//! ([`max_searches`](Msearch::max_searches)) or its wait is over
//! ([`max_wait`](Msearch::max_wait)); then they are sent as one multi-search. Each has
//! its own response or error: if a request fails because one search is invalid, or
//! because the request or its response is too large, it is retried in parts. Dropping
//! the future of one search does not affect the others.
//!
//! This saves round trips and connections if many small searches run concurrently. A
//! slow search delays the other searches in its request.

mod batch;
mod queue;

pub use queue::{Msearch, QueuedSearch};
