use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::answer;
use super::{lenient::text, search::Shards};

/// Indices by their names: the answer to `indices.get`, `get_mapping`,
/// `get_settings` and `get_alias`, of which each fills its part of a state.
pub type IndexStates = BTreeMap<String, IndexState>;

answer! {
    /// What an index is made of.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct IndexState {
        /// Its other names.
        pub aliases: BTreeMap<String, Alias>,
        /// Its fields and how they are indexed.
        pub mappings: Value,
        /// Shards, replicas and so on.
        pub settings: Value,
        /// Settings that nobody set, where they were asked for.
        pub defaults: Value,
        /// The data stream that it belongs to.
        pub data_stream: Option<String>,
    }
}

impl IndexState {
    /// A setting as text, such as `number_of_shards` or `index.refresh_interval`;
    /// whether settings came flat or nested, set or by default.
    ///
    /// ```
    /// use es_client::types::IndexState;
    ///
    /// let state: IndexState = serde_json::from_str(
    ///     r#"{"settings": {"index": {"routing": {"allocation": {"require": "x"}}, "number_of_shards": "2"}}}"#,
    /// )?;
    /// assert_eq!(state.setting("number_of_shards").as_deref(), Some("2"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn setting(&self, name: &str) -> Option<String> {
        let name = name.strip_prefix("index.").unwrap_or(name);
        let flat = format!("index.{name}");
        let nested = format!("/index/{}", name.replace('.', "/"));
        let of = |from: &Value| from.get(&flat).or_else(|| from.pointer(&nested)).and_then(text);
        of(&self.settings).or_else(|| of(&self.defaults))
    }

    /// The mapping of the fields at the top level, by their names.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &Value)> {
        let fields = self.mappings.get("properties").and_then(Value::as_object);
        fields.into_iter().flatten().map(|(name, field)| (name.as_str(), field))
    }
}

answer! {
    /// Another name of an index.
    #[derive(Clone, Debug, Default, PartialEq)]
    #[non_exhaustive]
    pub struct Alias {
        /// The documents that are seen through it.
        pub filter: Option<Value>,
        /// The routing of writes through it.
        pub index_routing: Option<String>,
        /// The routing of searches through it.
        pub search_routing: Option<String>,
        /// Whether writes through it go to this index.
        pub is_write_index: Option<bool>,
        /// Whether patterns pass it over.
        pub is_hidden: Option<bool>,
    }
}

answer! {
    /// The answer to a change of the cluster's state.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct Acknowledged {
        /// Whether the nodes took it in time.
        pub acknowledged: bool,
        /// Whether some of several actions had nothing to act on (`update_aliases`).
        pub errors: bool,
    }
}

answer! {
    /// The answer to the creation of an index.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct CreateIndexResponse {
        /// Whether the nodes took it in time.
        pub acknowledged: bool,
        /// Whether enough copies of its shards had started in time.
        pub shards_acknowledged: bool,
        /// The index's name.
        pub index: String,
    }
}

answer! {
    /// The answer of calls that go to shards and give nothing else.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct ShardsResponse {
        /// The shards that took part.
        pub shards: Shards = "_shards",
    }
}
