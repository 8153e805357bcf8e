//! Queries on the values of one field.

use crate::api::value::{Term, terms_of, tokens};
use crate::store::{Document, FieldKind, Index, matches_wildcard, values_at};

use super::range::Range;

/// A query without queries inside.
#[derive(Clone, Debug)]
pub(crate) enum Leaf {
    Match { field: String, text: String, all: bool },
    Phrase { field: String, text: String },
    Terms { field: String, values: Vec<serde_json::Value> },
    Prefix { field: String, prefix: String },
    Wildcard { field: String, pattern: String },
    Range(Range),
    Exists { field: String },
    Ids(Vec<String>),
}

impl Leaf {
    pub(crate) fn score(&self, index: &Index, document: &Document) -> Option<f64> {
        match self {
            Self::Match { field, text, all } => match_score(index, document, field, text, *all),
            Self::Phrase { field, text } => {
                let wanted = tokens(text);
                let found = text_tokens(index, document, field);
                let hit = |words: &Vec<String>| {
                    !wanted.is_empty() && words.windows(wanted.len()).any(|window| window == wanted)
                };
                found.iter().any(hit).then_some(wanted.len() as f64)
            }
            Self::Terms { field, values } => any(self.has_term(index, document, field, values)),
            Self::Prefix { field, prefix } => {
                any(indexed(index, document, field).iter().any(|term| term.starts_with(prefix)))
            }
            Self::Wildcard { field, pattern } => any(indexed(index, document, field)
                .iter()
                .any(|term| matches_wildcard(pattern, term))),
            Self::Range(range) => any(range.fits(index, document)),
            Self::Exists { field } => any(exists(index, document, field)),
            Self::Ids(ids) => any(ids.contains(&document.id)),
        }
    }

    fn has_term(
        &self,
        index: &Index,
        document: &Document,
        field: &str,
        values: &[serde_json::Value],
    ) -> bool {
        let (kind, _) = index.mapping.field(field);
        if matches!(kind, FieldKind::Text) {
            let found = indexed(index, document, field);
            return values
                .iter()
                .filter_map(serde_json::Value::as_str)
                .any(|value| found.iter().any(|term| term == value));
        }
        let found = terms_of(&index.mapping, document, &index.name, field);
        let wanted = values.iter().filter_map(|value| Term::read(kind, value));
        wanted.into_iter().any(|value| found.iter().any(|term| term.compare(&value).is_eq()))
    }
}

fn any(hit: bool) -> Option<f64> {
    hit.then_some(1.0)
}

/// The words of each text of a field.
fn text_tokens(index: &Index, document: &Document, field: &str) -> Vec<Vec<String>> {
    if field == "*" {
        return vec![tokens(&document.source.to_string())];
    }
    let (_, path) = index.mapping.field(field);
    let texts = values_at(&document.source, path);
    texts
        .into_iter()
        .map(|value| tokens(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect()
}

/// The terms as the index holds them: words of a text field, whole values of others.
fn indexed(index: &Index, document: &Document, field: &str) -> Vec<String> {
    if index.mapping.field(field).0 == FieldKind::Text {
        return text_tokens(index, document, field).into_iter().flatten().collect();
    }
    let terms = terms_of(&index.mapping, document, &index.name, field);
    terms
        .into_iter()
        .map(|term| match term {
            Term::Text(text) => text,
            other => other.to_json().to_string(),
        })
        .collect()
}

fn exists(index: &Index, document: &Document, field: &str) -> bool {
    let (kind, path) = index.mapping.field(field);
    match kind {
        FieldKind::Object => object_exists(&document.source, path),
        _ => !values_at(&document.source, path).is_empty(),
    }
}

/// An object exists when any value below it does.
fn object_exists(source: &serde_json::Value, path: &str) -> bool {
    let below = path.split('.').try_fold(source, |value, name| value.get(name));
    below.is_some_and(has_value)
}

fn has_value(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => false,
        serde_json::Value::Array(items) => items.iter().any(has_value),
        serde_json::Value::Object(fields) => fields.values().any(has_value),
        _ => true,
    }
}

/// Words in common; a word found often counts more, up to double.
fn match_score(
    index: &Index,
    document: &Document,
    field: &str,
    text: &str,
    all: bool,
) -> Option<f64> {
    if field != "*" && index.mapping.field(field).0 != FieldKind::Text {
        let (kind, _) = index.mapping.field(field);
        let wanted = Term::read(kind, &text.into()).or_else(|| {
            serde_json::from_str(text).ok().and_then(|value| Term::read(kind, &value))
        })?;
        let found = terms_of(&index.mapping, document, &index.name, field);
        return any(found.iter().any(|term| term.compare(&wanted).is_eq()));
    }
    let found: Vec<String> = text_tokens(index, document, field).into_iter().flatten().collect();
    let wanted = tokens(text);
    let mut total = 0.0;
    for word in &wanted {
        let count = found.iter().filter(|term| *term == word).count() as f64;
        if count == 0.0 && all {
            return None;
        }
        total += 2.0 * count / (count + 1.0);
    }
    (total > 0.0).then_some(total)
}
