use serde::Serialize;
use serde_json::Map;

use super::{
    kinds::*,
    object::{Clause, jsons, pair},
};

container! {
    /// A query of any kind, which has one of its constructors' types for each kind.
    ///
    /// A constructor takes what its kind of query requires, and returns a type that
    /// has the options of that kind, and no others. Wherever a query is taken, all
    /// kinds are, as well as [`json!`](serde_json::json).
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use es_client::params::Operator;
    /// use serde_json::json;
    ///
    /// let title = Query::match_("title", "trail shoes").operator(Operator::And).boost(2);
    /// assert_eq!(
    ///     serde_json::to_value(title)?,
    ///     json!({"match": {"title": {"query": "trail shoes", "operator": "and", "boost": 2}}})
    /// );
    ///
    /// // Of different kinds, they become queries.
    /// let queries: Vec<Query> = vec![Query::match_all().into(), Query::exists("price").into()];
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    Query;
}

/// Queries of exact values.
impl Query {
    /// Matches every document.
    pub fn match_all() -> MatchAllQuery {
        MatchAllQuery(Clause::new("match_all", Map::new()))
    }

    /// Matches no document.
    pub fn match_none() -> MatchNoneQuery {
        MatchNoneQuery(Clause::new("match_none", Map::new()))
    }

    /// Matches documents whose field has exactly this value.
    pub fn term(field: impl Into<String>, value: impl Serialize) -> TermQuery {
        TermQuery(Clause::of_field("term", field, pair("value", value)))
    }

    /// Matches documents whose field has one of these values.
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// assert_eq!(
    ///     json!(Query::terms("brand", ["acme", "other"])),
    ///     json!({"terms": {"brand": ["acme", "other"]}})
    /// );
    /// ```
    pub fn terms<T: Serialize>(
        field: impl Into<String>,
        values: impl IntoIterator<Item = T>,
    ) -> TermsQuery {
        TermsQuery(Clause::new("terms", pair(field, jsons(values))))
    }

    /// Matches documents whose field has one of the values at a path of another document.
    pub fn terms_lookup(
        field: impl Into<String>,
        index: impl Into<String>,
        id: impl Into<String>,
        path: impl Into<String>,
    ) -> TermsQuery {
        let mut lookup = pair("index", index.into());
        lookup.extend(pair("id", id.into()));
        lookup.extend(pair("path", path.into()));
        TermsQuery(Clause::new("terms", pair(field, lookup)))
    }

    /// Matches documents whose field has a minimum number of these values: set one of
    /// the options that begin with `minimum_should_match`.
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// // Each document says how many of its skills are required.
    /// let skilled = Query::terms_set("skills", ["rust", "sql"]);
    /// assert_eq!(
    ///     json!(skilled.minimum_should_match_field("required")),
    ///     json!({"terms_set": {"skills": {"terms": ["rust", "sql"],
    ///         "minimum_should_match_field": "required"}}})
    /// );
    /// ```
    pub fn terms_set<T: Serialize>(
        field: impl Into<String>,
        terms: impl IntoIterator<Item = T>,
    ) -> TermsSetQuery {
        TermsSetQuery(Clause::of_field(
            "terms_set",
            field,
            pair("terms", jsons(terms)),
        ))
    }

    /// Matches documents whose field is in a range: set its bounds.
    ///
    /// ```
    /// use es_client::dsl::Query;
    ///
    /// let price = Query::range("price").gte(20).lt(100);
    /// let recent = Query::range("at").gte("now-1d/d").time_zone("+01:00");
    /// ```
    pub fn range(field: impl Into<String>) -> RangeQuery {
        RangeQuery(Clause::of_field("range", field, Map::new()))
    }

    /// Matches documents whose field has a value.
    pub fn exists(field: impl Into<String>) -> ExistsQuery {
        ExistsQuery(Clause::new("exists", pair("field", field.into())))
    }

    /// Matches documents with these ids.
    pub fn ids<T: Serialize>(ids: impl IntoIterator<Item = T>) -> IdsQuery {
        IdsQuery(Clause::new("ids", pair("values", jsons(ids))))
    }

    /// Matches documents whose field starts with a prefix.
    pub fn prefix(field: impl Into<String>, prefix: impl Into<String>) -> PrefixQuery {
        PrefixQuery(Clause::of_field(
            "prefix",
            field,
            pair("value", prefix.into()),
        ))
    }

    /// Matches documents whose field matches a pattern with the wildcards `*` and `?`.
    pub fn wildcard(field: impl Into<String>, pattern: impl Into<String>) -> WildcardQuery {
        WildcardQuery(Clause::of_field(
            "wildcard",
            field,
            pair("value", pattern.into()),
        ))
    }

    /// Matches documents whose field matches a regular expression.
    pub fn regexp(field: impl Into<String>, pattern: impl Into<String>) -> RegexpQuery {
        RegexpQuery(Clause::of_field(
            "regexp",
            field,
            pair("value", pattern.into()),
        ))
    }

    /// Matches documents whose field is within an edit distance of this value.
    pub fn fuzzy(field: impl Into<String>, value: impl Serialize) -> FuzzyQuery {
        FuzzyQuery(Clause::of_field("fuzzy", field, pair("value", value)))
    }
}
