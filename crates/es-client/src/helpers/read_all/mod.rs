//! Reads every document that matches, as a stream, in bounded memory.
//!
//! ```
//! use es_client::Elasticsearch;
//! use futures_util::TryStreamExt;
//! use serde::Deserialize;
//! use serde_json::json;
//!
//! #[derive(Deserialize)]
//! struct Product {
//!     price: f64,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let cluster = es_testkit::Cluster::builder().start().await?;
//! # let client = Elasticsearch::builder().nodes(cluster.urls()).build()?;
//! # let products = (0..2_500).map(|n| json!({"price": f64::from(n)}));
//! # assert!(client.helpers().bulk("products", products).await?.is_complete());
//! let mut products = client
//!     .helpers()
//!     .read_all::<Product>("products")
//!     .query(&json!({"range": {"price": {"gte": 500}}}))
//!     .slices(2)
//!     .stream();
//! let mut sum = 0.0;
//! while let Some(hit) = products.try_next().await? {
//!     sum += hit.source()?.map_or(0.0, |product| product.price);
//! }
//! # assert_eq!(sum, (500..2_500).map(f64::from).sum::<f64>());
//! # Ok(())
//! # }
//! ```
//!
//! It opens a [point in time](https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-open-point-in-time)
//! and reads it page by page (`search_after`): what is written meanwhile is not
//! seen, and nothing is seen twice or left out. Each page renews the time that
//! the point in time is kept for, and it is closed at the end, after an error,
//! and when the stream is dropped (within a runtime). The next page is asked for
//! while the last one is being read.
//!
//! A page that fails in passing (a node that went away, 429, a timeout) is asked
//! for again, from where it began. Failed shards and responses that are incomplete
//! for lack of time are errors, unless they are
//! [allowed](ReadAll::allow_partial_results): an export that silently lacks a
//! shard is worse than none.
//!
//! Servers without points in time (Elasticsearch before 7.10, OpenSearch) are
//! read by scroll. A page of a scroll whose response was lost cannot be requested
//! again, since the server has moved on; that is an error, where other clients
//! silently leave the page out. A scroll whose first page is still under way when
//! the stream is dropped is left to the server, which ends it in time.
//!
//! Pages adapt to bytes: each aims at [`page_bytes`](ReadAll::page_bytes) by the
//! length of the one before, so that memory stays bounded for large documents.
//! Vectors, which a search leaves out of `_source` since 9.2, are included.
//!
//! A stream can be resumed, also by another process: keep its
//! [`resume_token`](ReadAllStream::resume_token) with what was written, and go on
//! by [`resume`](ReadAll::resume).
//!
//! It does not sort by itself: hits come in the order of the index, which is the
//! fastest, or by [`sort`](ReadAll::sort). With slices, several pages are read
//! at once and the order holds within a slice only.

mod builder;
mod page;
mod resume;
mod session;
mod stream;

pub use builder::ReadAll;
pub use resume::ResumeToken;
pub use stream::ReadAllStream;
