//! An Elasticsearch client on the [`es_transport`] stack.
//!
//! ```no_run
//! use es_client::{Elasticsearch, SearchResponse};
//! use serde_json::{Value, json};
//!
//! # async fn story() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Elasticsearch::builder()
//!     .nodes(["https://localhost:9200", "https://localhost:9201"])
//!     .ssl_assert_fingerprint("A5:2D:D9:35:11:E8:C6:04:5E:21:F1:66:54:B7:7C:9E:E0:F3:4A:EA:26:D9:F4:03:20:B5:31:C4:74:67:62:28")
//!     .basic_auth("elastic", "changeme")
//!     .build()?;
//! client.index("products").id("1").document(json!({"title": "trail shoes"})).await?;
//! let found: SearchResponse<Value> =
//!     client.search("products").query(json!({"match": {"title": "shoes"}})).size(20).await?;
//! for hit in found.hits() {
//!     println!("{} {:?}", hit.id, hit.source()?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | module | contents |
//! | --- | --- |
//! | [`client`] | [`Elasticsearch`], the client |
//! | [`options`] | per-request settings: `client.options()` |
//! | [`api`] | one builder per endpoint |
//! | [`types`] | typed responses |
//! | [`dsl`] | builders of queries, aggregations, sorts and so on |
//! | [`blocking`] | a blocking client |
//! | [`helpers`] | operations of several requests: bulk, reading all documents, copying an index |
//! | [`response`] | status, headers and node of a response; untyped responses |
//! | [`error`] | errors of requests and helpers |
//! | [`endpoint`] | the facts of each endpoint, as a static table |
//! | [`params`] | the values that setters accept |
//! | [`prelude`] | the names that most programs need |
//! | `testkit` | a client for the embedded cluster; needs the feature of this name |
//!
//! The transport's settings, selectors and layers are in [`es_transport`], which is
//! re-exported under its own name; its features are features of this crate too.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod api;
pub mod blocking;
mod call;
pub mod client;
#[cfg(doctest)]
mod compile_fail;
pub mod dsl;
pub mod endpoint;
pub mod error;
pub mod helpers;
mod json_body;
mod json_path;
mod json_read;
pub mod options;
pub mod params;
mod path;
pub mod prelude;
pub mod response;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod types;

pub use call::{Call, CallByName, CallFuture, StreamFuture, TypedFuture};
pub use client::Elasticsearch;
pub use error::{ApiError, DecodeError, Error, Result};
pub use options::ClientOptions;
pub use response::{Meta, Response, StreamingResponse, Typed};
pub use types::{Info, SearchResponse};

pub use es_transport::{self, Config};
pub use http;
