use serde::Serialize;
use serde_json::{Map, Value};

use super::object::{Clause, Form, container, json, options, pair};

container! {
    /// A query.
    ///
    /// A constructor takes what the kind of query cannot do without; its options are
    /// set afterwards, by the method of their name or by [`with`](Self::with). An
    /// option that this kind of query does not have is refused by the server.
    Query
}

impl Query {
    pub(super) fn of_field(
        kind: &'static str,
        field: impl Into<String>,
        options: Map<String, Value>,
    ) -> Self {
        Self(Form::Clause(Clause::of_field(kind, field, options)))
    }

    /// Every document.
    pub fn match_all() -> Self {
        Self::new("match_all", Map::new())
    }

    /// No document.
    pub fn match_none() -> Self {
        Self::new("match_none", Map::new())
    }

    /// Documents whose field has exactly this value.
    pub fn term(field: impl Into<String>, value: impl Serialize) -> Self {
        Self::of_field("term", field, pair("value", value))
    }

    /// Documents whose field has one of these values.
    pub fn terms<T: Serialize>(
        field: impl Into<String>,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        Self::new("terms", pair(field, values.into_iter().map(json).collect::<Vec<_>>()))
    }

    /// Documents whose field lies in a range: set [`gte`](Self::gte), [`gt`](Self::gt),
    /// [`lte`](Self::lte), [`lt`](Self::lt).
    pub fn range(field: impl Into<String>) -> Self {
        Self::of_field("range", field, Map::new())
    }

    /// Documents whose field has a value.
    pub fn exists(field: impl Into<String>) -> Self {
        Self::new("exists", pair("field", field.into()))
    }

    /// Documents whose field has one of the values that a document has at a path.
    pub fn terms_lookup(
        field: impl Into<String>,
        index: impl Into<String>,
        id: impl Into<String>,
        path: impl Into<String>,
    ) -> Self {
        let lookup = [("index", index.into()), ("id", id.into()), ("path", path.into())];
        Self::new(
            "terms",
            pair(field, Map::from_iter(lookup.map(|(n, v)| (n.to_owned(), v.into())))),
        )
    }

    /// Documents whose field has so many of these values: set
    /// [`minimum_should_match_field`](Self::minimum_should_match_field) or one of its
    /// relatives.
    pub fn terms_set<T: Serialize>(
        field: impl Into<String>,
        terms: impl IntoIterator<Item = T>,
    ) -> Self {
        let terms: Vec<_> = terms.into_iter().map(json).collect();
        Self::of_field("terms_set", field, pair("terms", terms))
    }

    /// Documents with these ids.
    pub fn ids<T: Serialize>(ids: impl IntoIterator<Item = T>) -> Self {
        Self::new("ids", pair("values", ids.into_iter().map(json).collect::<Vec<_>>()))
    }

    /// Documents whose field starts with this.
    pub fn prefix(field: impl Into<String>, start: impl Into<String>) -> Self {
        Self::of_field("prefix", field, pair("value", start.into()))
    }

    /// Documents whose field fits a pattern with `*` and `?`.
    pub fn wildcard(field: impl Into<String>, pattern: impl Into<String>) -> Self {
        Self::of_field("wildcard", field, pair("value", pattern.into()))
    }

    /// Documents whose field fits a regular expression.
    pub fn regexp(field: impl Into<String>, pattern: impl Into<String>) -> Self {
        Self::of_field("regexp", field, pair("value", pattern.into()))
    }

    /// Documents whose field is like this, but for some letters.
    pub fn fuzzy(field: impl Into<String>, value: impl Serialize) -> Self {
        Self::of_field("fuzzy", field, pair("value", value))
    }

    options! {
        /// A range's least value.
        gte("gte");
        /// The value above which a range lies.
        gt("gt");
        /// A range's greatest value.
        lte("lte");
        /// The value below which a range lies.
        lt("lt");
        /// The form of a range's dates.
        format("format");
        /// The zone of a range's dates.
        time_zone("time_zone");
        /// By how much the query counts. Default: 1.
        boost("boost");
        /// A name, by which each hit tells that this query matched.
        named("_name");
        /// Whether upper and lower case are the same.
        case_insensitive("case_insensitive");
        /// How many letters may differ: a number or `AUTO`.
        fuzziness("fuzziness");
        /// How many letters at the start may not differ.
        prefix_length("prefix_length");
        /// How many words a pattern, start or likeness stands for, at most. Default: 50.
        max_expansions("max_expansions");
        /// Whether two letters that changed places are one difference. Default: `true`.
        transpositions("transpositions");
        /// How the words that a pattern stands for make a score.
        rewrite("rewrite");
        /// The operators of a regular expression, or of `simple_query_string`.
        flags("flags");
        /// How large the automaton of a regular expression may become. Default: 10,000.
        max_determinized_states("max_determinized_states");
        /// How a range has to lie to that of the field: `intersects`, `contains` or `within`.
        relation("relation");
        /// The field that tells how many values of `terms_set` have to match.
        minimum_should_match_field("minimum_should_match_field");
        /// The script that tells how many values of `terms_set` have to match.
        minimum_should_match_script("minimum_should_match_script");
    }

    /// Appends to an option that is a list.
    pub(super) fn push(mut self, option: &str, value: Value) -> Self {
        self.0.push(option, value);
        self
    }
}
