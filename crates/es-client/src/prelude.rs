//! The most common imports.
//!
//! ```
//! use es_client::prelude::*;
//!
//! # async fn story(client: Elasticsearch) -> es_client::Result<()> {
//! let query = Query::match_("title", "trail shoes").boost(2.0);
//! let page = client
//!     .search::<serde_json::Value>("products")
//!     .query(query)
//!     .sort([Sort::field("price").desc()])
//!     .opaque_id("shop")
//!     .await?;
//! # Ok(())
//! # }
//! ```

pub use crate::{
    Call, Config, Elasticsearch, SearchResponse,
    dsl::{Aggregation, Query, Sort},
};
