//! The query DSL: constructors and setters that build the JSON of queries,
//! aggregations, sorts, highlights, suggesters, retrievers and rescorers: every
//! kind that Elasticsearch's specification has, with every option.
//!
//! What they build serialises to exactly the JSON that one would write by hand,
//! and goes wherever a builder takes a value. `json!` works everywhere too: as a
//! whole, for a part ([`Query::from`] a [`Value`](serde_json::Value)), or for a
//! single option ([`Query::with`]).
//!
//! ```
//! use es_client::dsl::{Aggregation, Query, Sort};
//! use serde_json::json;
//!
//! let query = Query::bool()
//!     .must(Query::match_("title", "trail shoes"))
//!     .filter(Query::range("price").gte(20).lt(100))
//!     .must_not(Query::term("sold_out", true));
//! assert_eq!(
//!     serde_json::to_value(&query)?,
//!     json!({"bool": {
//!         "must": [{"match": {"title": {"query": "trail shoes"}}}],
//!         "filter": [{"range": {"price": {"gte": 20, "lt": 100}}}],
//!         "must_not": [{"term": {"sold_out": {"value": true}}}],
//!     }})
//! );
//!
//! # async fn story(client: es_client::Elasticsearch, query: Query) -> es_client::Result<()> {
//! let found: es_client::SearchResponse<serde_json::Value> = client
//!     .search("products")
//!     .query(query)
//!     .sort([Sort::field("price").desc(), Sort::score()])
//!     .aggregations(json!({"brands": Aggregation::terms("brand").size(5)}))
//!     .await?;
//! # Ok(())
//! # }
//! # Ok::<(), serde_json::Error>(())
//! ```

mod aggregation;
mod bool_query;
mod buckets;
mod full_text;
mod geo;
mod intervals;
mod joining;
mod metrics;
mod object;
mod pipeline;
mod query;
mod rescore;
mod retriever;
mod score_function;
mod search;
mod span;
mod special;
mod suggester;

pub use aggregation::Aggregation;
pub use intervals::Intervals;
pub use query::Query;
pub use rescore::Rescore;
pub use retriever::Retriever;
pub use score_function::ScoreFunction;
pub use search::{Highlight, Sort};
pub use suggester::Suggester;
