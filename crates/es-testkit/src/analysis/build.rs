//! Analyzers by name, and those of an index's settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::build_filter::{filter, gram_sizes, named_filter, stop_words, words};
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
    pub fn parse(settings: &Value) -> Result<Self, ApiError> {
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
    pub fn get(&self, name: &str) -> Result<Arc<Analyzer>, ApiError> {
        match self.own.get(name) {
            Some(analyzer) => Ok(Arc::clone(analyzer)),
            None => builtin(name).map(Arc::new),
        }
    }

    /// Returns the analyzer of fields that name none.
    pub fn default_analyzer(&self) -> Result<Arc<Analyzer>, ApiError> {
        self.get(if self.own.contains_key("default") {
            "default"
        } else {
            "standard"
        })
    }

    pub fn normalizer(&self, name: &str) -> Result<Arc<Analyzer>, ApiError> {
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
