use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::answer::answer;
use super::{lenient::list, search::Shards};

answer! {
    /// The answer to `indices.rollover`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct RolloverResponse {
        /// Whether the nodes took it in time.
        pub acknowledged: bool,
        /// Whether enough copies of the new shards had started in time.
        pub shards_acknowledged: bool,
        /// The index that was written to.
        pub old_index: String,
        /// The index that is written to from now on.
        pub new_index: String,
        /// Whether it was changed.
        pub rolled_over: bool,
        /// Whether it was only tried.
        pub dry_run: bool,
        /// Each condition and whether it is met.
        pub conditions: BTreeMap<String, bool>,
    }
}

answer! {
    /// The answer to `indices.analyze`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct AnalyzeResponse {
        /// The tokens of the text; empty with `explain`.
        pub tokens: Vec<Token>,
        /// With `explain`: what each step made of it.
        pub detail: Option<Value>,
    }
}

answer! {
    /// One token of an analysed text.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Token {
        /// The token.
        pub token: String,
        /// Where it starts in the text, in UTF-16 units.
        pub start_offset: u64,
        /// Where it ends.
        pub end_offset: u64,
        /// Such as `<ALPHANUM>`.
        pub kind: String = "type",
        /// Its place among the tokens.
        pub position: u64,
    }
}

answer! {
    /// The answer to `indices.get_index_template`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct IndexTemplates {
        /// The templates.
        pub index_templates: Vec<NamedIndexTemplate>,
    }
}

answer! {
    /// An index template and its name.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct NamedIndexTemplate {
        /// The name.
        pub name: String,
        /// The template.
        pub index_template: IndexTemplate,
    }
}

/// What new indices of some names start with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct IndexTemplate {
    /// The patterns of the names.
    #[serde(deserialize_with = "list")]
    pub index_patterns: Vec<String>,
    /// The component templates that it is made of, in their order.
    pub composed_of: Vec<String>,
    /// Settings, mappings and aliases of its own.
    pub template: Option<Value>,
    /// Which of several templates is taken: the one with the highest number.
    pub priority: Option<u64>,
    /// A number that its authors keep.
    pub version: Option<i64>,
    /// What its authors say of it.
    #[serde(rename = "_meta")]
    pub meta: Option<Value>,
    /// Given where it makes data streams.
    pub data_stream: Option<Value>,
}

answer! {
    /// The answer to `indices.stats`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct IndicesStats {
        /// The shards that answered.
        pub shards: Shards = "_shards",
        /// All indices together.
        pub all: IndexStats = "_all",
        /// Each index by its name.
        pub indices: BTreeMap<String, IndexStats>,
    }
}

answer! {
    /// The numbers of an index, of its primary shards and of all copies.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct IndexStats {
        /// The index's id.
        pub uuid: Option<String>,
        /// `green`, `yellow` or `red`.
        pub health: Option<String>,
        /// `open` or `close`.
        pub status: Option<String>,
        /// Of the primary shards.
        pub primaries: ShardStats,
        /// Of all copies.
        pub total: ShardStats,
    }
}

answer! {
    /// What was counted on shards.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct ShardStats {
        /// How many documents.
        pub docs: DocsStats,
        /// How much room they take.
        pub store: StoreStats,
        /// What was written.
        pub indexing: IndexingStats,
        /// What was searched.
        pub search: SearchStats,
        ..
        /// The groups of numbers that have no type here, such as `merges`.
        pub other
    }
}

answer! {
    /// How many documents there are.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct DocsStats {
        /// Documents, nested ones included.
        pub count: u64,
        /// Those that are deleted but not yet merged away.
        pub deleted: u64,
    }
}

answer! {
    /// How much room documents take.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct StoreStats {
        /// On disk, in bytes.
        pub size_in_bytes: u64,
    }
}

answer! {
    /// What was written.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct IndexingStats {
        /// Writes.
        pub index_total: u64,
        /// The time that they took, in milliseconds.
        pub index_time_in_millis: u64,
        /// Writes that failed.
        pub index_failed: u64,
        /// Deletions.
        pub delete_total: u64,
    }
}

answer! {
    /// What was searched.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct SearchStats {
        /// Query phases.
        pub query_total: u64,
        /// The time that they took, in milliseconds.
        pub query_time_in_millis: u64,
        /// Fetch phases.
        pub fetch_total: u64,
        /// The time that they took, in milliseconds.
        pub fetch_time_in_millis: u64,
    }
}
