use serde_json::Value;

use super::object::object;

object! {
    /// The suggestions for a part of the text.
    #[derive(Clone, Debug)]
    pub struct Suggestion {
        /// The part of the text.
        pub text: String,
        /// The offset of this part in the text, in UTF-16 units.
        pub offset: i64,
        /// The length of this part.
        pub length: i64,
        /// The suggestions, best first.
        pub options: Vec<SuggestOption>,
    }
}

object! {
    /// A suggestion.
    #[derive(Clone, Debug)]
    pub struct SuggestOption {
        /// The suggested text.
        pub text: String,
        /// The score.
        pub score: f64 = "score" | "_score",
        /// The document frequency of the term (term suggester).
        pub freq: Option<i64>,
        /// The text with its changes marked (phrase suggester).
        pub highlighted: Option<String>,
        /// Whether the collate query matches (phrase suggester with `prune`).
        pub collate_match: Option<bool>,
        /// The index of the document that suggests it (completion suggester).
        pub index: Option<String> = "_index",
        /// The ID of the document.
        pub id: Option<String> = "_id",
        /// The routing value of the document, if it is not the ID.
        pub routing: Option<String> = "_routing",
        /// The document.
        pub source: Option<Value> = "_source",
    }
}
