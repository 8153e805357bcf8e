//! From a text and its marks to fragments.

use std::collections::{BTreeMap, BTreeSet};

use super::Settings;
use crate::analysis::{Analyzer, Token};
use crate::api::error::ApiError;
use crate::search::query::{Mark, Marked, wildcard_fits};
use crate::search::shard::View;
use crate::store::{Field, Kind};

fn analyzer_of(field: &Field) -> Option<&Analyzer> {
    match &field.kind {
        Kind::Text { index, .. } => Some(index),
        _ => None,
    }
}

/// Returns the fragments of a field.
pub(super) fn fragments(
    field: &Field,
    view: View<'_>,
    marks: &[&Mark],
    settings: &Settings,
) -> Result<Vec<String>, ApiError> {
    let Some(data) = view.entry.fields.get(&field.path) else {
        return Ok(Vec::new());
    };
    let mut made: Vec<(f32, String)> = Vec::new();
    let mut first = None;
    for term in &data.terms {
        let text = term.text();
        let units: Vec<u16> = text.encode_utf16().collect();
        let tokens = match analyzer_of(field) {
            Some(analyzer) => analyzer.tokens(&text),
            None => vec![Token {
                text: text.clone(),
                position: 0,
                start: 0,
                end: units.len(),
                kind: "word",
            }],
        };
        let hits = marked(&tokens, marks, settings.plain);
        if first.is_none() && !units.is_empty() {
            first = Some(units.clone());
        }
        if hits.is_empty() {
            continue;
        }
        for (from, to) in pieces(&text, &tokens, &hits, settings) {
            let inside: Vec<(usize, usize)> = hits
                .iter()
                .filter(|(start, end)| *start >= from && *end <= to)
                .copied()
                .collect();
            if inside.is_empty() {
                continue;
            }
            let score = if settings.plain {
                let distinct: BTreeSet<String> = inside
                    .iter()
                    .map(|(start, end)| slice(&units, *start, *end).to_lowercase())
                    .collect();
                distinct.len() as f32
            } else {
                worth(&units, from, to, &inside)
            };
            made.push((score, tag(&units, from, to, &inside, settings)));
        }
    }
    if made.is_empty() && settings.no_match_size > 0 {
        let start = first.map(|units| no_match(&units, settings.no_match_size));
        return Ok(start.into_iter().collect());
    }
    Ok(best(made, settings))
}

/// The best fragments, in their order of the text unless asked otherwise.
fn best(mut made: Vec<(f32, String)>, settings: &Settings) -> Vec<String> {
    let limit = if settings.fragments == 0 {
        usize::MAX
    } else {
        settings.fragments
    };
    if made.len() > limit || settings.by_score {
        let mut ranked: Vec<(usize, (f32, String))> = made.into_iter().enumerate().collect();
        ranked.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
        ranked.truncate(limit);
        if !settings.by_score {
            ranked.sort_by_key(|(place, _)| *place);
        }
        made = ranked.into_iter().map(|(_, made)| made).collect();
    }
    made.into_iter().map(|(_, text)| text).collect()
}

/// The beginning of a text, to the end of the word at that length.
fn no_match(units: &[u16], size: usize) -> String {
    let text = String::from_utf16_lossy(units);
    if units.len() <= size {
        return text;
    }
    let (sentences, _) = sentences(&text);
    let first = sentences.first().map_or(units.len(), |(_, end)| *end);
    if first <= size {
        return slice(units, 0, first).trim_end().to_owned();
    }
    let mut end = size;
    while units
        .get(end)
        .is_some_and(|unit| char::from_u32(u32::from(*unit)).is_some_and(char::is_alphanumeric))
    {
        end += 1;
    }
    slice(units, 0, end)
}

fn slice(units: &[u16], from: usize, to: usize) -> String {
    String::from_utf16_lossy(units.get(from..to.min(units.len())).unwrap_or_default())
}

/// The places of a text that are marked, in order.
fn marked(tokens: &[Token], marks: &[&Mark], plain: bool) -> Vec<(usize, usize)> {
    let mut hits = Vec::new();
    for mark in marks {
        let fits: Box<dyn Fn(&Token) -> bool> = match &mark.what {
            Marked::Term(term) => Box::new(move |token| token.text == *term),
            Marked::Prefix(start) => Box::new(move |token| token.text.starts_with(start.as_str())),
            Marked::Wildcard(pattern) => Box::new(move |token| wildcard_fits(pattern, &token.text)),
            Marked::Fuzzy(term, edits) => {
                Box::new(move |token| strsim::osa_distance(&token.text, term) <= *edits)
            }
            Marked::Phrase(terms) => {
                let places: Vec<&Token> = tokens.iter().collect();
                for window in places.windows(terms.len().max(1)) {
                    if window
                        .iter()
                        .zip(terms)
                        .all(|(token, term)| token.text == *term)
                    {
                        let ends = window.first().zip(window.last());
                        let whole = ends.map(|(first, last)| (first.start, last.end));
                        // The plain highlighter marks each word of a phrase.
                        let words = window.iter().map(|token| (token.start, token.end));
                        hits.extend(whole.filter(|_| !plain));
                        hits.extend(words.filter(|_| plain));
                    }
                }
                continue;
            }
        };
        hits.extend(
            tokens
                .iter()
                .filter(|token| fits(token))
                .map(|token| (token.start, token.end)),
        );
    }
    hits.sort_unstable();
    hits.dedup();
    // Marks within marks would tear each other apart.
    let mut apart: Vec<(usize, usize)> = Vec::new();
    for hit in hits {
        match apart.last_mut() {
            Some(last) if hit.0 < last.1 => last.1 = last.1.max(hit.1),
            _ => apart.push(hit),
        }
    }
    apart
}

