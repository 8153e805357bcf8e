use serde_json::Map;

use super::{
    kinds::*,
    object::{Clause, all, pair},
    query::Query,
    score_function::ScoreFunction,
};
use crate::params::Param;

/// Queries that combine others.
impl Query {
    /// Combines queries: add clauses by [`must`](BoolQuery::must),
    /// [`filter`](BoolQuery::filter), [`should`](BoolQuery::should) and
    /// [`must_not`](BoolQuery::must_not).
    ///
    /// ```
    /// use es_client::dsl::{Query, TermQuery};
    ///
    /// let brand: Option<TermQuery> = None;
    /// let query = Query::bool()
    ///     .must(Query::match_("title", "shoes"))
    ///     .filter([Query::term("sold_out", false), Query::term("visible", true)])
    ///     .filter(brand);
    /// ```
    pub fn bool() -> BoolQuery {
        BoolQuery(Clause::new("bool", Map::new()))
    }

    /// Matches the documents of a filter, all with the same score.
    pub fn constant_score(filter: impl Into<Self>) -> ConstantScoreQuery {
        ConstantScoreQuery(Clause::new("constant_score", pair("filter", filter.into())))
    }

    /// Matches the documents of any of these queries, with the score of the best one.
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// let queries = [Query::match_("title", "shoes"), Query::match_("brand", "shoes")];
    /// assert_eq!(
    ///     json!(Query::dis_max(queries).tie_breaker(0.3)),
    ///     json!({"dis_max": {"tie_breaker": 0.3, "queries": [
    ///         {"match": {"title": {"query": "shoes"}}},
    ///         {"match": {"brand": {"query": "shoes"}}}]}})
    /// );
    /// ```
    pub fn dis_max<T: Into<Self>>(queries: impl IntoIterator<Item = T>) -> DisMaxQuery {
        DisMaxQuery(Clause::new(
            "dis_max",
            pair("queries", all::<Self, _>(queries)),
        ))
    }

    /// Matches the documents of a query, and changes their scores by functions: add
    /// them by [`function`](FunctionScoreQuery::function).
    pub fn function_score(query: impl Into<Self>) -> FunctionScoreQuery {
        FunctionScoreQuery(Clause::new("function_score", pair("query", query.into())))
    }

    /// Matches the documents of a query, whose scores a script computes.
    pub fn script_score(query: impl Into<Self>, script: impl Param<Script>) -> ScriptScoreQuery {
        let mut clause = Clause::new("script_score", pair("query", query.into()));
        clause.param("script", script);
        ScriptScoreQuery(clause)
    }

    /// Matches the documents of `positive`, and multiplies the scores of those that
    /// match `negative` by `negative_boost`, between 0 and 1.
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// let phones = Query::term("topic", "phones");
    /// assert_eq!(
    ///     json!(Query::boosting(Query::match_("text", "apple"), phones, 0.2)),
    ///     json!({"boosting": {"positive": {"match": {"text": {"query": "apple"}}},
    ///         "negative": {"term": {"topic": {"value": "phones"}}}, "negative_boost": 0.2}})
    /// );
    /// ```
    pub fn boosting(
        positive: impl Into<Self>,
        negative: impl Into<Self>,
        negative_boost: f64,
    ) -> BoostingQuery {
        let mut clause = Clause::new("boosting", pair("positive", positive.into()));
        clause.set("negative", negative.into());
        clause.set("negative_boost", negative_boost);
        BoostingQuery(clause)
    }
}

impl FunctionScoreQuery {
    /// Adds a function.
    pub fn function(mut self, function: impl Param<[ScoreFunction]>) -> Self {
        self.0.push("functions", function);
        self
    }
}
