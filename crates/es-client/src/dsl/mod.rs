//! The query DSL: constructors and setters that build the JSON of queries,
//! aggregations, sorts, highlights, suggesters, retrievers, rescorers and mappings.
//!
//! Each kind of query, aggregation and the like has a type with the options of that
//! kind, so that an option that does not belong there does not compile. All kinds and
//! options of Elasticsearch's specification are there. They serialize to the JSON that
//! one would write by hand, and go wherever a setter takes them.
//!
//! [`json!`](serde_json::json) works everywhere too: as a whole, for a part, or for
//! a single option (`with`). An option that is set to `None` stays as it is.
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
//! # async fn story(client: es_client::Elasticsearch, query: es_client::dsl::BoolQuery) -> es_client::Result<()> {
//! let found = client
//!     .search::<serde_json::Value>("products")
//!     .query(query)
//!     .sort(Sort::field("price").desc())
//!     .aggregation("brands", Aggregation::terms("brand").size(5))
//!     .await?;
//! # Ok(())
//! # }
//! # Ok::<(), serde_json::Error>(())
//! ```

#[macro_use]
mod object;
mod aggregation;
mod buckets;
mod compound;
mod full_text;
mod geo;
mod highlight;
mod intervals;
mod joining;
mod kinds;
mod knn;
mod mapping;
mod metrics;
mod pipeline;
mod query;
mod rescore;
mod retriever;
mod score_function;
mod script;
mod sort;
mod source;
mod span;
mod special;
mod suggester;

pub use aggregation::{Aggregation, Aggregations, CompositeSource};
pub use buckets::FilterAggregation;
pub use intervals::Intervals;
pub use kinds::*;
pub use mapping::*;
pub use query::Query;
pub use rescore::Rescore;
pub use retriever::Retriever;
pub use score_function::{ScoreFunction, WeightFunction};
pub use sort::Sort;
pub use source::SourceFilter;
pub use span::{SpanGapQuery, SpanQuery};
pub use suggester::{Suggester, Suggesters};
