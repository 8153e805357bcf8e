use serde_json::Map;

use super::{
    kinds::*,
    object::{Clause, all, json, pair},
};

container! {
    /// A rule for the positions of terms, of which
    /// [`Query::intervals`](super::Query::intervals) is made.
    ///
    /// ```
    /// use es_client::dsl::{Intervals, Query};
    /// use serde_json::json;
    ///
    /// let rules: [Intervals; 2] =
    ///     [Intervals::match_("hot water").into(), Intervals::prefix("kett").into()];
    /// let rule = Intervals::all_of(rules).max_gaps(2).ordered(true);
    /// assert_eq!(
    ///     serde_json::to_value(Query::intervals("text", rule))?,
    ///     json!({"intervals": {"text": {"all_of": {
    ///         "intervals": [{"match": {"query": "hot water"}}, {"prefix": {"prefix": "kett"}}],
    ///         "max_gaps": 2, "ordered": true}}}})
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    Intervals;
}

impl Intervals {
    /// Matches the terms of a text.
    pub fn match_(text: impl Into<String>) -> IntervalsMatch {
        IntervalsMatch(Clause::new("match", pair("query", text.into())))
    }

    /// Matches terms that start with a prefix.
    pub fn prefix(prefix: impl Into<String>) -> IntervalsPrefix {
        IntervalsPrefix(Clause::new("prefix", pair("prefix", prefix.into())))
    }

    /// Matches terms that match a pattern with the wildcards `*` and `?`.
    pub fn wildcard(pattern: impl Into<String>) -> IntervalsWildcard {
        IntervalsWildcard(Clause::new("wildcard", pair("pattern", pattern.into())))
    }

    /// Matches terms that match a regular expression.
    pub fn regexp(pattern: impl Into<String>) -> IntervalsRegexp {
        IntervalsRegexp(Clause::new("regexp", pair("pattern", pattern.into())))
    }

    /// Matches terms within an edit distance of this one.
    pub fn fuzzy(term: impl Into<String>) -> IntervalsFuzzy {
        IntervalsFuzzy(Clause::new("fuzzy", pair("term", term.into())))
    }

    /// Matches terms of a range: set its bounds.
    pub fn range() -> IntervalsRange {
        IntervalsRange(Clause::new("range", Map::new()))
    }

    /// Matches all of these.
    pub fn all_of<T: Into<Self>>(rules: impl IntoIterator<Item = T>) -> IntervalsAllOf {
        IntervalsAllOf(Clause::new(
            "all_of",
            pair("intervals", all::<Self, _>(rules)),
        ))
    }

    /// Matches any of these.
    pub fn any_of<T: Into<Self>>(rules: impl IntoIterator<Item = T>) -> IntervalsAnyOf {
        IntervalsAnyOf(Clause::new(
            "any_of",
            pair("intervals", all::<Self, _>(rules)),
        ))
    }
}

macro_rules! filters {
    ($($kind:ident)*) => {$(
        impl $kind {
            /// Keeps the intervals that relate to those of another rule: `after`,
            /// `before`, `contained_by`, `containing`, `overlapping`, or one of the last
            /// three with `not_` before it.
            pub fn filter(
                mut self,
                relation: impl Into<String>,
                rule: impl Into<Intervals>,
            ) -> Self {
                self.0.set("filter", pair(relation, json(rule.into())));
                self
            }
        }
    )*};
}
filters! { IntervalsMatch IntervalsAllOf IntervalsAnyOf }
