use serde_json::Map;

use super::object::{container, json, options, pair, values};

container! {
    /// A rule for the places of words, of which [`Query::intervals`](super::Query::intervals)
    /// is made.
    ///
    /// ```
    /// use es_client::dsl::{Intervals, Query};
    /// use serde_json::json;
    ///
    /// let words = Intervals::all_of([Intervals::match_("hot water"), Intervals::prefix("kett")]);
    /// assert_eq!(
    ///     serde_json::to_value(Query::intervals("text", words.max_gaps(2).ordered(true)))?,
    ///     json!({"intervals": {"text": {"all_of": {
    ///         "intervals": [{"match": {"query": "hot water"}}, {"prefix": {"prefix": "kett"}}],
    ///         "max_gaps": 2, "ordered": true}}}})
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    Intervals
}

impl Intervals {
    /// The words of a text.
    pub fn match_(text: impl Into<String>) -> Self {
        Self::new("match", pair("query", text.into()))
    }

    /// Words that start so.
    pub fn prefix(start: impl Into<String>) -> Self {
        Self::new("prefix", pair("prefix", start.into()))
    }

    /// Words that fit a pattern with `*` and `?`.
    pub fn wildcard(pattern: impl Into<String>) -> Self {
        Self::new("wildcard", pair("pattern", pattern.into()))
    }

    /// Words that fit a regular expression.
    pub fn regexp(pattern: impl Into<String>) -> Self {
        Self::new("regexp", pair("pattern", pattern.into()))
    }

    /// Words like this one.
    pub fn fuzzy(word: impl Into<String>) -> Self {
        Self::new("fuzzy", pair("term", word.into()))
    }

    /// Words of a range: set [`gte`](Self::gte), [`gt`](Self::gt), [`lte`](Self::lte),
    /// [`lt`](Self::lt).
    pub fn range() -> Self {
        Self::new("range", Map::new())
    }

    /// All of these.
    pub fn all_of<T: Into<Self>>(rules: impl IntoIterator<Item = T>) -> Self {
        Self::new("all_of", pair("intervals", values(rules.into_iter().map(Into::into))))
    }

    /// Any of these.
    pub fn any_of<T: Into<Self>>(rules: impl IntoIterator<Item = T>) -> Self {
        Self::new("any_of", pair("intervals", values(rules.into_iter().map(Into::into))))
    }

    /// How what is found lies to another rule: `after`, `before`, `contained_by`,
    /// `containing`, `overlapping`, or one of the last three with `not_` before it.
    #[must_use]
    pub fn filter(self, relation: impl Into<String>, rule: impl Into<Self>) -> Self {
        self.with("filter", pair(relation, json(rule.into())))
    }

    options! {
        /// How many other words may lie between; -1 (default) for any number.
        max_gaps("max_gaps");
        /// Whether the order counts. Default: `false`.
        ordered("ordered");
        /// The analyzer of the text.
        analyzer("analyzer");
        /// The field whose words are taken instead.
        use_field("use_field");
        /// How many letters may differ: a number or `AUTO`.
        fuzziness("fuzziness");
        /// How many letters at the start may not differ.
        prefix_length("prefix_length");
        /// Whether two letters that changed places are one difference. Default: `true`.
        transpositions("transpositions");
        /// A range's least word.
        gte("gte");
        /// The word after which a range starts.
        gt("gt");
        /// A range's greatest word.
        lte("lte");
        /// The word before which a range ends.
        lt("lt");
    }
}
