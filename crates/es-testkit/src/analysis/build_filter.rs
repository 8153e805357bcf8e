//! Token filters by name, and from their settings.

use std::collections::{BTreeMap, BTreeSet};

use rust_stemmers::Algorithm;
use serde_json::{Value, json};

use super::Filter;
use super::filter::ENGLISH_STOP;
use crate::api::error::ApiError;
use crate::strict::Fields;

/// Filters of the server that are not done here.
const UNSUPPORTED: &[&str] = &[
    "apostrophe",
    "arabic_normalization",
    "cjk_bigram",
    "cjk_width",
    "classic",
    "common_grams",
    "condition",
    "decimal_digit",
    "delimited_payload",
    "dictionary_decompounder",
    "elision",
    "fingerprint",
    "flatten_graph",
    "hunspell",
    "hyphenation_decompounder",
    "keep",
    "keep_types",
    "keyword_marker",
    "keyword_repeat",
    "kstem",
    "limit",
    "min_hash",
    "multiplexer",
    "pattern_capture",
    "pattern_replace",
    "predicate_token_filter",
    "remove_duplicates",
    "shingle",
    "stemmer_override",
    "word_delimiter",
    "word_delimiter_graph",
];

pub(super) fn named_filter(name: &str, own: &BTreeMap<String, Filter>) -> Result<Filter, ApiError> {
    match own.get(name) {
        Some(filter) => Ok(filter.clone()),
        None => {
            filter(name, &json!({"type": name})).map_err(|error| match error.is_unsupported() {
                true => error,
                false => {
                    ApiError::illegal_argument(format!("failed to find filter under name [{name}]"))
                }
            })
        }
    }
}

pub(super) fn filter(name: &str, settings: &Value) -> Result<Filter, ApiError> {
    let fields = Fields::section(name, settings)?;
    let kind = fields.text("type")?.unwrap_or_default();
    let built = match kind.as_str() {
        "lowercase" => Filter::Lowercase,
        "uppercase" => Filter::Uppercase,
        "asciifolding" => Filter::AsciiFolding,
        "trim" => Filter::Trim,
        "reverse" => Filter::Reverse,
        "unique" => Filter::Unique,
        "length" => Filter::Length {
            least: fields.count("min")?.unwrap_or(0),
            most: fields.count("max")?.unwrap_or(usize::MAX),
        },
        "truncate" => Filter::Truncate(fields.positive("length")?.unwrap_or(10)),
        "stop" => {
            let listed = fields
                .texts("stopwords")?
                .unwrap_or_else(|| vec!["_english_".to_owned()]);
            Filter::Stop(stop_words(&listed)?)
        }
        "porter2" => Filter::Stem(Algorithm::English),
        "porter_stem" => Filter::Porter,
        "stemmer" | "snowball" => {
            let language = match fields.text("language")? {
                Some(language) => Some(language),
                None => fields.text("name")?,
            };
            let language = language
                .unwrap_or_else(|| "english".to_owned())
                .to_ascii_lowercase();
            match language.as_str() {
                // Snowball's `English` is the newer algorithm of the same author.
                "english" | "porter" if kind == "stemmer" => Filter::Porter,
                language => stemmer(language)?,
            }
        }
        "ngram" | "edge_ngram" => {
            let (least, most) = gram_sizes(&fields, kind == "ngram")?;
            let keep = fields.flag("preserve_original")?.unwrap_or(false);
            Filter::Grams {
                least,
                most,
                edge: kind == "edge_ngram",
                keep,
            }
        }
        "synonym" | "synonym_graph" => synonyms(&fields)?,
        other if UNSUPPORTED.contains(&other) => {
            return Err(ApiError::unsupported(format!("the filter [{other}]")));
        }
        other => {
            return Err(ApiError::illegal_argument(format!(
                "Unknown filter type [{other}] for [{name}]"
            )));
        }
    };
    fields.finish()?;
    Ok(built)
}

fn stemmer(language: &str) -> Result<Filter, ApiError> {
    Ok(Filter::Stem(match language {
        "english" | "porter2" => Algorithm::English,
        "french" => Algorithm::French,
        "german" | "german2" => Algorithm::German,
        "spanish" => Algorithm::Spanish,
        "italian" => Algorithm::Italian,
        "dutch" => Algorithm::Dutch,
        "danish" => Algorithm::Danish,
        "swedish" => Algorithm::Swedish,
        "norwegian" => Algorithm::Norwegian,
        "finnish" => Algorithm::Finnish,
        "portuguese" => Algorithm::Portuguese,
        "russian" => Algorithm::Russian,
        "hungarian" => Algorithm::Hungarian,
        "romanian" => Algorithm::Romanian,
        "turkish" => Algorithm::Turkish,
        "possessive_english" => return Ok(Filter::Possessive),
        other => return Err(ApiError::unsupported(format!("the stemmer [{other}]"))),
    }))
}

/// Lists such as `car, auto` and rules such as `auto => car`, of one word each.
fn synonyms(fields: &Fields<'_>) -> Result<Filter, ApiError> {
    fields.unsupported(&["synonyms_path", "synonyms_set", "format", "updateable"])?;
    let (expand, _) = (
        fields.flag("expand")?.unwrap_or(true),
        fields.flag("lenient")?,
    );
    let mut words: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for rule in fields.texts("synonyms")?.unwrap_or_default() {
        let list = |text: &str| -> Vec<String> {
            text.split(',').map(|word| word.trim().to_owned()).collect()
        };
        let (from, to) = match rule.split_once("=>") {
            Some((from, to)) => (list(from), list(to)),
            None => (list(&rule), list(&rule)),
        };
        if from.iter().chain(&to).any(|word| word.contains(' ')) {
            return Err(ApiError::unsupported(format!(
                "synonyms of several words [{rule}]"
            )));
        }
        for word in &from {
            let to = if expand || rule.contains("=>") {
                to.clone()
            } else {
                to.iter().take(1).cloned().collect()
            };
            let known = words.entry(word.clone()).or_default();
            // The word itself comes first, as it stands in the text.
            let (own, others): (Vec<_>, Vec<_>) = to.into_iter().partition(|other| other == word);
            known.extend(own.into_iter().chain(others));
        }
    }
    Ok(Filter::Synonyms(words))
}

pub(super) fn stop_words(listed: &[String]) -> Result<BTreeSet<String>, ApiError> {
    match listed {
        [one] if one == "_english_" => Ok(words(ENGLISH_STOP)),
        [one] if one == "_none_" => Ok(BTreeSet::new()),
        listed => match listed
            .iter()
            .find(|word| word.starts_with('_') && word.ends_with('_'))
        {
            Some(word) => Err(ApiError::unsupported(format!("the stop words [{word}]"))),
            None => Ok(listed.iter().cloned().collect()),
        },
    }
}

pub(super) fn gram_sizes(fields: &Fields<'_>, limited: bool) -> Result<(usize, usize), ApiError> {
    let least = fields.positive("min_gram")?.unwrap_or(1);
    let most = fields.positive("max_gram")?.unwrap_or(2);
    if limited && most.saturating_sub(least) > 1 {
        return Err(ApiError::illegal_argument(format!(
            "The difference between max_gram and min_gram in NGram Tokenizer must be less than or equal to: [1] but was [{}]. This limit can be set by changing the [index.max_ngram_diff] index level setting.",
            most - least
        )));
    }
    Ok((least, most))
}

pub(super) fn words(text: &str) -> BTreeSet<String> {
    text.split(' ').map(str::to_owned).collect()
}
