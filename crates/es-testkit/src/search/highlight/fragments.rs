//! From a text and its marks to fragments.

use std::collections::{BTreeMap, BTreeSet};

use super::Settings;
use super::bounds::{Cutter, following, word_bounds};
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
    marks: &[&Mark<'_>],
    settings: &Settings,
) -> Result<Vec<String>, ApiError> {
    if marks.iter().any(|mark| mark.what == Marked::Sloppy) {
        return Err(ApiError::unsupported(
            "highlights of phrases with [slop] or an unfinished word",
        ));
    }
    let Some(data) = view.entry.fields.get(&field.path) else {
        return Ok(Vec::new());
    };
    let mut made: Vec<(f32, String)> = Vec::new();
    let mut first = None;
    // The values of a field are one text.
    let mut base = 0;
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
        let offset = base;
        base += units.len() + 1;
        for (from, to) in pieces(&text, &tokens, &hits, settings) {
            let inside: Vec<Hit> = hits
                .iter()
                .filter(|hit| (from..to).contains(&hit.start))
                .cloned()
                .collect();
            if inside.is_empty() {
                continue;
            }
            let score = if settings.plain {
                let distinct: BTreeSet<String> = inside
                    .iter()
                    .map(|hit| slice(&units, hit.start, hit.end).to_lowercase())
                    .collect();
                distinct.len() as f32
            } else {
                worth(offset + from, to - from, &inside)
            };
            made.push((score, tag(&units, from, to, &inside, settings)));
        }
    }
    if made.is_empty() && settings.no_match_size > 0 {
        let start = first.map(|units| no_match(field, &units, settings));
        return Ok(start.into_iter().flatten().collect());
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

/// Returns the beginning of a text: to the boundary of words behind that length or, of plain
/// fragments, to the end of the last word before it.
fn no_match(field: &Field, units: &[u16], settings: &Settings) -> Option<String> {
    let (text, size) = (String::from_utf16_lossy(units), settings.no_match_size);
    let end = match analyzer_of(field).filter(|_| settings.plain) {
        _ if units.len() <= size => units.len(),
        Some(analyzer) => {
            let ends = analyzer.tokens(&text).into_iter().map(|token| token.end);
            ends.take_while(|end| *end <= size).last()?
        }
        None => following(&word_bounds(&text), size).unwrap_or(units.len()),
    };
    let start = slice(units, 0, end);
    let is_cut = !settings.plain && settings.fragments > 0;
    Some(if is_cut {
        start.trim().to_owned()
    } else {
        start
    })
}

fn slice(units: &[u16], from: usize, to: usize) -> String {
    String::from_utf16_lossy(units.get(from..to.min(units.len())).unwrap_or_default())
}

/// A place of a text that is marked, in UTF-16 code units.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    start: usize,
    end: usize,
    /// The query that marks it.
    query: String,
}

/// The places of a text that are marked, in order.
fn marked(tokens: &[Token], marks: &[&Mark<'_>], plain: bool) -> Vec<Hit> {
    let mut hits = Vec::new();
    for mark in marks {
        let places = match &mark.what {
            Marked::Phrase(terms) => phrases(tokens, terms, plain),
            what => tokens
                .iter()
                .filter(|token| is_marked(&token.text, what))
                .map(|token| (token.start, token.end, token.text.as_str()))
                .collect(),
        };
        hits.extend(places.into_iter().map(|(start, end, text)| Hit {
            start,
            end,
            query: match &mark.what {
                // A fuzzy query is one of each term that it finds.
                Marked::Term(_) | Marked::Fuzzy(..) => text.to_owned(),
                what => format!("{what:?}"),
            },
        }));
    }
    hits.sort_unstable();
    hits.dedup();
    hits
}

/// Joins marks within marks, which would tear each other apart.
fn apart(hits: &[Hit]) -> Vec<Hit> {
    let mut apart: Vec<Hit> = Vec::new();
    for hit in hits {
        match apart.last_mut() {
            Some(last) if hit.start < last.end => last.end = last.end.max(hit.end),
            _ => apart.push(hit.clone()),
        }
    }
    apart
}

fn is_marked(text: &str, what: &Marked) -> bool {
    match what {
        Marked::Term(term) => text == term,
        Marked::Prefix(start) => text.starts_with(start.as_str()),
        Marked::Wildcard(pattern) => wildcard_fits(pattern, text),
        Marked::Fuzzy(term, edits) => strsim::osa_distance(text, term) <= *edits,
        Marked::Phrase(_) | Marked::Sloppy => false,
    }
}

/// The places of a phrase; the plain highlighter marks each word of it.
fn phrases<'t>(tokens: &'t [Token], terms: &[String], plain: bool) -> Vec<(usize, usize, &'t str)> {
    let mut found = Vec::new();
    for window in tokens.windows(terms.len().max(1)) {
        let mut pairs = window.iter().zip(terms);
        if !pairs.all(|(token, term)| token.text == *term) {
            continue;
        }
        let ends = window.first().zip(window.last());
        let whole = ends.map(|(first, last)| (first.start, last.end, ""));
        let words = window
            .iter()
            .map(|token| (token.start, token.end, token.text.as_str()));
        found.extend(whole.filter(|_| !plain));
        found.extend(words.filter(|_| plain));
    }
    found
}

/// The pieces into which a text is cut.
fn pieces(text: &str, tokens: &[Token], hits: &[Hit], settings: &Settings) -> Vec<(usize, usize)> {
    let whole = text.encode_utf16().count();
    if settings.fragments == 0 || (settings.plain && settings.fragment_size == 0) {
        return vec![(0, whole)];
    }
    if settings.plain {
        return plain_pieces(tokens, whole, settings.fragment_size);
    }
    let mut cutter = Cutter::new(text, settings.fragment_size);
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for hit in hits {
        if pieces.last().is_none_or(|(_, to)| hit.start >= *to) {
            let middle = (hit.start + hit.end) / 2;
            pieces.push(cutter.around(middle.max(hit.start + 1)));
        }
    }
    pieces
}

/// The worth of a piece: short pieces and those near the beginning count more.
fn worth(from: usize, length: usize, inside: &[Hit]) -> f32 {
    const PIVOT: f32 = 87.0;
    let mut counts: BTreeMap<&str, f32> = BTreeMap::new();
    for hit in inside {
        *counts.entry(&hit.query).or_insert(0.0) += 1.0;
    }
    let norm = 1.2 * (0.25 + 0.75 * (length as f32 / PIVOT));
    let total: f32 = counts
        .into_values()
        .map(|count| count / (count + norm))
        .sum();
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

fn tag(units: &[u16], from: usize, to: usize, hits: &[Hit], settings: &Settings) -> String {
    let (pre, post) = (
        settings.pre.first().map_or("", String::as_str),
        settings.post.first().map_or("", String::as_str),
    );
    let mut text = String::new();
    let mut at = from;
    for hit in apart(hits) {
        text.push_str(&slice(units, at, hit.start));
        text.push_str(pre);
        text.push_str(&slice(units, hit.start, hit.end));
        text.push_str(post);
        at = hit.end;
    }
    text.push_str(&slice(units, at, to));
    if settings.plain || settings.fragments == 0 {
        text
    } else {
        text.trim().to_owned()
    }
}
