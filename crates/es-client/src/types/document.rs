use serde::Deserialize;
use serde_json::Value;

use super::{cause::ErrorCause, search::Shards};

/// The answer to the writing of one document.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct WriteResponse {
    /// The index that was written to.
    #[serde(rename = "_index")]
    pub index: String,
    /// The document's id.
    #[serde(rename = "_id")]
    pub id: String,
    /// How often the document was written.
    #[serde(rename = "_version", default)]
    pub version: u64,
    /// `created`, `updated`, `deleted`, `not_found` or `noop`.
    #[serde(default)]
    pub result: String,
    /// The number of this change within the shard: with `primary_term` what
    /// `if_seq_no` and `if_primary_term` of a later write take. `None` where nothing
    /// was changed.
    #[serde(rename = "_seq_no", default)]
    pub seq_no: Option<u64>,
    /// The primary term of this change.
    #[serde(rename = "_primary_term", default)]
    pub primary_term: Option<u64>,
    /// The shards that took the write.
    #[serde(rename = "_shards", default)]
    pub shards: Shards,
    /// Whether the index was refreshed for it.
    #[serde(default)]
    pub forced_refresh: bool,
    /// The document after an update, where its source was asked for.
    #[serde(default)]
    pub get: Option<Value>,
}

/// The answer to the reading of one document.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct GetResponse<T> {
    /// The index that it is in.
    #[serde(rename = "_index")]
    pub index: String,
    /// The document's id.
    #[serde(rename = "_id")]
    pub id: String,
    /// Whether there is such a document.
    #[serde(default)]
    pub found: bool,
    /// How often the document was written.
    #[serde(rename = "_version", default)]
    pub version: Option<u64>,
    /// The number of its last change.
    #[serde(rename = "_seq_no", default)]
    pub seq_no: Option<u64>,
    /// The primary term of its last change.
    #[serde(rename = "_primary_term", default)]
    pub primary_term: Option<u64>,
    /// The value that decided on its shard, where it is not the id.
    #[serde(rename = "_routing", default)]
    pub routing: Option<String>,
    /// The document; `None` where the source was not asked for.
    #[serde(rename = "_source")]
    pub source: Option<T>,
    /// Fields that were asked for by name.
    #[serde(default)]
    pub fields: Option<Value>,
    /// Why it could not be read, in the answer to `mget`.
    #[serde(default)]
    pub error: Option<ErrorCause>,
}
