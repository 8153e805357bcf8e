use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::search::Shards;

/// The answer to `GET /{index}`: each index by its name.
pub type IndexStates = BTreeMap<String, IndexState>;

/// What an index is made of.
#[derive(Clone, Debug, Default, Deserialize)]
#[non_exhaustive]
pub struct IndexState {
    /// Its other names.
    #[serde(default)]
    pub aliases: BTreeMap<String, Value>,
    /// Its fields and how they are indexed.
    #[serde(default)]
    pub mappings: Value,
    /// Shards, replicas and so on.
    #[serde(default)]
    pub settings: Value,
}

/// The answer to a change of the cluster's state.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Acknowledged {
    /// Whether the nodes took it in time.
    #[serde(default)]
    pub acknowledged: bool,
}

/// The answer to the creation of an index.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct CreateIndexResponse {
    /// Whether the nodes took it in time.
    #[serde(default)]
    pub acknowledged: bool,
    /// Whether enough copies of its shards had started in time.
    #[serde(default)]
    pub shards_acknowledged: bool,
    /// The index's name.
    #[serde(default)]
    pub index: String,
}

/// The answer of calls that go to shards and give nothing else.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct ShardsResponse {
    /// The shards that took part.
    #[serde(rename = "_shards", default)]
    pub shards: Shards,
}
