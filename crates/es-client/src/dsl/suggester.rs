use serde::{Serialize, Serializer};
use serde_json::Value;

use super::object::{Clause, json, options, pair};

/// What suggests.
///
/// ```
/// use es_client::dsl::Suggester;
/// use serde_json::json;
///
/// assert_eq!(
///     json!({"spelling": Suggester::term("title", "shoos").size(3)}),
///     json!({"spelling": {"text": "shoos", "term": {"field": "title", "size": 3}}})
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Suggester {
    input: (&'static str, String),
    own: Clause,
}

impl Suggester {
    fn new(kind: &'static str, field: impl Into<String>, input: (&'static str, String)) -> Self {
        Self { input, own: Clause::new(kind, pair("field", field.into())) }
    }

    /// Words that are like those of the text.
    pub fn term(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new("term", field, ("text", text.into()))
    }

    /// Texts that are like this one as a whole.
    pub fn phrase(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new("phrase", field, ("text", text.into()))
    }

    /// Texts that start so.
    pub fn completion(field: impl Into<String>, start: impl Into<String>) -> Self {
        Self::new("completion", field, ("prefix", start.into()))
    }

    /// Texts that fit a regular expression from their start.
    pub fn completion_regex(field: impl Into<String>, pattern: impl Into<String>) -> Self {
        Self::new("completion", field, ("regex", pattern.into()))
    }

    options! {
        /// How many suggestions at most.
        size("size");
        /// Whether texts may differ from the start, and how.
        fuzzy("fuzzy");
        /// Whether each text is suggested once only.
        skip_duplicates("skip_duplicates");
        /// When to suggest: `missing`, `popular` or `always`.
        suggest_mode("suggest_mode");
        /// The analyzer of the text.
        analyzer("analyzer");
        /// How many suggestions each shard gives.
        shard_size("shard_size");
        /// How the suggestions of a word are sorted: `score` or `frequency`.
        sort("sort");
        /// How likeness is measured, such as `internal` or `jaro_winkler`.
        string_distance("string_distance");
        /// Whether words are compared in lower case.
        lowercase_terms("lowercase_terms");
        /// How many letters may differ: 1 or 2.
        max_edits("max_edits");
        /// How many candidates are looked at, as a multiple of `shard_size`.
        max_inspections("max_inspections");
        /// The frequency from which on a word is taken to be right.
        max_term_freq("max_term_freq");
        /// In how many documents a suggestion is, at least.
        min_doc_freq("min_doc_freq");
        /// How many letters a word has, at least.
        min_word_length("min_word_length");
        /// How many letters at the start may not differ.
        prefix_length("prefix_length");
        /// A query that decides which phrases are suggested.
        collate("collate");
        /// By how much a phrase has to be better than the text.
        confidence("confidence");
        /// What makes the candidates for each word of a phrase.
        direct_generator("direct_generator");
        /// Whether single words are looked at in a field of pairs.
        force_unigrams("force_unigrams");
        /// How many words the field's shingles have, at most.
        gram_size("gram_size");
        /// How what was changed is marked, such as `json!({"pre_tag": "<em>", "post_tag": "</em>"})`.
        highlight("highlight");
        /// How many words may be wrong: a number or a share.
        max_errors("max_errors");
        /// How likely a word that there is, is wrong.
        real_word_error_likelihood("real_word_error_likelihood");
        /// What separates words.
        separator("separator");
        /// How rare phrases are weighed, such as `json!({"laplace": {"alpha": 0.7}})`.
        smoothing("smoothing");
        /// How many words of the text are looked at.
        token_limit("token_limit");
        /// What documents have to be for, such as `json!({"place": ["cafe"]})`.
        contexts("contexts");
        /// How a regular expression is read, such as `json!({"max_determinized_states": 100})`.
        regex("regex");
    }

    /// Any option by its name. One that is set again replaces the earlier value.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Serialize) -> Self {
        self.own.set(option, json(value));
        self
    }
}

impl Serialize for Suggester {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut value = Value::from(self.own.clone());
        if let Value::Object(parts) = &mut value {
            parts.insert(self.input.0.to_owned(), Value::from(self.input.1.as_str()));
        }
        value.serialize(to)
    }
}
