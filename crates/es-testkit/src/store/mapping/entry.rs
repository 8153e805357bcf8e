//! The indexed values of a document.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

use super::field::{Field, Kind};
use super::point::Point;
use crate::analysis::Token;
use crate::api::value::Term;

/// The values of one field of one document.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldData {
    pub terms: Vec<Term>,
    pub points: Vec<Point>,
    pub vector: Vec<f32>,
    /// Inputs of a completion field with their weights.
    pub inputs: Vec<(String, i64)>,
    tokens: OnceLock<Vec<Token>>,
}

/// The indexed values of a document, or of one object of a nested field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub fields: BTreeMap<String, FieldData>,
    /// The objects of nested fields right below.
    pub nested: BTreeMap<String, Vec<Entry>>,
    /// The object itself, of nested ones.
    pub source: Value,
    /// Its place among those of the same field.
    pub offset: usize,
    /// Fields with values that were left out.
    pub ignored: Vec<String>,
}

impl FieldData {
    /// Returns the tokens of a text field, all values one after the other.
    pub fn tokens(&self, field: &Field) -> &[Token] {
        self.tokens.get_or_init(|| {
            let Kind::Text { index, .. } = &field.kind else {
                return Vec::new();
            };
            let mut all: Vec<Token> = Vec::new();
            let mut offset = 0;
            for term in &self.terms {
                let Term::Text(text) = term else { continue };
                // Values are 100 positions apart, so that phrases do not reach over their ends.
                let gap = all.last().map_or(0, |last| last.position + 101);
                let tokens = index.tokens(text).into_iter().map(|token| Token {
                    position: token.position + gap,
                    start: token.start + offset,
                    end: token.end + offset,
                    ..token
                });
                all.extend(tokens);
                offset += text.encode_utf16().count() + 1;
            }
            all
        })
    }
}

impl Entry {
    /// Returns the objects of a nested field, whatever is around them.
    pub fn nested_at(&self, path: &str) -> Vec<&Entry> {
        let mut found = Vec::new();
        for (name, entries) in &self.nested {
            if name == path {
                found.extend(entries);
            } else if path
                .strip_prefix(name.as_str())
                .is_some_and(|rest| rest.starts_with('.'))
            {
                found.extend(entries.iter().flat_map(|entry| entry.nested_at(path)));
            }
        }
        found
    }

    /// Returns how many objects of nested fields there are below.
    pub fn nested_count(&self) -> usize {
        self.nested
            .values()
            .flatten()
            .map(|entry| entry.nested_count() + 1)
            .sum()
    }

    pub fn terms(&self, path: &str) -> &[Term] {
        self.fields
            .get(path)
            .map_or(&[], |data| data.terms.as_slice())
    }

    /// Returns whether a field, or one below an object, has a value.
    pub fn exists(&self, path: &str) -> bool {
        let has = |data: &FieldData| {
            !data.terms.is_empty()
                || !data.points.is_empty()
                || !data.vector.is_empty()
                || !data.inputs.is_empty()
        };
        if let Some(data) = self.fields.get(path) {
            return has(data);
        }
        let below = format!("{path}.");
        self.fields
            .range(below.clone()..)
            .take_while(|(name, _)| name.starts_with(&below))
            .any(|(_, data)| has(data))
    }
}
