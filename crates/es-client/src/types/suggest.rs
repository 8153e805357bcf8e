use super::answer::answer;
use serde::Deserialize;
use serde_json::Value;

answer! {
    /// What is suggested for one piece of the text.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct Suggestion {
        /// The piece.
        pub text: String,
        /// Where it starts in the text.
        pub offset: u32,
        /// How long it is.
        pub length: u32,
        /// The suggestions, best first.
        pub options: Vec<SuggestOption>,
    }
}

/// One suggestion.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SuggestOption {
    /// The suggested text.
    pub text: String,
    /// How good it is.
    #[serde(alias = "_score")]
    pub score: f64,
    /// In how many documents the term is (term suggester).
    pub freq: Option<u64>,
    /// The text with its changes marked (phrase suggester).
    pub highlighted: Option<String>,
    /// Whether the collate query finds something (phrase suggester with `prune`).
    pub collate_match: Option<bool>,
    /// The index of the document that suggests it (completion suggester).
    #[serde(rename = "_index")]
    pub index: Option<String>,
    /// The id of that document.
    #[serde(rename = "_id")]
    pub id: Option<String>,
    /// The value that decided on its shard, where it is not the id.
    #[serde(rename = "_routing")]
    pub routing: Option<String>,
    /// That document.
    #[serde(rename = "_source")]
    pub source: Option<Value>,
}
