//! `range`: between two values of the field's type.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::api::error::ApiError;
use crate::api::value::{Term, terms_of};
use crate::store::{Document, FieldKind, Index};

/// A range query; a bound holds its operator.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    field: String,
    bounds: Vec<(Operator, Value)>,
}

#[derive(Clone, Copy, Debug)]
enum Operator {
    Gt,
    Gte,
    Lt,
    Lte,
}

impl Range {
    pub(crate) fn parse(field: &str, settings: &Map<String, Value>) -> Result<Self, ApiError> {
        let mut bounds = Vec::new();
        for (name, value) in settings {
            let operator = match name.as_str() {
                "gt" => Operator::Gt,
                "gte" => Operator::Gte,
                "lt" => Operator::Lt,
                "lte" => Operator::Lte,
                "boost" | "format" | "time_zone" | "relation" | "_name" => continue,
                other => {
                    return Err(ApiError::parsing(format!(
                        "[range] query does not support [{other}]"
                    )));
                }
            };
            if !value.is_null() {
                bounds.push((operator, value.clone()));
            }
        }
        Ok(Self { field: field.to_owned(), bounds })
    }

    pub(crate) fn fits(&self, index: &Index, document: &Document) -> bool {
        let (kind, _) = index.mapping.field(&self.field);
        let found = terms_of(&index.mapping, document, &index.name, &self.field);
        found.iter().any(|term| {
            self.bounds.iter().all(|(operator, bound)| within(kind, term, *operator, bound))
        })
    }
}

fn within(kind: FieldKind, term: &Term, operator: Operator, bound: &Value) -> bool {
    let bound = match (kind, bound.as_str()) {
        (FieldKind::Date, Some("now")) => Some(Term::Integer(crate::api::index::now_millis())),
        _ => Term::read(kind, bound),
    };
    let Some(bound) = bound else { return false };
    let order = term.compare(&bound);
    match operator {
        Operator::Gt => order == Ordering::Greater,
        Operator::Gte => order != Ordering::Less,
        Operator::Lt => order == Ordering::Less,
        Operator::Lte => order != Ordering::Greater,
    }
}
