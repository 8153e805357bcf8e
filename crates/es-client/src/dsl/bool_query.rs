use serde::Serialize;
use serde_json::Map;

use super::{
    object::{options, pair, values},
    query::Query,
    score_function::ScoreFunction,
};

/// Queries of queries.
impl Query {
    /// A combination: add clauses by [`must`](Self::must), [`filter`](Self::filter),
    /// [`should`](Self::should) and [`must_not`](Self::must_not).
    pub fn bool() -> Self {
        Self::new("bool", Map::new())
    }

    /// Adds what has to match, and counts.
    #[must_use]
    pub fn must(self, query: impl Into<Self>) -> Self {
        self.push("must", query.into().into())
    }

    /// Adds what has to match, and does not count.
    #[must_use]
    pub fn filter(self, query: impl Into<Self>) -> Self {
        self.push("filter", query.into().into())
    }

    /// Adds what may match, and counts.
    #[must_use]
    pub fn should(self, query: impl Into<Self>) -> Self {
        self.push("should", query.into().into())
    }

    /// Adds what may not match.
    #[must_use]
    pub fn must_not(self, query: impl Into<Self>) -> Self {
        self.push("must_not", query.into().into())
    }

    /// The documents of a filter, all with the same score.
    pub fn constant_score(filter: impl Into<Self>) -> Self {
        Self::new("constant_score", pair("filter", filter.into()))
    }

    /// The documents of any of these queries, with the score of the best.
    pub fn dis_max<T: Into<Self>>(queries: impl IntoIterator<Item = T>) -> Self {
        Self::new("dis_max", pair("queries", values(queries.into_iter().map(Into::into))))
    }

    /// The documents of a query, whose scores functions change: add them by
    /// [`function`](Self::function).
    pub fn function_score(query: impl Into<Self>) -> Self {
        Self::new("function_score", pair("query", query.into()))
    }

    /// Adds a function to `function_score`.
    #[must_use]
    pub fn function(self, function: impl Into<ScoreFunction>) -> Self {
        self.push("functions", function.into().into())
    }

    /// The documents of a query, whose scores a script computes.
    pub fn script_score(query: impl Into<Self>, script: impl Serialize) -> Self {
        Self::new("script_score", pair("query", query.into())).with("script", script)
    }

    options! {
        /// How many of the `should` clauses, or of the words, have to match: a number
        /// or a share such as `75%`.
        minimum_should_match("minimum_should_match");
        /// By how much the other queries of `dis_max` and `multi_match` count.
        tie_breaker("tie_breaker");
        /// How the functions' scores become one: `multiply`, `sum`, `avg`, `first`,
        /// `max` or `min`.
        score_mode("score_mode");
        /// How that becomes the document's: `multiply`, `replace`, `sum`, `avg`, `max`
        /// or `min`.
        boost_mode("boost_mode");
        /// The greatest score that functions may give.
        max_boost("max_boost");
        /// The least score of a hit.
        min_score("min_score");
    }
}
