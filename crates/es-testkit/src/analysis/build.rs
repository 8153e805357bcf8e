//! Analyzers by name, and those of an index's settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_stemmers::Algorithm;
use serde_json::{Map, Value, json};

use super::filter::ENGLISH_STOP;
use super::tokenizer::CharClass;
use super::{Analyzer, Filter, Tokenizer};
use crate::api::error::ApiError;
use crate::strict::Fields;

const STANDARD: Tokenizer = Tokenizer::Standard { longest: 255 };

/// The analyzers of an index: built in, or of its settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Analyzers {
    own: BTreeMap<String, Arc<Analyzer>>,
    normalizers: BTreeMap<String, Arc<Analyzer>>,
}

impl Analyzers {
    /// Reads the `analysis` of an index's settings.
    ///
    /// # Errors
    /// 400 for what is not known, or not done here.
    pub(crate) fn parse(settings: &Value) -> Result<Self, ApiError> {
        let fields = Fields::section("analysis", settings)?;
        fields.unsupported(&["char_filter"])?;
        let section = |name: &str| -> Result<Map<String, Value>, ApiError> {
            match fields.get(name)? {
                None => Ok(Map::new()),
                Some(Value::Object(named)) => Ok(named.clone()),
                Some(value) => Err(fields.wrong(name, value)),
            }
        };
        let filters = section("filter")?
            .iter()
            .map(|(name, settings)| Ok((name.clone(), filter(name, settings)?)))
            .collect::<Result<BTreeMap<_, _>, ApiError>>()?;
        let tokenizers = section("tokenizer")?
            .iter()
            .map(|(name, settings)| Ok((name.clone(), tokenizer(name, settings)?)))
            .collect::<Result<BTreeMap<_, _>, ApiError>>()?;
        let mut analyzers = Self::default();
        for (name, settings) in &section("analyzer")? {
            let built = own(name, settings, &tokenizers, &filters)?;
            analyzers.own.insert(name.clone(), Arc::new(built));
        }
        for (name, settings) in &section("normalizer")? {
            let read = Fields::section(name, settings)?;
            read.unsupported(&["char_filter"])?;
            read.choice("type", &[("custom", ())])?;
            let named = read.texts("filter")?.unwrap_or_default();
            let chain = named
                .iter()
                .map(|name| named_filter(name, &filters))
                .collect::<Result<_, _>>()?;
            read.finish()?;
            let built = Analyzer {
                name: name.clone(),
                tokenizer: Tokenizer::Keyword,
                filters: chain,
            };
            analyzers.normalizers.insert(name.clone(), Arc::new(built));
        }
        fields.finish()?;
        Ok(analyzers)
    }

    /// Returns an analyzer by its name.
    ///
    /// # Errors
    /// 400 when there is none, or when it is not done here.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<Analyzer>, ApiError> {
        match self.own.get(name) {
            Some(analyzer) => Ok(Arc::clone(analyzer)),
            None => builtin(name).map(Arc::new),
        }
    }

    /// Returns the analyzer of fields that name none.
    pub(crate) fn default_analyzer(&self) -> Result<Arc<Analyzer>, ApiError> {
        self.get(if self.own.contains_key("default") {
            "default"
        } else {
            "standard"
        })
    }

    pub(crate) fn normalizer(&self, name: &str) -> Result<Arc<Analyzer>, ApiError> {
        if let Some(found) = self.normalizers.get(name) {
            return Ok(Arc::clone(found));
        }
        if name == "lowercase" {
            let filters = vec![Filter::Lowercase];
            return Ok(Arc::new(Analyzer {
                name: name.to_owned(),
                tokenizer: Tokenizer::Keyword,
                filters,
            }));
        }
        Err(ApiError::illegal_argument(format!(
            "normalizer [{name}] not found"
        )))
    }
}

/// The analyzer of an `_analyze` request.
///
/// # Errors
/// 400 for what is not known, or not done here.
pub(crate) fn from_body(
    tokenizer: Option<&Value>,
    filters: &[Value],
    analyzers: &Analyzers,
) -> Result<Analyzer, ApiError> {
    let named: BTreeMap<String, Filter> = BTreeMap::new();
    let chain = filters.iter().map(|value| match value {
        Value::String(name) => named_filter(name, &named),
        settings => filter("_anonymous_filter", settings),
    });
    let filters = chain.collect::<Result<Vec<_>, _>>()?;
    let tokenizer = match tokenizer {
        None => Tokenizer::Keyword,
        Some(Value::String(name)) => named_tokenizer(name, &BTreeMap::new())?,
        Some(settings) => self::tokenizer("_anonymous_tokenizer", settings)?,
    };
    let _ = analyzers;
    Ok(Analyzer {
        name: "custom".to_owned(),
        tokenizer,
        filters,
    })
}

