use serde::Serialize;
use serde_json::Map;

use super::{
    kinds::*,
    object::{Clause, json, pair},
};
use crate::params::Param;

container! {
    /// A function of [`Query::function_score`](super::Query::function_score).
    ///
    /// ```
    /// use es_client::dsl::{Query, ScoreFunction};
    /// use serde_json::json;
    ///
    /// let near = ScoreFunction::gauss("price", 20, 10).offset(5).weight(2.0);
    /// assert_eq!(
    ///     serde_json::to_value(Query::function_score(Query::match_all()).function(near))?,
    ///     json!({"function_score": {"query": {"match_all": {}}, "functions": [
    ///         {"gauss": {"price": {"origin": 20, "scale": 10, "offset": 5}}, "weight": 2}]}})
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ScoreFunction;
}

kind! {
    /// A score function that is a constant.
    WeightFunction in [ScoreFunction];
    /// Query whose documents the function is applied to.
    filter("filter") beside crate::dsl::Query;
    /// Name of this function. Since 9.4.0.
    named("_name") beside String;
}

macro_rules! decays {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(
            field: impl Into<String>,
            origin: impl Serialize,
            scale: impl Serialize,
        ) -> DecayFunction {
            let mut place = pair("origin", origin);
            place.insert("scale".to_owned(), json(scale));
            DecayFunction(Clause::new(stringify!($name), pair(field, place)))
        }
    )*};
}

impl ScoreFunction {
    decays! {
        /// Decays as a bell curve with the distance from `origin`: at a distance of
        /// `scale` to [`decay`](DecayFunction::decay).
        gauss;
        /// Decays exponentially with the distance from `origin`.
        exp;
        /// Decays linearly with the distance from `origin`.
        linear;
    }

    /// Grows with the value of a field.
    ///
    /// ```
    /// use es_client::dsl::{Query, ScoreFunction};
    /// use serde_json::json;
    ///
    /// let popular = ScoreFunction::field_value_factor("likes").factor(1.2).missing(1.0);
    /// assert_eq!(
    ///     json!(Query::function_score(Query::match_all()).function(popular)),
    ///     json!({"function_score": {"query": {"match_all": {}}, "functions": [
    ///         {"field_value_factor": {"field": "likes", "factor": 1.2, "missing": 1}}]}})
    /// );
    /// ```
    pub fn field_value_factor(field: impl Into<String>) -> FieldValueFactorScoreFunction {
        let field = pair("field", field.into());
        FieldValueFactorScoreFunction(Clause::new("field_value_factor", field))
    }

    /// Returns random scores between 0 and 1.
    pub fn random_score() -> RandomScoreFunction {
        RandomScoreFunction(Clause::new("random_score", Map::new()))
    }

    /// Returns the result of a script.
    pub fn script_score(script: impl Param<Script>) -> ScriptScoreFunction {
        let mut clause = Clause::new("script_score", Map::new());
        clause.param("script", script);
        ScriptScoreFunction(clause)
    }

    /// Returns the same score for all documents.
    pub fn constant(weight: f64) -> WeightFunction {
        WeightFunction(Clause::plain(pair("weight", weight)))
    }
}

impl DecayFunction {
    /// Score at a distance of the scale. Default: `0.5`.
    pub fn decay(self, decay: f64) -> Self {
        self.place("decay", decay)
    }

    /// Distance up to which the score does not decay. Default: `0`.
    pub fn offset(self, offset: impl Serialize) -> Self {
        self.place("offset", offset)
    }

    /// Sets an option of the field.
    fn place(mut self, option: &str, value: impl Serialize) -> Self {
        if let Some(place) = self.0.object() {
            place.insert(option.to_owned(), json(value));
        }
        self
    }
}
