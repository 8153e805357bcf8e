use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    object::{object, response},
    search::Shards,
};

response! {
    /// The response of `indices.rollover`.
    #[derive(Clone, Debug)]
    pub struct RolloverResponse {
        /// Whether the nodes acknowledged the change in time.
        pub acknowledged: bool,
        /// Whether enough copies of the new shards started in time.
        pub shards_acknowledged: bool,
        /// The previous write index.
        pub old_index: String,
        /// The new write index.
        pub new_index: String,
        /// Whether the index was rolled over.
        pub rolled_over: bool,
        /// Whether the conditions were only checked.
        pub dry_run: bool,
        /// The conditions, and whether each is met.
        pub conditions: BTreeMap<String, bool>,
    }
}

response! {
    /// The response of `indices.analyze`.
    #[derive(Clone, Debug)]
    pub struct AnalyzeResponse {
        /// The tokens of the text; empty with `explain`.
        pub tokens: Vec<Token>,
        /// With `explain`, the results of each step.
        pub detail: Option<Value>,
    }
}

object! {
    /// A token of an analyzed text.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Token {
        /// The token.
        pub token: String,
        /// The offset of its start in the text, in UTF-16 units.
        pub start_offset: i64,
        /// The offset of its end.
        pub end_offset: i64,
        /// The type, such as `<ALPHANUM>`.
        pub kind: String = "type",
        /// The position among the tokens.
        pub position: i64,
    }
}

response! {
    /// The response of `indices.get_index_template`.
    #[derive(Clone, Debug)]
    pub struct IndexTemplates {
        /// The templates.
        pub index_templates: Vec<NamedIndexTemplate>,
    }
}

object! {
    /// An index template with its name.
    #[derive(Clone, Debug)]
    pub struct NamedIndexTemplate {
        /// The name.
        pub name: String,
        /// The template.
        pub index_template: IndexTemplate,
    }
}

object! {
    /// A template for new indices.
    #[derive(Clone, Debug)]
    pub struct IndexTemplate {
        /// The patterns that the names of indices match.
        pub index_patterns: Vec<String>,
        /// The component templates, in their order.
        pub composed_of: Vec<String>,
        /// The template's own settings, mappings and aliases.
        pub template: Option<Value>,
        /// The priority: of all matching templates, the one with the highest priority is
        /// used.
        pub priority: Option<i64>,
        /// The version, which users set.
        pub version: Option<i64>,
        /// The metadata of the template.
        pub meta: Option<Value> = "_meta",
        /// The settings of data streams, if the template is for them.
        pub data_stream: Option<Value>,
    }
}

response! {
    /// The response of `indices.stats`.
    #[derive(Clone, Debug)]
    pub struct IndicesStats {
        /// The shards that responded.
        pub shards: Shards = "_shards",
        /// The statistics of all indices together.
        pub all: IndexStats = "_all",
        /// The statistics of each index, by name.
        pub indices: BTreeMap<String, IndexStats>,
    }
}

object! {
    /// The statistics of an index.
    #[derive(Clone, Debug)]
    pub struct IndexStats {
        /// The ID of the index.
        pub uuid: Option<String>,
        /// `green`, `yellow` or `red`.
        pub health: Option<String>,
        /// `open` or `close`.
        pub status: Option<String>,
        /// The statistics of primary shards.
        pub primaries: ShardStats,
        /// The statistics of all copies.
        pub total: ShardStats,
    }
}

object! {
    /// The statistics of shards.
    #[derive(Clone, Debug)]
    pub struct ShardStats {
        /// The documents.
        pub docs: DocsStats,
        /// The storage.
        pub store: StoreStats,
        /// The writes.
        pub indexing: IndexingStats,
        /// The searches.
        pub search: SearchStats,
    }
}

object! {
    /// The documents of shards.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DocsStats {
        /// The number of documents, including nested ones.
        pub count: i64,
        /// The number of deleted documents that have not been removed by a merge yet.
        pub deleted: i64,
    }
}

object! {
    /// The storage of shards.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct StoreStats {
        /// The size on disk, in bytes.
        pub size_in_bytes: i64,
    }
}

object! {
    /// The writes to shards.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct IndexingStats {
        /// The number of writes.
        pub index_total: i64,
        /// The total duration, in milliseconds.
        pub index_time_in_millis: i64,
        /// The number of writes that failed.
        pub index_failed: i64,
        /// The number of deletes.
        pub delete_total: i64,
    }
}

object! {
    /// The searches of shards.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SearchStats {
        /// The number of query phases.
        pub query_total: i64,
        /// The total duration, in milliseconds.
        pub query_time_in_millis: i64,
        /// The number of fetch phases.
        pub fetch_total: i64,
        /// The total duration, in milliseconds.
        pub fetch_time_in_millis: i64,
    }
}
