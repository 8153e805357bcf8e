use serde::Serialize;

use super::{
    object::{one, options, pair, values},
    query::Query,
};

/// Queries of the places of words. What they are made of are such queries again.
impl Query {
    /// The places of a word.
    pub fn span_term(field: impl Into<String>, word: impl Serialize) -> Self {
        Self::of_field("span_term", field, pair("value", word))
    }

    /// Places near each other: set [`slop`](Self::slop) and [`in_order`](Self::in_order).
    pub fn span_near<T: Into<Self>>(clauses: impl IntoIterator<Item = T>) -> Self {
        Self::new("span_near", pair("clauses", values(clauses.into_iter().map(Into::into))))
    }

    /// So many places without a word; only within [`span_near`](Self::span_near).
    pub fn span_gap(field: impl Into<String>, width: u32) -> Self {
        Self::from(one("span_gap", one(field, width.into())))
    }

    /// The places of any of these.
    pub fn span_or<T: Into<Self>>(clauses: impl IntoIterator<Item = T>) -> Self {
        Self::new("span_or", pair("clauses", values(clauses.into_iter().map(Into::into))))
    }

    /// The places of the one that do not touch those of the other.
    pub fn span_not(include: impl Into<Self>, exclude: impl Into<Self>) -> Self {
        Self::new("span_not", pair("include", include.into())).with("exclude", exclude.into())
    }

    /// Places that end before this one.
    pub fn span_first(query: impl Into<Self>, end: u32) -> Self {
        Self::new("span_first", pair("match", query.into())).with("end", end)
    }

    /// Places of `big` with one of `little` in them.
    pub fn span_containing(little: impl Into<Self>, big: impl Into<Self>) -> Self {
        Self::new("span_containing", pair("little", little.into())).with("big", big.into())
    }

    /// Places of `little` within one of `big`.
    pub fn span_within(little: impl Into<Self>, big: impl Into<Self>) -> Self {
        Self::new("span_within", pair("little", little.into())).with("big", big.into())
    }

    /// The places of a prefix, wildcard, regexp, fuzzy or range query.
    pub fn span_multi(query: impl Into<Self>) -> Self {
        Self::new("span_multi", pair("match", query.into()))
    }

    /// Places of another field, taken for those of this one.
    pub fn span_field_masking(field: impl Into<String>, query: impl Into<Self>) -> Self {
        Self::new("span_field_masking", pair("field", field.into())).with("query", query.into())
    }

    options! {
        /// Whether places have to be in the order of the clauses.
        in_order("in_order");
        /// How many places before may not be touched either.
        pre("pre");
        /// How many places after may not be touched either.
        post("post");
        /// How many places around may not be touched either.
        dist("dist");
    }
}
