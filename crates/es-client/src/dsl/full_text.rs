use serde::Serialize;

use super::{
    intervals::Intervals,
    kinds::*,
    object::{Clause, pair, texts},
    query::Query,
};

/// Queries of analyzed text.
impl Query {
    /// Matches documents whose field has terms of this text.
    pub fn match_(field: impl Into<String>, text: impl Serialize) -> MatchQuery {
        MatchQuery(Clause::of_field("match", field, pair("query", text)))
    }

    /// Matches documents whose field has these terms in this order.
    pub fn match_phrase(field: impl Into<String>, text: impl Into<String>) -> MatchPhraseQuery {
        MatchPhraseQuery(Clause::of_field(
            "match_phrase",
            field,
            pair("query", text.into()),
        ))
    }

    /// Matches documents whose field has these terms in this order, the last one as a prefix.
    pub fn match_phrase_prefix(
        field: impl Into<String>,
        text: impl Into<String>,
    ) -> MatchPhrasePrefixQuery {
        let options = pair("query", text.into());
        MatchPhrasePrefixQuery(Clause::of_field("match_phrase_prefix", field, options))
    }

    /// Matches documents of which one of these fields has terms of this text.
    ///
    /// ```
    /// use es_client::{dsl::Query, params::TextQueryType};
    /// use serde_json::json;
    ///
    /// let query = Query::multi_match(["title^3", "text"], "trail shoes");
    /// assert_eq!(
    ///     json!(query.type_(TextQueryType::CrossFields)),
    ///     json!({"multi_match": {"fields": ["title^3", "text"], "query": "trail shoes",
    ///         "type": "cross_fields"}})
    /// );
    /// ```
    pub fn multi_match<T: Into<String>>(
        fields: impl IntoIterator<Item = T>,
        text: impl Serialize,
    ) -> MultiMatchQuery {
        let mut clause = Clause::new("multi_match", pair("query", text));
        clause.set("fields", texts(fields));
        MultiMatchQuery(clause)
    }

    /// Matches documents whose field has any of these terms, the last one as a prefix.
    pub fn match_bool_prefix(
        field: impl Into<String>,
        text: impl Into<String>,
    ) -> MatchBoolPrefixQuery {
        let options = pair("query", text.into());
        MatchBoolPrefixQuery(Clause::of_field("match_bool_prefix", field, options))
    }

    /// Matches documents that have terms of this text, as if these fields were one.
    pub fn combined_fields<T: Into<String>>(
        fields: impl IntoIterator<Item = T>,
        text: impl Into<String>,
    ) -> CombinedFieldsQuery {
        let mut clause = Clause::new("combined_fields", pair("query", text.into()));
        clause.set("fields", texts(fields));
        CombinedFieldsQuery(clause)
    }

    /// Matches documents whose field has terms at positions that a rule describes.
    pub fn intervals(field: impl Into<String>, rule: impl Into<Intervals>) -> IntervalsQuery {
        let options = match serde_json::Value::from(rule.into()) {
            serde_json::Value::Object(options) => options,
            _ => serde_json::Map::new(),
        };
        IntervalsQuery(Clause::of_field("intervals", field, options))
    }

    /// Matches documents whose field has terms of this text, the rare ones first.
    /// Deprecated since 7.3.0, and not in 8.
    pub fn common(field: impl Into<String>, text: impl Into<String>) -> CommonTermsQuery {
        CommonTermsQuery(Clause::of_field(
            "common",
            field,
            pair("query", text.into()),
        ))
    }

    /// Runs a query in Lucene's syntax. A syntax error is an error of the server: for
    /// user input see [`simple_query_string`](Self::simple_query_string).
    pub fn query_string(query: impl Into<String>) -> QueryStringQuery {
        QueryStringQuery(Clause::new("query_string", pair("query", query.into())))
    }

    /// Runs a query in a simple syntax that has no errors: for user input.
    ///
    /// ```
    /// use es_client::{dsl::Query, params::Operator};
    /// use serde_json::json;
    ///
    /// let typed = r#"shoes -"trail runn"#;
    /// let query = Query::simple_query_string(typed).fields(["title"]);
    /// assert_eq!(
    ///     json!(query.default_operator(Operator::And)),
    ///     json!({"simple_query_string": {"query": typed, "fields": ["title"],
    ///         "default_operator": "and"}})
    /// );
    /// ```
    pub fn simple_query_string(query: impl Into<String>) -> SimpleQueryStringQuery {
        SimpleQueryStringQuery(Clause::new(
            "simple_query_string",
            pair("query", query.into()),
        ))
    }
}
