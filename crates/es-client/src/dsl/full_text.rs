use serde::Serialize;

use super::{
    object::{json, options, pair},
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
        let fields: Vec<String> = fields.into_iter().map(Into::into).collect();
        Self::new("multi_match", pair("query", text)).with("fields", fields)
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
    }
}
