//! Phrases: terms that follow each other.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::text::{Settings, long_form, query_text};
use super::{Compiler, Marked, common, one_field};
use crate::analysis::Token;
use crate::api::error::ApiError;
use crate::search::shard::{Bm25, Scorer, View, length};
use crate::store::Field;
use crate::strict::Fields;

impl<'a> Compiler<'a> {
    pub fn match_phrase(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let (path, settings) = one_field("match_phrase", body)?;
        let settings = long_form("match_phrase", settings)?;
        let fields = Fields::query("match_phrase", &settings)?;
        let text = query_text("match_phrase", &fields)?;
        let (boost, name) = common(&fields)?;
        let settings = Settings {
            analyzer: fields.text("analyzer")?,
            slop: fields.count("slop")?.unwrap_or(0),
            zero_terms_all: fields
                .choice("zero_terms_query", &[("all", true), ("none", false)])?
                .unwrap_or(false),
            boost,
            ..Settings::default()
        };
        fields.finish()?;
        self.named(name, self.phrase_scorer(path, &text, &settings, false)?)
    }

    pub fn match_phrase_prefix(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let (path, settings) = one_field("match_phrase_prefix", body)?;
        let settings = long_form("match_phrase_prefix", settings)?;
        let fields = Fields::query("match_phrase_prefix", &settings)?;
        let text = query_text("match_phrase_prefix", &fields)?;
        let (boost, name) = common(&fields)?;
        let settings = Settings {
            analyzer: fields.text("analyzer")?,
            slop: fields.count("slop")?.unwrap_or(0),
            max_expansions: fields.count("max_expansions")?.unwrap_or(50).max(1),
            zero_terms_all: fields
                .choice("zero_terms_query", &[("all", true), ("none", false)])?
                .unwrap_or(false),
            boost,
            ..Settings::default()
        };
        fields.finish()?;
        self.named(name, self.phrase_scorer(path, &text, &settings, true)?)
    }

    /// Matches terms that follow each other, the last one as a prefix if asked.
    pub(super) fn phrase_scorer(
        &self,
        path: &str,
        text: &str,
        settings: &Settings,
        prefix: bool,
    ) -> Result<Scorer<'a>, ApiError> {
        let Some(field) = self.field(path) else {
            return Ok(Rc::new(|_| None));
        };
        if !field.is_text() {
            if prefix {
                return Err(self.shard_error(ApiError::illegal_argument(format!(
                    "Can only use phrase prefix queries on text fields - not on [{}] which is of type [{}]",
                    field.path, field.type_name
                ))));
            }
            return self.match_value(&field, text, settings);
        }
        let analyzer = self.search_analyzer(&field, settings)?;
        let tokens = analyzer.tokens(text);
        let Some(first) = tokens.first().map(|token| token.position) else {
            return Ok(self.nothing_to_match(settings));
        };
        // Each place of the phrase with the terms that may stand there.
        let mut places: Vec<(usize, Vec<String>)> = Vec::new();
        for token in tokens {
            let at = token.position - first;
            match places.last_mut() {
                Some((last, terms)) if *last == at => terms.push(token.text),
                _ => places.push((at, vec![token.text])),
            }
        }
        if prefix && let Some((_, terms)) = places.last_mut() {
            let start = terms.first().cloned().unwrap_or_default();
            self.mark(&field.path, Marked::Prefix(start.clone()));
            let known = self.shard.dictionary(&field);
            *terms = known
                .into_iter()
                .filter(|term| term.starts_with(&start))
                .take(settings.max_expansions)
                .collect();
            if places.len() == 1 {
                let terms = places.pop().map(|(_, terms)| terms).unwrap_or_default();
                return Ok(self.phrase_of(field, vec![(0, terms)], settings));
            }
        }
        if let [(_, terms)] = places.as_slice() {
            for term in terms {
                self.mark(&field.path, Marked::Term(term.clone()));
            }
            return Ok(self.scored(field, terms.clone(), settings.boost));
        }
        let phrase: Vec<String> = places
            .iter()
            .filter_map(|(_, terms)| terms.first().cloned())
            .collect();
        let mut distinct: Vec<&String> = phrase.iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if settings.slop > 0 && distinct.len() < phrase.len() {
            return Err(ApiError::unsupported(
                "phrases with [slop] and a repeated word",
            ));
        }
        let mark = match settings.slop {
            0 if !prefix => Marked::Phrase(phrase),
            _ => Marked::Sloppy,
        };
        self.mark(&field.path, mark);
        Ok(self.phrase_of(field, places, settings))
    }

    fn phrase_of(
        &self,
        field: Arc<Field>,
        places: Vec<(usize, Vec<String>)>,
        settings: &Settings,
    ) -> Scorer<'a> {
        let terms: Vec<String> = places
            .iter()
            .flat_map(|(_, terms)| terms.iter().cloned())
            .collect();
        let score = Bm25::new(self.shard, &field, &terms, settings.boost);
        let slop = settings.slop;
        Rc::new(move |view: View<'a>| {
            let data = view.entry.fields.get(&field.path)?;
            let count = phrase_frequency(data.tokens(&field), &places, slop);
            (count > 0.0).then(|| score.score(count, length(&field, view.entry)))
        })
    }
}

/// Counts the occurrences of a phrase, each less for every place that its terms are away from it.
pub(crate) fn phrase_frequency(
    tokens: &[Token],
    places: &[(usize, Vec<String>)],
    slop: usize,
) -> f32 {
    let positions: Vec<Vec<i64>> = places
        .iter()
        .map(|(at, terms)| {
            let hits = tokens.iter().filter(|token| terms.contains(&token.text));
            // Shifted by their place in the phrase: equal where they follow each other exactly.
            hits.map(|token| token.position as i64 - *at as i64)
                .collect()
        })
        .collect();
    if slop == 0 {
        let Some((first, rest)) = positions.split_first() else {
            return 0.0;
        };
        let starts = first
            .iter()
            .filter(|start| rest.iter().all(|place| place.contains(start)));
        return starts.count() as f32;
    }
    sloppy_frequency(&positions, slop as i64)
}

/// Walks over the positions as Lucene's sloppy scorer does: the least one moves on.
fn sloppy_frequency(positions: &[Vec<i64>], slop: i64) -> f32 {
    let mut at = vec![0_usize; positions.len()];
    let mut total = 0.0;
    let current = |at: &[usize]| -> Option<Vec<i64>> {
        positions
            .iter()
            .zip(at)
            .map(|(list, number)| list.get(*number).copied())
            .collect()
    };
    let Some(mut now) = current(&at) else {
        return 0.0;
    };
    let spread = |now: &[i64]| {
        now.iter().max().copied().unwrap_or(0) - now.iter().min().copied().unwrap_or(0)
    };
    loop {
        let least = now.iter().min().copied().unwrap_or(0);
        let Some(which) = now.iter().position(|value| *value == least) else {
            return total;
        };
        // The least one advances while that brings the places closer together.
        let mut best = spread(&now);
        let second = now
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != which)
            .map(|(_, value)| *value)
            .min();
        let mut ended = false;
        loop {
            let (Some(number), Some(list)) = (at.get_mut(which), positions.get(which)) else {
                return total;
            };
            *number += 1;
            let Some(next) = list.get(*number).copied() else {
                ended = true;
                break;
            };
            if let Some(value) = now.get_mut(which) {
                *value = next;
            }
            if second.is_some_and(|second| next > second) {
                break;
            }
            best = best.min(spread(&now));
        }
        if best <= slop {
            total += 1.0 / (1.0 + best as f32);
        }
        if ended {
            return total;
        }
    }
}
