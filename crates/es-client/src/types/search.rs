use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use super::{aggs::Aggregations, cause::ShardFailure, lenient, suggest::Suggestion, total::Total};

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
    /// Whether a shard stopped early because it had found `terminate_after` hits.
    #[serde(default)]
    pub terminated_early: Option<bool>,
    /// The shards that took part.
    #[serde(rename = "_shards", default)]
    pub shards: Shards,
    /// The clusters that took part, where the search went to several: how many,
    /// and the `details` of each.
    #[serde(rename = "_clusters", default)]
    pub clusters: Option<Value>,
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
    /// What took how long on each shard, where `profile` was asked for.
    #[serde(default)]
    pub profile: Option<Value>,
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
    #[serde(default, deserialize_with = "super::total::read")]
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

/// One hit.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Hit<T> {
    /// The index that it is in.
    #[serde(rename = "_index")]
    pub index: String,
    /// The document's id; empty where it was not asked for (`stored_fields` is `_none_`).
    #[serde(rename = "_id", default)]
    pub id: String,
    /// The value that decided on its shard, where it is not the id.
    #[serde(rename = "_routing", default)]
    pub routing: Option<String>,
    /// How well it matches; `None` where hits are sorted otherwise.
    #[serde(rename = "_score", default)]
    pub score: Option<f64>,
    /// How often the document was written, where `version` was asked for.
    #[serde(rename = "_version", default)]
    pub version: Option<u64>,
    /// The number of its last change, where `seq_no_primary_term` was asked for.
    #[serde(rename = "_seq_no", default)]
    pub seq_no: Option<u64>,
    /// The primary term of its last change, where that was asked for.
    #[serde(rename = "_primary_term", default)]
    pub primary_term: Option<u64>,
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
    /// The names of the queries that it matches, of those that have one (`_name`).
    #[serde(default, deserialize_with = "lenient::names")]
    pub matched_queries: Vec<String>,
    /// The nested objects, children, parent or members of its group that match, by
    /// the names of the `inner_hits`; [`inner_hits`](Self::inner_hits) reads them.
    #[serde(default)]
    pub inner_hits: Option<Box<RawValue>>,
    /// Why it has this score, where `explain` was asked for.
    #[serde(rename = "_explanation", default)]
    pub explanation: Option<Box<RawValue>>,
}

impl<T> Hit<T> {
    /// The inner hits of one name, with sources of type `U`; `None` where there are
    /// none of that name. Without one of its own the name is the path or type.
    ///
    /// ```
    /// use es_client::types::Hit;
    ///
    /// let hit: Hit<serde_json::Value> = serde_json::from_str(
    ///     r#"{"_index": "books", "_id": "1", "inner_hits": {"pages": {"hits": {
    ///         "total": {"value": 1, "relation": "eq"},
    ///         "hits": [{"_index": "books", "_id": "1", "_source": {"number": 7}}]}}}}"#,
    /// )?;
    /// let pages = hit.inner_hits::<serde_json::Value>("pages")?.unwrap_or_default();
    /// assert_eq!(pages.hits[0].source.as_ref().map(|page| &page["number"]), Some(&7.into()));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// A source is not of that type.
    pub fn inner_hits<U: DeserializeOwned>(
        &self,
        name: &str,
    ) -> serde_json::Result<Option<Hits<U>>> {
        #[derive(Deserialize)]
        struct Inner<U> {
            hits: Hits<U>,
        }
        let Some(all) = &self.inner_hits else { return Ok(None) };
        let mut all: BTreeMap<String, &RawValue> = serde_json::from_str(all.get())?;
        let Some(inner) = all.remove(name) else { return Ok(None) };
        serde_json::from_str::<Inner<U>>(inner.get()).map(|inner| Some(inner.hits))
    }
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