/// Where sentences begin and end, in UTF-16 code units.
fn sentences(text: &str) -> (Vec<(usize, usize)>, usize) {
    use unicode_segmentation::UnicodeSegmentation as _;
    let mut at = 0;
    let found = text.split_sentence_bounds().map(|sentence| {
        let start = at;
        at += sentence.encode_utf16().count();
        (start, at)
    });
    let found: Vec<_> = found.collect();
    (found, at)
}

/// The pieces into which a text is cut.
fn pieces(
    text: &str,
    tokens: &[Token],
    hits: &[(usize, usize)],
    settings: &Settings,
) -> Vec<(usize, usize)> {
    let whole = text.encode_utf16().count();
    if settings.fragments == 0 || (settings.plain && settings.fragment_size == 0) {
        return vec![(0, whole)];
    }
    if settings.plain {
        return plain_pieces(tokens, whole, settings.fragment_size);
    }
    let size = settings.fragment_size;
    let (sentences, _) = sentences(text);
    let words = word_bounds(text);
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    let mut window: Option<(usize, usize)> = None;
    for (start, end) in hits {
        if pieces.last().is_some_and(|(_, to)| start < to) {
            continue;
        }
        let offset = start + 1;
        let (mut from, mut to) = match (window, pieces.last()) {
            // What is left of a sentence that was too long.
            (Some((begin, stop)), Some((_, last))) if offset > begin && offset < stop => {
                (*last, stop)
            }
            _ => {
                let Some(first) = sentences.iter().position(|(_, to)| offset <= *to) else {
                    continue;
                };
                let Some((from, mut to)) = sentences.get(first).copied() else {
                    continue;
                };
                for (_, next) in sentences.iter().skip(first + 1) {
                    if next - from > size {
                        break;
                    }
                    to = *next;
                }
                (from, to)
            }
        };
        let stop = window
            .filter(|(begin, stop)| offset > *begin && offset < *stop)
            .map_or(to, |(_, stop)| stop);
        window = Some((window.map_or(from, |(begin, _)| begin.min(from)), stop));
        if size > 0 && to - from > size {
            if offset > size && offset - size > from {
                let before = words
                    .iter()
                    .rev()
                    .find(|bound| **bound < offset - size)
                    .copied();
                from = from.max(before.unwrap_or(0));
            }
            let remaining = size.saturating_sub(offset.saturating_sub(from));
            if offset + remaining < stop {
                let after = words
                    .iter()
                    .find(|bound| **bound > offset + remaining)
                    .copied();
                to = stop.min(after.unwrap_or(stop));
            }
        }
        pieces.push((from, to.max(*end)));
    }
    pieces
}

/// Where words begin and end, in UTF-16 code units.
fn word_bounds(text: &str) -> Vec<usize> {
    use unicode_segmentation::UnicodeSegmentation as _;
    let mut at = 0;
    let mut bounds = vec![0];
    for word in text.split_word_bounds() {
        at += word.encode_utf16().count();
        bounds.push(at);
    }
    bounds
}

/// The worth of a piece: short pieces and those near the beginning count more.
fn worth(units: &[u16], from: usize, to: usize, inside: &[(usize, usize)]) -> f32 {
    const PIVOT: f32 = 87.0;
    let term = |(start, end): &(usize, usize)| slice(units, *start, *end).to_lowercase();
    let mut counts: BTreeMap<String, f32> = BTreeMap::new();
    for hit in inside {
        *counts.entry(term(hit)).or_insert(0.0) += 1.0;
    }
    let mut total = 0.0;
    for count in counts.into_values() {
        let norm = 1.2 * (0.25 + 0.75 * ((to - from) as f32 / PIVOT));
        total += count / (count + norm);
    }
    total * (1.0 + 1.0 / (PIVOT + from as f32).ln())
}

/// The plain highlighter begins a new piece with the word that passes a multiple of the size.
fn plain_pieces(tokens: &[Token], whole: usize, size: usize) -> Vec<(usize, usize)> {
    let mut starts = vec![0];
    let mut count = 1;
    let mut last_end = 0;
    for token in tokens {
        if token.end >= size * count && whole.saturating_sub(token.end) >= size / 2 {
            count += 1;
            if last_end > 0 {
                starts.push(last_end);
            }
        }
        last_end = token.end;
    }
    starts.push(whole);
    starts
        .windows(2)
        .filter_map(|pair| Some((*pair.first()?, *pair.last()?)))
        .filter(|(from, to)| to > from)
        .collect()
}

fn tag(
    units: &[u16],
    from: usize,
    to: usize,
    hits: &[(usize, usize)],
    settings: &Settings,
) -> String {
    let (pre, post) = (
        settings.pre.first().map_or("", String::as_str),
        settings.post.first().map_or("", String::as_str),
    );
    let mut text = String::new();
    let mut at = from;
    for (start, end) in hits {
        text.push_str(&slice(units, at, *start));
        text.push_str(pre);
        text.push_str(&slice(units, *start, *end));
        text.push_str(post);
        at = *end;
    }
    text.push_str(&slice(units, at, to));
    if settings.plain || settings.fragments == 0 {
        text
    } else {
        text.trim_end().to_owned()
    }
}
