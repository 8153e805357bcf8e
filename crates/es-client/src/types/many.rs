use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    aggs::Aggregations,
    cause::ErrorCause,
    document::GetResponse,
    search::{Hits, SearchResponse, Shards},
    suggest::Suggestion,
};

/// The answer to `mget`: the documents in the order in which they were asked for.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct MgetResponse<T> {
    /// One entry for each document, found or not.
    #[serde(default = "Vec::new")]
    pub docs: Vec<GetResponse<T>>,
}

impl<T> MgetResponse<T> {
    /// The documents that there are and whose sources were asked for.
    pub fn documents(&self) -> impl Iterator<Item = &T> {
        self.docs.iter().filter_map(|doc| doc.source.as_ref())
    }
}

/// The answer to `msearch`.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct MsearchResponse<T> {
    /// How long the cluster took, in milliseconds.
    #[serde(default)]
    pub took: u64,
    /// One entry for each search, in their order.
    #[serde(default = "Vec::new")]
    pub responses: Vec<MsearchItem<T>>,
}

/// What became of one search of several.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Either<T>", bound = "T: Deserialize<'de>")]
pub enum MsearchItem<T> {
    /// It was answered.
    Found(Box<SearchResponse<T>>),
    /// It failed, whatever became of the others.
    Failed {
        /// The status that it would have had as a call of its own.
        status: u16,
        /// What is wrong.
        error: Box<ErrorCause>,
    },
}

impl<T> MsearchItem<T> {
    /// The answer, or what is wrong.
    ///
    /// # Errors
    /// This search failed.
    pub fn as_result(&self) -> Result<&SearchResponse<T>, &ErrorCause> {
        match self {
            Self::Found(found) => Ok(found),
            Self::Failed { error, .. } => Err(error),
        }
    }
}

/// The properties of an answer and of an error side by side: an untagged enum
/// would build a tree of all hits first.
#[derive(Deserialize)]
struct Either<T> {
    error: Option<Box<ErrorCause>>,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    took: u64,
    #[serde(default)]
    timed_out: bool,
    terminated_early: Option<bool>,
    #[serde(rename = "_shards", default)]
    shards: Shards,
    #[serde(rename = "_clusters")]
    clusters: Option<Value>,
    #[serde(default = "Hits::default")]
    hits: Hits<T>,
    #[serde(default)]
    aggregations: Aggregations,
    #[serde(default)]
    suggest: BTreeMap<String, Vec<Suggestion>>,
    profile: Option<Value>,
    #[serde(rename = "_scroll_id")]
    scroll_id: Option<String>,
    pit_id: Option<String>,
}

impl<T> From<Either<T>> for MsearchItem<T> {
    fn from(from: Either<T>) -> Self {
        let Either { error, status, took, timed_out, shards, hits, .. } = from;
        let Either { terminated_early, clusters, aggregations, suggest, .. } = from;
        let Either { profile, scroll_id, pit_id, .. } = from;
        match error {
            Some(error) => Self::Failed { status, error },
            None => Self::Found(Box::new(SearchResponse {
                took,
                timed_out,
                terminated_early,
                shards,
                clusters,
                hits,
                aggregations,
                suggest,
                profile,
                scroll_id,
                pit_id,
            })),
        }
    }
}

/// The answer to `bulk`.
///
/// The items stay text until they are asked for: where `errors` is `false`
/// nobody needs them.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct BulkResponse {
    /// How long the cluster took, in milliseconds.
    #[serde(default)]
    pub took: u64,
    /// Whether at least one operation failed.
    #[serde(default)]
    pub errors: bool,
    /// How long ingest pipelines took, in milliseconds, where there were any.
    #[serde(default)]
    pub ingest_took: Option<u64>,
    /// What became of each operation, as it came.
    #[serde(default)]
    pub items: Option<Box<RawValue>>,
}

impl BulkResponse {
    /// What became of each operation, in their order.
    ///
    /// # Errors
    /// The items have another form.
    pub fn items(&self) -> serde_json::Result<Vec<BulkItem>> {
        let Some(raw) = &self.items else { return Ok(Vec::new()) };
        let items: Vec<BTreeMap<String, BulkItem>> = serde_json::from_str(raw.get())?;
        let named = |(action, item): (String, BulkItem)| BulkItem { action, ..item };
        Ok(items.into_iter().filter_map(|mut item| item.pop_first().map(named)).collect())
    }

    /// The operations that failed, each with its place in the request from 0 on;
    /// costs nothing where `errors` is `false`.
    ///
    /// # Errors
    /// The items have another form.
    pub fn failures(&self) -> serde_json::Result<Vec<(usize, BulkItem)>> {
        if !self.errors {
            return Ok(Vec::new());
        }
        Ok(self.items()?.into_iter().enumerate().filter(|(_, item)| item.error.is_some()).collect())
    }
}

/// What became of one operation of a bulk request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct BulkItem {
    /// `index`, `create`, `update` or `delete`.
    #[serde(skip)]
    pub action: String,
    /// The index that was written to.
    #[serde(rename = "_index")]
    pub index: String,
    /// The document's id.
    #[serde(rename = "_id")]
    pub id: Option<String>,
    /// The status that the operation would have had as a call of its own.
    pub status: u16,
    /// `created`, `updated`, `deleted`, `not_found` or `noop`.
    pub result: Option<String>,
    /// How often the document was written.
    #[serde(rename = "_version")]
    pub version: Option<u64>,
    /// The number of this change within the shard.
    #[serde(rename = "_seq_no")]
    pub seq_no: Option<u64>,
    /// The primary term of this change.
    #[serde(rename = "_primary_term")]
    pub primary_term: Option<u64>,
    /// The document after an update, where its source was asked for.
    pub get: Option<Value>,
    /// Why it failed.
    pub error: Option<ErrorCause>,
}
