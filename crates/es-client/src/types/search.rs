use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{aggs::Aggregations, cause::ShardFailure, suggest::Suggestion};

/// The answer to a search, with documents of type `T`.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct SearchResponse<T> {
    /// How long the cluster took, in milliseconds.
    #[serde(default)]
    pub took: u64,
    /// Whether the answer is incomplete because the time was over.
    #[serde(default)]
    pub timed_out: bool,
    /// The shards that took part.
    #[serde(rename = "_shards", default)]
    pub shards: Shards,
    /// The hits and their number.
    #[serde(default = "Hits::default")]
    pub hits: Hits<T>,
    /// The aggregations, by name.
    #[serde(default)]
    pub aggregations: Aggregations,
    /// What the suggesters suggest, by their names: one entry for each piece of
    /// the text.
    #[serde(default)]
    pub suggest: BTreeMap<String, Vec<Suggestion>>,
    /// The id to scroll on with.
    #[serde(rename = "_scroll_id", default)]
    pub scroll_id: Option<String>,
    /// The point in time to go on with.
    #[serde(default)]
    pub pit_id: Option<String>,
}

impl<T> SearchResponse<T> {
    /// The hits.
    pub fn hits(&self) -> &[Hit<T>] {
        &self.hits.hits
    }

    /// The documents of the hits, where their sources were asked for.
    pub fn documents(&self) -> impl Iterator<Item = &T> {
        self.hits.hits.iter().filter_map(|hit| hit.source.as_ref())
    }

    /// The aggregations, by name.
    pub fn aggs(&self) -> &Aggregations {
        &self.aggregations
    }

    /// How many documents match; at least this many where `total.relation` is `gte`.
    pub fn total(&self) -> Option<u64> {
        self.hits.total.as_ref().map(|total| total.value)
    }
}

/// The hits of a search and their number.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Hits<T> {
    /// How many documents match; `None` where it was not asked for.
    #[serde(default)]
    pub total: Option<Total>,
    /// The best score.
    #[serde(default)]
    pub max_score: Option<f64>,
    /// The hits.
    #[serde(default = "Vec::new")]
    pub hits: Vec<Hit<T>>,
}

impl<T> Default for Hits<T> {
    fn default() -> Self {
        Self { total: None, max_score: None, hits: Vec::new() }
    }
}

/// How many documents match.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Total {
    /// The number.
    pub value: u64,
    /// `eq`, or `gte` where counting stopped there.
    pub relation: String,
}

/// One hit.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Hit<T> {
    /// The index that it is in.
    #[serde(rename = "_index")]
    pub index: String,
    /// The document's id.
    #[serde(rename = "_id")]
    pub id: String,
    /// The value that decided on its shard, where it is not the id.
    #[serde(rename = "_routing", default)]
    pub routing: Option<String>,
    /// How well it matches; `None` where hits are sorted otherwise.
    #[serde(rename = "_score", default)]
    pub score: Option<f64>,
    /// The document; `None` where the source was not asked for.
    #[serde(rename = "_source")]
    pub source: Option<T>,
    /// Its sort values, for `search_after`.
    #[serde(default)]
    pub sort: Vec<Value>,
    /// Fields that were asked for by name.
    #[serde(default)]
    pub fields: Option<Box<RawValue>>,
    /// Highlighted fragments, by field.
    #[serde(default)]
    pub highlight: BTreeMap<String, Vec<String>>,
}

/// The shards that took part in a call.
#[derive(Clone, Debug, Default, Deserialize)]
#[non_exhaustive]
pub struct Shards {
    /// All.
    #[serde(default)]
    pub total: u32,
    /// Those that succeeded.
    #[serde(default)]
    pub successful: u32,
    /// Those that were passed over because nothing in them can match.
    #[serde(default)]
    pub skipped: u32,
    /// Those that failed.
    #[serde(default)]
    pub failed: u32,
    /// Why, one entry per kind of failure.
    #[serde(default)]
    pub failures: Vec<ShardFailure>,
}
