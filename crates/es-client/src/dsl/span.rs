use serde::Serialize;

use super::{
    kinds::*,
    object::{Clause, all, pair},
    query::Query,
};

container! {
    /// A span query of any kind: what span queries are made of.
    SpanQuery;
}

kind! {
    /// The `span_gap` query.
    SpanGapQuery in [SpanQuery];
}

/// Queries of the positions of terms.
impl Query {
    /// Matches the spans of a term.
    pub fn span_term(field: impl Into<String>, term: impl Serialize) -> SpanTermQuery {
        SpanTermQuery(Clause::of_field("span_term", field, pair("value", term)))
    }

    /// Matches spans near each other: set [`slop`](SpanNearQuery::slop) and
    /// [`in_order`](SpanNearQuery::in_order).
    ///
    /// ```
    /// use es_client::dsl::Query;
    /// use serde_json::json;
    ///
    /// let terms = ["quick", "fox"].map(|term| Query::span_term("text", term));
    /// assert_eq!(
    ///     json!(Query::span_near(terms).slop(3).in_order(true)),
    ///     json!({"span_near": {"clauses": [{"span_term": {"text": {"value": "quick"}}},
    ///         {"span_term": {"text": {"value": "fox"}}}], "slop": 3, "in_order": true}})
    /// );
    /// ```
    pub fn span_near<T: Into<SpanQuery>>(clauses: impl IntoIterator<Item = T>) -> SpanNearQuery {
        SpanNearQuery(Clause::new(
            "span_near",
            pair("clauses", all::<SpanQuery, _>(clauses)),
        ))
    }

    /// Matches a number of positions without a term, within [`span_near`](Self::span_near) only.
    pub fn span_gap(field: impl Into<String>, width: u32) -> SpanGapQuery {
        SpanGapQuery(Clause::new("span_gap", pair(field, width)))
    }

    /// Matches the spans of any of these.
    pub fn span_or<T: Into<SpanQuery>>(clauses: impl IntoIterator<Item = T>) -> SpanOrQuery {
        SpanOrQuery(Clause::new(
            "span_or",
            pair("clauses", all::<SpanQuery, _>(clauses)),
        ))
    }

    /// Matches the spans of `include` that do not overlap with those of `exclude`.
    pub fn span_not(include: impl Into<SpanQuery>, exclude: impl Into<SpanQuery>) -> SpanNotQuery {
        let mut clause = Clause::new("span_not", pair("include", include.into()));
        clause.set("exclude", exclude.into());
        SpanNotQuery(clause)
    }

    /// Matches spans that end before a position.
    pub fn span_first(query: impl Into<SpanQuery>, end: u32) -> SpanFirstQuery {
        let mut clause = Clause::new("span_first", pair("match", query.into()));
        clause.set("end", end);
        SpanFirstQuery(clause)
    }

    /// Matches spans of `big` that contain one of `little`.
    pub fn span_containing(
        little: impl Into<SpanQuery>,
        big: impl Into<SpanQuery>,
    ) -> SpanContainingQuery {
        let mut clause = Clause::new("span_containing", pair("little", little.into()));
        clause.set("big", big.into());
        SpanContainingQuery(clause)
    }

    /// Matches spans of `little` that are within one of `big`.
    pub fn span_within(little: impl Into<SpanQuery>, big: impl Into<SpanQuery>) -> SpanWithinQuery {
        let mut clause = Clause::new("span_within", pair("little", little.into()));
        clause.set("big", big.into());
        SpanWithinQuery(clause)
    }

    /// Matches the spans of a prefix, wildcard, regexp, fuzzy or range query.
    pub fn span_multi(query: impl Into<Self>) -> SpanMultiTermQuery {
        SpanMultiTermQuery(Clause::new("span_multi", pair("match", query.into())))
    }

    /// Matches spans of another field as if they were of this one.
    pub fn span_field_masking(
        field: impl Into<String>,
        query: impl Into<SpanQuery>,
    ) -> SpanFieldMaskingQuery {
        let mut clause = Clause::new("span_field_masking", pair("field", field.into()));
        clause.set("query", query.into());
        SpanFieldMaskingQuery(clause)
    }
}
