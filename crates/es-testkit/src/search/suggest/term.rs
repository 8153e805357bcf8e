//! Terms near to a misspelt one.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{field_of, missing};
use crate::analysis::Analyzers;
use crate::api::error::ApiError;
use crate::json::Json;
use crate::search::shard::Shard;
use crate::store::{Field, Kind, shortest};
use crate::strict::Fields;

/// The words that get suggestions.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Missing,
    Popular,
    Always,
}

const MODES: &[(&str, Mode)] = &[
    ("missing", Mode::Missing),
    ("popular", Mode::Popular),
    ("always", Mode::Always),
];

struct Settings {
    path: String,
    mode: Mode,
    size: usize,
    by_frequency: bool,
    edits: usize,
    /// The number of first characters that are not changed.
    fixed: usize,
    /// The length of words that get suggestions.
    least: usize,
}

impl Settings {
    fn read(settings: &Value) -> Result<Self, ApiError> {
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
        let sorts = [("score", false), ("frequency", true)];
        let read = Self {
            path: field_of(&fields)?,
            mode: fields
                .choice("suggest_mode", MODES)?
                .unwrap_or(Mode::Missing),
            size: fields.positive("size")?.unwrap_or(5),
            by_frequency: fields.choice("sort", &sorts)?.unwrap_or(false),
            edits: fields.positive("max_edits")?.unwrap_or(2),
            fixed: fields.count("prefix_length")?.unwrap_or(1),
            least: fields.count("min_word_length")?.unwrap_or(4),
        };
        if read.edits > 2 {
            return Err(ApiError::illegal_argument(
                "maxEdits must be between 1 and 2",
            ));
        }
        fields.finish()?;
        Ok(read)
    }

    /// The suggestions for a word that the index has so many times, best first.
    fn options(
        &self,
        word: &str,
        known: u64,
        field: &Field,
        shards: &[Shard<'_>],
    ) -> Vec<Candidate> {
        if self.mode == Mode::Missing && known > 0 {
            return Vec::new();
        }
        let mut options = self.candidates(word, field, shards);
        if self.mode == Mode::Popular {
            options.retain(|option| option.frequency > known);
        }
        options.sort_by(|a, b| self.compare(a, b));
        options.truncate(self.size);
        options
    }

    fn compare(&self, a: &Candidate, b: &Candidate) -> Ordering {
        let by_score = b.score.total_cmp(&a.score);
        let by_count = b.frequency.cmp(&a.frequency);
        let order = if self.by_frequency {
            by_count.then(by_score)
        } else {
            by_score.then(by_count)
        };
        order.then_with(|| a.text.cmp(&b.text))
    }

    fn candidates(&self, word: &str, field: &Field, shards: &[Shard<'_>]) -> Vec<Candidate> {
        let length = word.chars().count();
        if length < self.least {
            return Vec::new();
        }
        let start: String = word.chars().take(self.fixed).collect();
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for shard in shards {
            for term in shard.dictionary(field) {
                let distance = strsim::osa_distance(&term, word);
                if term != word && term.starts_with(&start) && distance <= self.edits {
                    *found.entry(term.clone()).or_insert(0) += shard.frequency(field, &term);
                }
            }
        }
        let candidates = found.into_iter().map(|(text, frequency)| {
            let distance = strsim::osa_distance(&text, word) as f32;
            let shorter = text.chars().count().min(length).max(1) as f32;
            Candidate {
                score: 1.0 - distance / shorter,
                text,
                frequency,
            }
        });
        candidates.collect()
    }
}

struct Candidate {
    text: String,
    score: f32,
    frequency: u64,
}

pub(super) fn suggest(
    text: &str,
    settings: &Value,
    shards: &[Shard<'_>],
) -> Result<Json, ApiError> {
    let settings = Settings::read(settings)?;
    let mut field = None;
    for shard in shards {
        let known = shard.index.mapping.field(&settings.path);
        field = Some(known.ok_or_else(|| missing(&settings.path))?);
    }
    let Some(field) = field else {
        return Ok(Json::Array(Vec::new()));
    };
    let tokens = match &field.kind {
        Kind::Text { search, .. } => search.tokens(text),
        _ => Analyzers::default().get("keyword")?.tokens(text),
    };
    let mut shown = Vec::new();
    for token in tokens {
        let frequencies = shards
            .iter()
            .map(|shard| shard.frequency(&field, &token.text));
        let options = settings.options(&token.text, frequencies.sum(), &field, shards);
        let options: Vec<Value> = options
            .into_iter()
            .map(|option| json!({"text": option.text, "score": shortest(option.score), "freq": option.frequency}))
            .collect();
        shown.push(Json::from(json!({
            "text": token.text, "offset": token.start, "length": token.end - token.start, "options": options,
        })));
    }
    Ok(Json::Array(shown))
}
