use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{
    object::{Clause, json, options, pair},
    query::Query,
};

/// How the best hits of a search are scored again.
///
/// ```
/// use es_client::dsl::{Query, Rescore};
/// use serde_json::json;
///
/// let phrase = Rescore::query(Query::match_phrase("title", "trail shoes")).query_weight(0.7);
/// assert_eq!(
///     serde_json::to_value(phrase.window_size(50))?,
///     json!({"window_size": 50, "query": {"query_weight": 0.7, "rescore_query":
///         {"match_phrase": {"title": {"query": "trail shoes"}}}}})
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rescore {
    own: Clause,
    window_size: Option<u32>,
}

impl Rescore {
    fn new(kind: &'static str, options: Map<String, Value>) -> Self {
        Self { own: Clause::new(kind, options), window_size: None }
    }

    /// By a second query.
    pub fn query(query: impl Into<Query>) -> Self {
        Self::new("query", pair("rescore_query", query.into()))
    }

    /// By a script.
    pub fn script(script: impl Serialize) -> Self {
        Self::new("script", pair("script", script))
    }

    /// By a model that learned to rank.
    pub fn learning_to_rank(model_id: impl Into<String>) -> Self {
        Self::new("learning_to_rank", pair("model_id", model_id.into()))
    }

    /// How many hits of each shard are scored again.
    #[must_use]
    pub fn window_size(mut self, hits: u32) -> Self {
        self.window_size = Some(hits);
        self
    }

    options! {
        /// By how much the first score counts. Default: 1.
        query_weight("query_weight");
        /// By how much the second score counts. Default: 1.
        rescore_query_weight("rescore_query_weight");
        /// How both become one: `total` (default), `multiply`, `avg`, `max` or `min`.
        score_mode("score_mode");
        /// The values of the parameters of a model.
        params("params");
    }

    /// Any option by its name. One that is set again replaces the earlier value.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Serialize) -> Self {
        self.own.set(option, json(value));
        self
    }
}

impl Serialize for Rescore {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut value = Value::from(self.own.clone());
        if let (Value::Object(parts), Some(size)) = (&mut value, self.window_size) {
            parts.insert("window_size".to_owned(), size.into());
        }
        value.serialize(to)
    }
}
