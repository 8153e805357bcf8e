//! Clauses over the fields of a query, and how they make one.

use std::rc::Rc;

use serde_json::{Value, json};

use super::parser::Parser;
use crate::api::error::ApiError;
use crate::search::query::compound::best_of;
use crate::search::query::minimum_should_match;
use crate::search::query::text::Settings;
use crate::search::shard::{Scorer, View};

/// How a clause takes part in its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occur {
    Must,
    Should,
    MustNot,
}

impl<'a> Parser<'_, 'a> {
    pub(super) fn wildcard(
        &self,
        field: Option<&str>,
        word: &str,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        let inner = word
            .strip_suffix('*')
            .filter(|start| !start.contains(['*', '?']));
        let make = |path: &str, settings: &Settings| {
            let Some(found) = self.compiler.field(path) else {
                return Ok(nothing());
            };
            let normal = |text: &str| match &found.kind {
                crate::store::Kind::Text { search, .. } => search.normalize_part(text),
                _ => text.to_owned(),
            };
            let (kind, value) = match inner {
                Some(start) => ("prefix", normal(start)),
                None => ("wildcard", normal(word)),
            };
            match self.compiler.pattern(
                kind,
                &json!({path: {"value": value, "boost": settings.boost}}),
            ) {
                Err(_) if settings.lenient => Ok(nothing()),
                outcome => outcome,
            }
        };
        self.over(field, boost, 0, &make)
    }

    pub(super) fn over_range(
        &self,
        field: Option<&str>,
        bounds: &Value,
    ) -> Result<Scorer<'a>, ApiError> {
        let make =
            |path: &str, settings: &Settings| match self.compiler.range(&json!({path: bounds})) {
                Err(_) if settings.lenient => Ok(nothing()),
                outcome => outcome,
            };
        self.over(field, 1.0, 0, &make)
    }

    /// Tries a clause in each field and takes the best.
    pub(super) fn over(
        &self,
        field: Option<&str>,
        boost: f32,
        slop: usize,
        make: &dyn Fn(&str, &Settings) -> Result<Scorer<'a>, ApiError>,
    ) -> Result<Scorer<'a>, ApiError> {
        self.over_with(field, boost, slop, self.target.tie, make)
    }

    /// The same, with a tie breaker of its own.
    pub(super) fn over_with(
        &self,
        field: Option<&str>,
        boost: f32,
        slop: usize,
        tie: f32,
        make: &dyn Fn(&str, &Settings) -> Result<Scorer<'a>, ApiError>,
    ) -> Result<Scorer<'a>, ApiError> {
        let own = field
            .map(|field| self.compiler.expand(&[field.to_owned()]))
            .transpose()?;
        let fields = own.as_ref().unwrap_or(&self.target.fields);
        let mut queries = Vec::new();
        for (path, weight) in fields {
            let settings = Settings {
                boost: boost * weight,
                slop,
                ..self.target.settings.clone()
            };
            queries.push(make(path, &settings)?);
        }
        Ok(best_of(queries, tie))
    }
}

fn nothing<'a>() -> Scorer<'a> {
    Rc::new(|_| None)
}

/// Makes one query of clauses.
pub(super) fn combine<'a>(
    clauses: Vec<(Occur, Scorer<'a>)>,
    minimum: Option<&str>,
) -> Result<Scorer<'a>, ApiError> {
    if clauses.is_empty() {
        return Ok(nothing());
    }
    let has_must = clauses.iter().any(|(occur, _)| *occur == Occur::Must);
    let optional = clauses
        .iter()
        .filter(|(occur, _)| *occur == Occur::Should)
        .count();
    let only_negative = !has_must && optional == 0;
    let needed = match minimum {
        Some(text) if optional > 0 && clauses.len() > 1 => minimum_should_match(text, optional)?,
        _ => usize::from(!has_must && optional > 0),
    };
    Ok(Rc::new(move |view: View<'a>| {
        let (mut total, mut count) = (0.0_f64, 0);
        for (occur, clause) in &clauses {
            match (occur, clause(view)) {
                (Occur::Must, None) | (Occur::MustNot, Some(_)) => return None,
                (Occur::Must, Some(score)) => total += f64::from(score),
                (Occur::Should, Some(score)) => {
                    total += f64::from(score);
                    count += 1;
                }
                _ => {}
            }
        }
        if only_negative {
            return Some(0.0);
        }
        (count >= needed).then_some(total as f32)
    }))
}
