use serde_json::Map;

use super::{
    kinds::*,
    object::{Clause, pair},
    query::Query,
};
use crate::params::Param;

container! {
    /// A rescorer of the best hits of a search.
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
    Rescore;
}

impl Rescore {
    /// Rescores by a second query.
    pub fn query(query: impl Into<Query>) -> RescoreQuery {
        RescoreQuery(Clause::new("query", pair("rescore_query", query.into())))
    }

    /// Rescores by a script.
    pub fn script(script: impl Param<Script>) -> ScriptRescore {
        let mut clause = Clause::new("script", Map::new());
        clause.param("script", script);
        ScriptRescore(clause)
    }

    /// Rescores by a model that was trained to rank.
    pub fn learning_to_rank(model_id: impl Into<String>) -> LearningToRank {
        LearningToRank(Clause::new(
            "learning_to_rank",
            pair("model_id", model_id.into()),
        ))
    }
}
