//! Completions of a beginning.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{field_of, missing};
use crate::analysis::Analyzer;
use crate::api::error::ApiError;
use crate::json::{Json, object};
use crate::search::query::fuzzy_distance;
use crate::search::request::Request;
use crate::search::shard::Shard;
use crate::store::Kind;
use crate::strict::Fields;

struct Settings {
    path: String,
    size: usize,
    once: bool,
    fuzzy: Option<Fuzzy>,
}

impl Settings {
    fn read(settings: &Value) -> Result<Self, ApiError> {
        let fields = Fields::section("completion", settings)?;
        fields.unsupported(&["contexts", "analyzer", "shard_size"])?;
        let read = Self {
            path: field_of(&fields)?,
            size: fields.positive("size")?.unwrap_or(5),
            once: fields.flag("skip_duplicates")?.unwrap_or(false),
            fuzzy: match fields.get("fuzzy")? {
                None | Some(Value::Bool(false)) => None,
                Some(Value::Bool(true)) => Some(Fuzzy::default()),
                Some(settings) => Some(Fuzzy::read(settings)?),
            },
        };
        fields.finish()?;
        Ok(read)
    }
}

/// The edits that a beginning may have.
struct Fuzzy {
    fuzziness: String,
    /// The length of beginnings that may have edits.
    least: usize,
    /// The number of first characters that are not changed.
    fixed: usize,
}

impl Default for Fuzzy {
    fn default() -> Self {
        Self {
            fuzziness: "AUTO".to_owned(),
            least: 3,
            fixed: 1,
        }
    }
}

impl Fuzzy {
    fn read(settings: &Value) -> Result<Self, ApiError> {
        let fields = Fields::section("fuzzy", settings)?;
        fields.unsupported(&["transpositions", "unicode_aware", "max_determinized_states"])?;
        let default = Self::default();
        let read = Self {
            fuzziness: fields.text("fuzziness")?.unwrap_or(default.fuzziness),
            least: fields.count("min_length")?.unwrap_or(default.least),
            fixed: fields.count("prefix_length")?.unwrap_or(default.fixed),
        };
        fields.finish()?;
        Ok(read)
    }
}

/// The inputs that complete a beginning.
struct Beginning {
    text: String,
    edits: usize,
    fixed: usize,
}

impl Beginning {
    fn new(text: String, fuzzy: Option<&Fuzzy>) -> Result<Self, ApiError> {
        let (edits, fixed) = match fuzzy {
            Some(fuzzy) if text.chars().count() >= fuzzy.least => {
                (fuzzy_distance(&fuzzy.fuzziness, &text)?, fuzzy.fixed)
            }
            _ => (0, 0),
        };
        Ok(Self { text, edits, fixed })
    }

    fn fits(&self, input: &str) -> bool {
        if input.starts_with(&self.text) {
            return true;
        }
        if self.edits == 0 {
            return false;
        }
        let letters: Vec<char> = input.chars().collect();
        let length = self.text.chars().count();
        let start: String = self.text.chars().take(self.fixed).collect();
        let near = |part: &[char]| {
            strsim::osa_distance(&part.iter().collect::<String>(), &self.text) <= self.edits
        };
        input.starts_with(&start)
            && (length.saturating_sub(self.edits)..=length + self.edits)
                .filter_map(|end| letters.get(..end))
                .any(near)
    }
}

fn analyzed(analyzer: &Analyzer, text: &str) -> String {
    let tokens = analyzer.tokens(text).into_iter().map(|token| token.text);
    tokens.collect::<Vec<_>>().join(" ")
}

/// An input that completes the beginning: its weight, itself, and what is shown of it.
type Completion = (i64, String, Json);

pub(super) fn suggest(
    start: &str,
    settings: &Value,
    shards: &[Shard<'_>],
    request: &Request,
) -> Result<Json, ApiError> {
    let settings = Settings::read(settings)?;
    let mut options: Vec<Completion> = Vec::new();
    for shard in shards {
        options.extend(of_shard(start, &settings, shard, request)?);
    }
    options.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    if settings.once {
        let mut seen = BTreeSet::new();
        options.retain(|(_, text, _)| seen.insert(text.clone()));
    }
    let shown = options.into_iter().take(settings.size);
    let shown: Vec<Json> = shown.map(|(_, _, option)| option).collect();
    Ok(Json::Array(vec![object! {
        "text": start,
        "offset": 0,
        "length": start.encode_utf16().count(),
        "options": shown,
    }]))
}

/// The best completion of each document of a shard.
fn of_shard(
    start: &str,
    settings: &Settings,
    shard: &Shard<'_>,
    request: &Request,
) -> Result<Vec<Completion>, ApiError> {
    let path = &settings.path;
    let field = shard.index.mapping.field(path);
    let field = field.ok_or_else(|| missing(path))?;
    let Kind::Completion { analyzer } = &field.kind else {
        return Err(ApiError::illegal_argument(format!(
            "Field [{path}] is not a completion suggest field"
        ))
        .in_search());
    };
    let beginning = Beginning::new(analyzed(analyzer, start), settings.fuzzy.as_ref())?;
    // Nothing is completed where the analyzer leaves nothing.
    if beginning.text.is_empty() {
        return Ok(Vec::new());
    }
    let completed = shard.documents.iter().filter_map(|document| {
        let data = document.entry.fields.get(&field.path)?;
        let (input, weight) = data
            .inputs
            .iter()
            .filter(|(input, _)| beginning.fits(&analyzed(analyzer, input)))
            .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))?;
        let mut option = object! {
            "text": input.as_str(),
            "_index": &*shard.index.name,
            "_id": document.id.as_str(),
            "_score": *weight as f64,
        };
        if let Some(source) = request.fetch.source.apply(shard.index, document) {
            option.insert("_source", source);
        }
        Some((*weight, input.clone(), option))
    });
    Ok(completed.collect())
}
