//! Field values made comparable by the field's type.

use std::cmp::Ordering;

use serde_json::Value;

use crate::store::{Document, FieldKind, Mapping, epoch_millis, values_at};

/// A value that can be compared and counted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    Integer(i64),
    Float(f64),
    Text(String),
    Boolean(bool),
}

impl Term {
    /// A value of a field of this kind; `None` where it cannot be one.
    pub(crate) fn read(kind: FieldKind, value: &Value) -> Option<Self> {
        match (kind, value) {
            (FieldKind::Date, value) => epoch_millis(value).map(Self::Integer),
            (FieldKind::Boolean, Value::String(text)) => text.parse().ok().map(Self::Boolean),
            (FieldKind::Number, Value::String(text)) => text.parse().ok().map(Self::Float),
            (FieldKind::Text | FieldKind::Keyword, Value::Number(number)) => {
                Some(Self::Text(number.to_string()))
            }
            (FieldKind::Text | FieldKind::Keyword, Value::Bool(flag)) => {
                Some(Self::Text(flag.to_string()))
            }
            (_, Value::String(text)) => Some(Self::Text(text.clone())),
            (_, Value::Bool(flag)) => Some(Self::Boolean(*flag)),
            (_, Value::Number(number)) => match number.as_i64() {
                Some(integer) => Some(Self::Integer(integer)),
                None => number.as_f64().map(Self::Float),
            },
            _ => None,
        }
    }

    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (a, b) => match (a.number(), b.number()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                // Values of several kinds in one field: numbers before texts.
                (a, b) => b.is_some().cmp(&a.is_some()),
            },
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(integer) => Some(*integer as f64),
            Self::Float(float) => Some(*float),
            Self::Boolean(flag) => Some(f64::from(u8::from(*flag))),
            Self::Text(_) => None,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Integer(integer) => (*integer).into(),
            Self::Float(float) => (*float).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Boolean(flag) => (*flag).into(),
        }
    }
}

/// All values of a field of a document.
pub(crate) fn terms_of(
    mapping: &Mapping,
    document: &Document,
    index: &str,
    path: &str,
) -> Vec<Term> {
    match path {
        "_id" => vec![Term::Text(document.id.clone())],
        "_index" => vec![Term::Text(index.to_owned())],
        "_seq_no" => vec![Term::Integer(i64::try_from(document.seq_no).unwrap_or(i64::MAX))],
        _ => {
            let (kind, path) = mapping.field(path);
            values_at(&document.source, path)
                .into_iter()
                .filter_map(|value| Term::read(kind, value))
                .collect()
        }
    }
}

/// Splits a text into lower-case words, as the standard analyzer does for most western texts.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    text.split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|token| !token.is_empty())
        .map(str::to_lowercase)
        .collect()
}
