use serde::Serialize;

use super::{
    intervals::Intervals,
    object::{json, options, pair, texts},
    query::Query,
};

/// Queries of analysed text.
impl Query {
    /// Documents whose field has words of this text.
    pub fn match_(field: impl Into<String>, text: impl Serialize) -> Self {
        Self::of_field("match", field, pair("query", text))
    }

    /// Documents whose field has these words in this order.
    pub fn match_phrase(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of_field("match_phrase", field, pair("query", text.into()))
    }

    /// The same, but the last word may go on.
    pub fn match_phrase_prefix(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of_field("match_phrase_prefix", field, pair("query", text.into()))
    }

    /// Documents of which one of these fields has words of this text.
    pub fn multi_match<T: Into<String>>(
        fields: impl IntoIterator<Item = T>,
        text: impl Serialize,
    ) -> Self {
        Self::new("multi_match", pair("query", text)).with("fields", texts(fields))
    }

    /// Documents whose field has any of these words, or one that starts as the last.
    pub fn match_bool_prefix(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of_field("match_bool_prefix", field, pair("query", text.into()))
    }

    /// Documents that have words of this text, as if these fields were one.
    pub fn combined_fields<T: Into<String>>(
        fields: impl IntoIterator<Item = T>,
        text: impl Into<String>,
    ) -> Self {
        let combined = Self::new("combined_fields", pair("query", text.into()));
        combined.with("fields", texts(fields))
    }

    /// Documents whose field has words in places that fit rules.
    pub fn intervals(field: impl Into<String>, rule: impl Into<Intervals>) -> Self {
        let rule = serde_json::Value::from(rule.into());
        let options = match rule {
            serde_json::Value::Object(options) => options,
            _ => serde_json::Map::new(),
        };
        Self::of_field("intervals", field, options)
    }

    /// Documents whose field has words of this text, the rare ones first. Deprecated
    /// since 7.3.0; 8 and later do not have it.
    pub fn common(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of_field("common", field, pair("query", text.into()))
    }

    /// A query in Lucene's syntax. What users type can be wrong there, which is an
    /// error of the server: see [`simple_query_string`](Self::simple_query_string).
    pub fn query_string(query: impl Into<String>) -> Self {
        Self::new("query_string", pair("query", query.into()))
    }

    /// A query in a small syntax that is never wrong: for what users type.
    pub fn simple_query_string(query: impl Into<String>) -> Self {
        Self::new("simple_query_string", pair("query", query.into()))
    }

    /// The fields that are searched.
    #[must_use]
    pub fn fields<T: Serialize>(self, fields: impl IntoIterator<Item = T>) -> Self {
        self.with("fields", fields.into_iter().map(json).collect::<Vec<_>>())
    }

    options! {
        /// Whether one word is enough (`or`), or all are needed (`and`). Default: `or`.
        operator("operator");
        /// The same in `query_string` and `simple_query_string`.
        default_operator("default_operator");
        /// The field that is searched where the query names none.
        default_field("default_field");
        /// The analyzer of the text.
        analyzer("analyzer");
        /// How many places the words of a phrase may be apart. Default: 0.
        slop("slop");
        /// How several fields become one score, such as `best_fields` or `cross_fields`.
        kind("type");
        /// What a text without words finds: `none` or `all`.
        zero_terms_query("zero_terms_query");
        /// Whether values of a wrong type are passed over.
        lenient("lenient");
        /// Whether synonyms of several words are searched as phrases. Default: `true`.
        auto_generate_synonyms_phrase_query("auto_generate_synonyms_phrase_query");
        /// From which frequency on a word is a frequent one.
        cutoff_frequency("cutoff_frequency");
        /// Whether one frequent word is enough, or all are needed.
        high_freq_operator("high_freq_operator");
        /// Whether one rare word is enough, or all are needed.
        low_freq_operator("low_freq_operator");
        /// How words that are alike make a score.
        fuzzy_rewrite("fuzzy_rewrite");
        /// Whether two letters that changed places are one difference. Default: `true`.
        fuzzy_transpositions("fuzzy_transpositions");
        /// How many words a likeness stands for, at most. Default: 50.
        fuzzy_max_expansions("fuzzy_max_expansions");
        /// How many letters at the start of a likeness may not differ. Default: 0.
        fuzzy_prefix_length("fuzzy_prefix_length");
        /// Whether a word may start with a wildcard. Default: `true`.
        allow_leading_wildcard("allow_leading_wildcard");
        /// Whether words with wildcards are analysed. Default: `false`.
        analyze_wildcard("analyze_wildcard");
        /// Whether words that were left out count as places. Default: `true`.
        enable_position_increments("enable_position_increments");
        /// Whether the syntax has no effect.
        escape("escape");
        /// How many places the words of a phrase in the syntax may be apart. Default: 0.
        phrase_slop("phrase_slop");
        /// The analyzer of phrases.
        quote_analyzer("quote_analyzer");
        /// What is appended to the names of fields in which phrases are searched.
        quote_field_suffix("quote_field_suffix");
    }
}