fn builtin(name: &str) -> Result<Analyzer, ApiError> {
    let stop = || Filter::Stop(words(ENGLISH_STOP));
    let (tokenizer, filters) = match name {
        "standard" => (STANDARD, vec![Filter::Lowercase]),
        "simple" => (Tokenizer::Letter, vec![Filter::Lowercase]),
        "stop" => (Tokenizer::Letter, vec![Filter::Lowercase, stop()]),
        "whitespace" => (Tokenizer::Whitespace, Vec::new()),
        "keyword" => (Tokenizer::Keyword, Vec::new()),
        "english" => (
            STANDARD,
            vec![
                Filter::Possessive,
                Filter::Lowercase,
                stop(),
                Filter::Porter,
            ],
        ),
        "pattern" | "fingerprint" | "snowball" | "arabic" | "armenian" | "basque" | "bengali"
        | "brazilian" | "bulgarian" | "catalan" | "cjk" | "czech" | "danish" | "dutch"
        | "estonian" | "finnish" | "french" | "galician" | "german" | "greek" | "hindi"
        | "hungarian" | "indonesian" | "irish" | "italian" | "latvian" | "lithuanian"
        | "norwegian" | "persian" | "portuguese" | "romanian" | "russian" | "serbian"
        | "sorani" | "spanish" | "swedish" | "thai" | "turkish" => {
            return Err(ApiError::unsupported(format!("the analyzer [{name}]")));
        }
        _ => {
            return Err(ApiError::illegal_argument(format!(
                "analyzer [{name}] has not been configured in mappings"
            )));
        }
    };
    Ok(Analyzer {
        name: name.to_owned(),
        tokenizer,
        filters,
    })
}

fn own(
    name: &str,
    settings: &Value,
    tokenizers: &BTreeMap<String, Tokenizer>,
    filters: &BTreeMap<String, Filter>,
) -> Result<Analyzer, ApiError> {
    let fields = Fields::section(name, settings)?;
    fields.unsupported(&["char_filter", "position_increment_gap"])?;
    let kind = fields.text("type")?.unwrap_or_else(|| "custom".to_owned());
    let built = match kind.as_str() {
        "custom" => {
            let tokenizer = fields.text("tokenizer")?.ok_or_else(|| {
                ApiError::illegal_argument(format!(
                    "analyzer [{name}] must specify either an analyzer type, or a tokenizer"
                ))
            })?;
            let named = fields.texts("filter")?.unwrap_or_default();
            Analyzer {
                name: name.to_owned(),
                tokenizer: named_tokenizer(&tokenizer, tokenizers)?,
                filters: named
                    .iter()
                    .map(|name| named_filter(name, filters))
                    .collect::<Result<_, _>>()?,
            }
        }
        "standard" | "english" | "stop" => {
            let mut built = Analyzer {
                name: name.to_owned(),
                ..builtin(&kind)?
            };
            if let (Some(longest), "standard") =
                (fields.positive("max_token_length")?, kind.as_str())
            {
                built.tokenizer = Tokenizer::Standard { longest };
            }
            if let Some(listed) = fields.texts("stopwords")? {
                built
                    .filters
                    .retain(|filter| !matches!(filter, Filter::Stop(_)));
                let place = built
                    .filters
                    .iter()
                    .position(|filter| matches!(filter, Filter::Stem(_)));
                built.filters.insert(
                    place.unwrap_or(built.filters.len()),
                    Filter::Stop(stop_words(&listed)?),
                );
            }
            built
        }
        other => Analyzer {
            name: name.to_owned(),
            ..builtin(other)?
        },
    };
    fields.finish()?;
    Ok(built)
}

fn words(text: &str) -> std::collections::BTreeSet<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn stop_words(listed: &[String]) -> Result<std::collections::BTreeSet<String>, ApiError> {
    match listed {
        [one] if one == "_english_" => Ok(words(ENGLISH_STOP)),
        [one] if one == "_none_" => Ok(std::collections::BTreeSet::new()),
        listed => match listed
            .iter()
            .find(|word| word.starts_with('_') && word.ends_with('_'))
        {
            Some(word) => Err(ApiError::unsupported(format!("the stop words [{word}]"))),
            None => Ok(listed.iter().cloned().collect()),
        },
    }
}

