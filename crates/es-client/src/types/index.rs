use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    lenient::text,
    object::{object, response},
    search::Shards,
};

/// Indices by name: the response of `indices.get`, `get_mapping`, `get_settings` and
/// `get_alias`, each of which has its part of a state.
pub type IndexStates = BTreeMap<String, IndexState>;

object! {
    /// The aliases, mappings and settings of an index.
    #[derive(Clone, Debug)]
    pub struct IndexState {
        /// The aliases by name.
        pub aliases: BTreeMap<String, Alias>,
        /// The mappings.
        pub mappings: Value,
        /// The settings.
        pub settings: Value,
        /// The default settings, if they were requested.
        pub defaults: Value,
        /// The data stream that the index belongs to.
        pub data_stream: Option<String>,
    }
}

impl IndexState {
    /// Returns a setting as text, such as `number_of_shards` or `index.refresh_interval`,
    /// from flat or nested settings or from the defaults.
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
        let of = |from: &Value| {
            from.get(&flat)
                .or_else(|| from.pointer(&nested))
                .and_then(text)
        };
        of(&self.settings).or_else(|| of(&self.defaults))
    }

    /// Returns the mappings of the fields at the top level, by name.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &Value)> {
        let fields = self.mappings.get("properties").and_then(Value::as_object);
        fields
            .into_iter()
            .flatten()
            .map(|(name, field)| (name.as_str(), field))
    }
}

object! {
    /// An alias of an index.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Alias {
        /// The query for the documents that the alias shows.
        pub filter: Option<Value>,
        /// The routing value of writes through it.
        pub index_routing: Option<String>,
        /// The routing value of searches through it.
        pub search_routing: Option<String>,
        /// Whether this index is the write index of the alias.
        pub is_write_index: Option<bool>,
        /// Whether wildcards skip it.
        pub is_hidden: Option<bool>,
    }
}

response! {
    /// The response of requests that change the state of the cluster.
    #[derive(Clone, Debug)]
    pub struct Acknowledged {
        /// Whether the nodes acknowledged the change in time.
        pub acknowledged: bool,
        /// Whether some of several actions failed (`update_aliases`).
        pub errors: bool,
    }
}

response! {
    /// The response of `indices.create`, `clone`, `shrink` and `split`.
    #[derive(Clone, Debug)]
    pub struct CreateIndexResponse {
        /// Whether the nodes acknowledged the change in time.
        pub acknowledged: bool,
        /// Whether enough copies of its shards started in time.
        pub shards_acknowledged: bool,
        /// The name of the index.
        pub index: String,
    }
}

response! {
    /// The response of requests that return only the shards that executed them.
    #[derive(Clone, Debug)]
    pub struct ShardsResponse {
        /// The shards that executed the request.
        pub shards: Shards = "_shards",
        /// The ID of the background task, if the request did not wait for completion
        /// (`forcemerge`).
        pub task: Option<String>,
    }
}
