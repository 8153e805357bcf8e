//! Reads all matching documents as a stream, in bounded memory.
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
//! It opens a [point in
//! time](https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-open-point-in-time)
//! and reads it page by page (`search_after`): later changes are not visible, and no document is
//! returned twice or omitted. Each page extends the lifetime of the point in time. It is closed at
//! the end, after an error, and when the stream is dropped (within a runtime). The next page is
//! requested while the current one is being read.
//!
//! After a transient failure (a lost node, 429, a timeout), the page is requested
//! again. Failed shards and incomplete responses are errors unless they are
//! [allowed](ReadAll::allow_partial_results), so that an export is never silently
//! incomplete.
//!
//! A document that cannot be deserialized is an error of its own hit only: its
//! [`source`](crate::types::Hit::source) names index, ID and field. Stop at it (`?`), skip
//! it, or collect the errors; the stream and its pages are not affected. As the input of
//! [`bulk`](super::bulk), such a hit is a failed operation, so that
//! [`stop_after_failures`](super::bulk::Bulk::stop_after_failures) and
//! [`dead_letters`](super::bulk::Bulk::dead_letters) apply to it.
//!
//! Servers without points in time (Elasticsearch before 7.10, OpenSearch) are read by
//! scroll. If the response with a page of a scroll is lost, the page cannot be
//! requested again, because the server has advanced the scroll; this is an error
//! instead of a silently missing page. A scroll whose first page is still in flight
//! when the stream is dropped is closed by the server when it expires.
//!
//! The number of hits per page adapts to the size of the previous page, with
//! [`page_bytes`](ReadAll::page_bytes) as its target, so that memory stays bounded for
//! large documents. Vectors, which searches omit from `_source` since 9.2, are
//! included.
//!
//! A stream can be resumed, even by another process: store its
//! [`resume_token`](ReadAllStream::resume_token) with the exported data, and pass it to
//! [`resume`](ReadAll::resume).
//!
//! By default, hits are returned in index order, which is fastest;
//! [`sort`](ReadAll::sort) sets another order. With slices, several pages are read
//! concurrently, and the order holds only within each slice.

mod builder;
mod page;
mod resume;
mod session;
mod stream;

pub use builder::ReadAll;
pub use resume::ResumeToken;
pub use stream::ReadAllStream;