fn named_tokenizer(name: &str, own: &BTreeMap<String, Tokenizer>) -> Result<Tokenizer, ApiError> {
    match own.get(name) {
        Some(tokenizer) => Ok(tokenizer.clone()),
        None => {
            tokenizer(name, &json!({"type": name})).map_err(|error| match error.is_unsupported() {
                true => error,
                false => ApiError::illegal_argument(format!(
                    "failed to find tokenizer under name [{name}]"
                )),
            })
        }
    }
}

fn tokenizer(name: &str, settings: &Value) -> Result<Tokenizer, ApiError> {
    let fields = Fields::section(name, settings)?;
    let kind = fields.text("type")?.unwrap_or_default();
    let built = match kind.as_str() {
        "standard" => Tokenizer::Standard {
            longest: fields.positive("max_token_length")?.unwrap_or(255),
        },
        "whitespace" => Tokenizer::Whitespace,
        "keyword" => Tokenizer::Keyword,
        "letter" => Tokenizer::Letter,
        "ngram" | "edge_ngram" => {
            let classes = [
                ("letter", CharClass::Letter),
                ("digit", CharClass::Digit),
                ("whitespace", CharClass::Whitespace),
                ("punctuation", CharClass::Punctuation),
                ("symbol", CharClass::Symbol),
            ];
            let mut of = Vec::new();
            for word in fields.texts("token_chars")?.unwrap_or_default() {
                let class = classes
                    .iter()
                    .find(|(name, _)| *name == word)
                    .map(|(_, class)| *class);
                of.push(class.ok_or_else(|| {
                    ApiError::illegal_argument(format!("Unknown token type: '{word}'"))
                })?);
            }
            let (least, most) = gram_sizes(&fields, kind == "ngram")?;
            Tokenizer::Grams {
                least,
                most,
                edge: kind == "edge_ngram",
                of,
            }
        }
        "pattern" => {
            fields.unsupported(&["flags", "group"])?;
            let pattern = fields.text("pattern")?.unwrap_or_else(|| "\\W+".to_owned());
            let pattern = regex_lite::Regex::new(&pattern)
                .map_err(|_| ApiError::unsupported(format!("the pattern [{pattern}]")))?;
            Tokenizer::Pattern(pattern)
        }
        "classic"
        | "lowercase"
        | "thai"
        | "uax_url_email"
        | "path_hierarchy"
        | "simple_pattern"
        | "char_group"
        | "simple_pattern_split" => {
            return Err(ApiError::unsupported(format!("the tokenizer [{kind}]")));
        }
        _ => {
            return Err(ApiError::illegal_argument(format!(
                "Unknown tokenizer type [{kind}] for [{name}]"
            )));
        }
    };
    fields.finish()?;
    Ok(built)
}

fn gram_sizes(fields: &Fields<'_>, limited: bool) -> Result<(usize, usize), ApiError> {
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

fn named_filter(name: &str, own: &BTreeMap<String, Filter>) -> Result<Filter, ApiError> {
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

fn filter(name: &str, settings: &Value) -> Result<Filter, ApiError> {
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
        "kstem" => {
            return Err(ApiError::unsupported(format!("the filter [{kind}]")));
        }
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
        "apostrophe"
        | "arabic_normalization"
        | "cjk_bigram"
        | "cjk_width"
        | "classic"
        | "common_grams"
        | "condition"
        | "decimal_digit"
        | "delimited_payload"
        | "dictionary_decompounder"
        | "elision"
        | "fingerprint"
        | "flatten_graph"
        | "hunspell"
        | "hyphenation_decompounder"
        | "keep"
        | "keep_types"
        | "keyword_marker"
        | "keyword_repeat"
        | "limit"
        | "min_hash"
        | "multiplexer"
        | "pattern_capture"
        | "pattern_replace"
        | "predicate_token_filter"
        | "remove_duplicates"
        | "shingle"
        | "stemmer_override"
        | "word_delimiter"
        | "word_delimiter_graph" => {
            return Err(ApiError::unsupported(format!("the filter [{kind}]")));
        }
        _ => {
            return Err(ApiError::illegal_argument(format!(
                "Unknown filter type [{kind}] for [{name}]"
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
