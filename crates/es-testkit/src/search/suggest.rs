//! Suggesters: terms near to a misspelt one, and completions of a beginning.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::request::Request;
use super::shard::Shard;
use crate::api::error::ApiError;
use crate::json::{Json, object};
use crate::store::{Field, Kind, shortest};
use crate::strict::Fields;

/// Carries out the `suggest` of a search.
///
/// # Errors
/// 400 for what is not known, or not done here.
pub(crate) fn run(
    settings: &Value,
    shards: &[Shard<'_>],
    request: &Request,
) -> Result<Json, ApiError> {
    let Some(named) = settings.as_object() else {
        return Err(ApiError::parsing("unknown key for a value in [suggest]."));
    };
    let shared = named.get("text").and_then(Value::as_str);
    let mut all = Vec::new();
    for (name, body) in named.iter().filter(|(name, _)| *name != "text") {
        let fields = Fields::section(name, body)?;
        let text = match fields.text("text")? {
            Some(text) => Some(text),
            None => shared.map(str::to_owned),
        };
        let prefix = fields.text("prefix")?;
        fields.unsupported(&["regex", "phrase"])?;
        let (kind, shown) = if let Some(settings) = fields.get("term")? {
            let text = text
                .ok_or_else(|| ApiError::illegal_argument("The required text option is missing"))?;
            ("term", term(&text, settings, shards)?)
        } else if let Some(settings) = fields.get("completion")? {
            let start = prefix.or(text).ok_or_else(|| {
                ApiError::illegal_argument("'prefix/text' or 'regex' must be defined")
            })?;
            ("completion", completion(&start, settings, shards, request)?)
        } else if fields.rest().is_empty() {
            return Err(ApiError::bad_request(
                "parse_exception",
                "missing suggestion object",
            ));
        } else {
            let kind = fields
                .rest()
                .first()
                .map(|(kind, _)| (*kind).clone())
                .unwrap_or_default();
            return Err(ApiError::bad_request(
                "named_object_not_found_exception",
                format!(
                    "[1:1] unable to parse SuggestionBuilder with name [{kind}]: parser not found"
                ),
            ));
        };
        fields.finish()?;
        let name = if request.typed_keys {
            format!("{kind}#{name}")
        } else {
            name.clone()
        };
        all.push((name, shown));
    }
    Ok(Json::Object(all))
}

fn field_of(fields: &Fields<'_>) -> Result<String, ApiError> {
    fields.text("field")?.ok_or_else(|| {
        ApiError::bad_request("parse_exception", "the required field option is missing")
    })
}

fn missing(path: &str) -> ApiError {
    ApiError::illegal_argument(format!("no mapping found for field [{path}]")).in_search()
}

fn term(text: &str, settings: &Value, shards: &[Shard<'_>]) -> Result<Json, ApiError> {
    let fields = Fields::query("term", settings)?;
    fields.unsupported(&[
        "analyzer",
        "max_inspections",
        "min_doc_freq",
        "max_term_freq",
        "string_distance",
        "lowercase_terms",
        "shard_size",
    ])?;
    let path = field_of(&fields)?;
    #[derive(Clone, Copy, PartialEq)]
    enum Mode {
        Missing,
        Popular,
        Always,
    }
    let modes = [
        ("missing", Mode::Missing),
        ("popular", Mode::Popular),
        ("always", Mode::Always),
    ];
    let mode = fields
        .choice("suggest_mode", &modes)?
        .unwrap_or(Mode::Missing);
    let size = fields.positive("size")?.unwrap_or(5);
    let by_frequency = fields
        .choice("sort", &[("score", false), ("frequency", true)])?
        .unwrap_or(false);
    let edits = fields.positive("max_edits")?.unwrap_or(2);
    if edits > 2 {
        return Err(ApiError::illegal_argument(
            "maxEdits must be between 1 and 2",
        ));
    }
    let fixed = fields.count("prefix_length")?.unwrap_or(1);
    let least = fields.count("min_word_length")?.unwrap_or(4);
    fields.finish()?;
    let mut field = None;
    for shard in shards {
        field = Some(
            shard
                .index
                .mapping
                .field(&path)
                .ok_or_else(|| missing(&path))?,
        );
    }
    let Some(field) = field else {
        return Ok(Json::Array(Vec::new()));
    };
    let tokens = match &field.kind {
        Kind::Text { search, .. } => search.tokens(text),
        _ => crate::analysis::Analyzers::default()
            .get("keyword")?
            .tokens(text),
    };
    let mut shown = Vec::new();
    for token in tokens {
        let known: u64 = shards
            .iter()
            .map(|shard| shard.frequency(&field, &token.text))
            .sum();
        let mut options = Vec::new();
        if mode != Mode::Missing || known == 0 {
            options = candidates(&token.text, known, &field, shards, edits, fixed, least);
            if mode == Mode::Popular {
                options.retain(|(_, _, frequency)| *frequency > known);
            }
        }
        options.sort_by(|a, b| {
            let by_score = b.1.total_cmp(&a.1);
            let by_count = b.2.cmp(&a.2);
            (if by_frequency {
                by_count.then(by_score)
            } else {
                by_score.then(by_count)
            })
            .then_with(|| a.0.cmp(&b.0))
        });
        let options: Vec<Value> = options
            .into_iter()
            .take(size)
            .map(|(text, score, frequency)| json!({"text": text, "score": shortest(score), "freq": frequency}))
            .collect();
        shown.push(Json::from(json!({
            "text": token.text, "offset": token.start, "length": token.end - token.start, "options": options,
        })));
    }
    Ok(Json::Array(shown))
}

fn candidates(
    word: &str,
    _known: u64,
    field: &Field,
    shards: &[Shard<'_>],
    edits: usize,
    fixed: usize,
    least: usize,
) -> Vec<(String, f32, u64)> {
    let length = word.chars().count();
    if length < least {
        return Vec::new();
    }
    let start: String = word.chars().take(fixed).collect();
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for shard in shards {
        for term in shard.dictionary(field) {
            let distance = strsim::osa_distance(&term, word);
            if term != word && term.starts_with(&start) && distance <= edits {
                *found.entry(term.clone()).or_insert(0) += shard.frequency(field, &term);
            }
        }
    }
    found
        .into_iter()
        .map(|(term, frequency)| {
            let distance = strsim::osa_distance(&term, word) as f32;
            let shorter = term.chars().count().min(length).max(1) as f32;
            (term, 1.0 - distance / shorter, frequency)
        })
        .collect()
}

fn completion(
    start: &str,
    settings: &Value,
    shards: &[Shard<'_>],
    request: &Request,
) -> Result<Json, ApiError> {
    let fields = Fields::section("completion", settings)?;
    fields.unsupported(&["contexts", "analyzer", "shard_size"])?;
    let path = field_of(&fields)?;
    let size = fields.positive("size")?.unwrap_or(5);
    let once = fields.flag("skip_duplicates")?.unwrap_or(false);
    let fuzzy = match fields.get("fuzzy")? {
        None | Some(Value::Bool(false)) => None,
        Some(Value::Bool(true)) => Some(("AUTO".to_owned(), 3, 1)),
        Some(settings) => {
            let inner = Fields::section("fuzzy", settings)?;
            inner.unsupported(&["transpositions", "unicode_aware", "max_determinized_states"])?;
            let fuzziness = inner
                .text("fuzziness")?
                .unwrap_or_else(|| "AUTO".to_owned());
            let (least, fixed) = (
                inner.count("min_length")?.unwrap_or(3),
                inner.count("prefix_length")?.unwrap_or(1),
            );
            inner.finish()?;
            Some((fuzziness, least, fixed))
        }
    };
    fields.finish()?;
    let mut options: Vec<(i64, String, Json)> = Vec::new();
    for shard in shards {
        let field = shard
            .index
            .mapping
            .field(&path)
            .ok_or_else(|| missing(&path))?;
        let Kind::Completion { analyzer } = &field.kind else {
            return Err(ApiError::illegal_argument(format!(
                "Field [{path}] is not a completion suggest field"
            ))
            .in_search());
        };
        let form = |text: &str| -> String {
            let tokens: Vec<String> = analyzer
                .tokens(text)
                .into_iter()
                .map(|token| token.text)
                .collect();
            tokens.join(" ")
        };
        let wanted = form(start);
        let edits = match &fuzzy {
            Some((fuzziness, least, _)) if wanted.chars().count() >= *least => {
                super::query::fuzzy_distance(fuzziness, &wanted)?
            }
            _ => 0,
        };
        let fixed = fuzzy.as_ref().map_or(0, |(_, _, fixed)| *fixed);
        for document in &shard.documents {
            let Some(data) = document.entry.fields.get(&field.path) else {
                continue;
            };
            let best = data
                .inputs
                .iter()
                .filter(|(input, _)| begins(&form(input), &wanted, edits, fixed))
                .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)));
            let Some((input, weight)) = best else {
                continue;
            };
            let mut option = object! {
                "text": input.as_str(),
                "_index": &*shard.index.name,
                "_id": document.id.as_str(),
                "_score": *weight as f64,
            };
            if let Some(source) = request.fetch.source.apply(shard.index, document) {
                option.insert("_source", source);
            }
            options.push((*weight, input.clone(), option));
        }
    }
    options.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    if once {
        let mut seen = std::collections::BTreeSet::new();
        options.retain(|(_, text, _)| seen.insert(text.clone()));
    }
    let shown: Vec<Json> = options
        .into_iter()
        .take(size)
        .map(|(_, _, option)| option)
        .collect();
    let mut entry = Json::from(Map::new());
    entry = match entry {
        Json::Value(_) => object! {
            "text": start,
            "offset": 0,
            "length": start.encode_utf16().count(),
            "options": shown,
        },
        other => other,
    };
    Ok(Json::Array(vec![entry]))
}

/// Whether a text begins with another one, up to some edits behind a fixed beginning.
fn begins(text: &str, wanted: &str, edits: usize, fixed: usize) -> bool {
    if text.starts_with(wanted) {
        return true;
    }
    if edits == 0 {
        return false;
    }
    let letters: Vec<char> = text.chars().collect();
    let length = wanted.chars().count();
    let start: String = wanted.chars().take(fixed).collect();
    text.starts_with(&start)
        && (length.saturating_sub(edits)..=length + edits)
            .filter_map(|end| letters.get(..end))
            .any(|part| strsim::osa_distance(&part.iter().collect::<String>(), wanted) <= edits)
}
