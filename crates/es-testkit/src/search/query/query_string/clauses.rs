//! Clauses over the fields of a query, and how they make one.

use std::rc::Rc;

use serde_json::{Value, json};

use super::Target;
use crate::api::error::ApiError;
use crate::search::query::compound::best_of;
use crate::search::query::text::Settings;
use crate::search::query::{Compiler, minimum_should_match};
use crate::search::shard::{Scorer, View};
use crate::store::Kind;

/// How a clause takes part in its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occur {
    Must,
    Should,
    MustNot,
}

/// The shard and the fields that clauses are made for.
#[derive(Clone, Copy)]
pub(super) struct Clauses<'p, 'a> {
    pub compiler: &'p Compiler<'a>,
    pub target: &'p Target,
}

impl<'a> Clauses<'_, 'a> {
    /// Makes a clause of words, all of them in any of the fields.
    pub fn text(
        self,
        field: Option<&str>,
        words: &str,
        fuzziness: Option<String>,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        let make = |path: &str, settings: &Settings| {
            let fuzzy = Settings {
                all: self.target.all,
                fuzziness: fuzziness.clone(),
                ..settings.clone()
            };
            self.compiler.match_scorer(path, words, &fuzzy)
        };
        self.over(field, boost, 0, &make)
    }

    /// Returns the number of marks so far.
    pub fn marks(self) -> usize {
        self.compiler.noted.borrow().marks.len()
    }

    /// Forgets the later marks, which a forbidden clause made.
    pub fn unmark(self, marks: usize) {
        self.compiler.noted.borrow_mut().marks.truncate(marks);
    }

    /// Whether analysis leaves nothing of a text in any of the fields.
    pub fn is_nothing(self, field: Option<&str>, text: &str) -> Result<bool, ApiError> {
        let own = field
            .map(|field| self.compiler.expand(&[field.to_owned()]))
            .transpose()?;
        let fields = own.as_ref().unwrap_or(&self.target.fields);
        for (path, _) in fields {
            let known = self.compiler.field(path);
            let Some(field) = known.filter(|field| field.is_text()) else {
                return Ok(false);
            };
            let analyzer = self
                .compiler
                .search_analyzer(&field, &self.target.settings)?;
            if !analyzer.tokens(text).is_empty() {
                return Ok(false);
            }
        }
        Ok(!fields.is_empty())
    }

    /// Makes a clause of a phrase, of which the best field alone counts.
    pub fn phrase(
        self,
        field: Option<&str>,
        phrase: &str,
        slop: usize,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        let make = |path: &str, settings: &Settings| {
            self.compiler.phrase_scorer(path, phrase, settings, false)
        };
        self.over_with(field, boost, slop, 0.0, &make)
    }

    /// Makes a clause of words that begin with a text.
    pub fn prefix(
        self,
        field: Option<&str>,
        start: &str,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        self.like("prefix", field, start, boost)
    }

    /// Makes a clause of words like a pattern.
    pub fn wildcard(
        self,
        field: Option<&str>,
        word: &str,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        match word.strip_suffix('*') {
            Some(start) if !start.contains(['*', '?']) => self.prefix(field, start, boost),
            _ => self.like("wildcard", field, word, boost),
        }
    }

    fn like(
        self,
        kind: &str,
        field: Option<&str>,
        word: &str,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        let make = |path: &str, settings: &Settings| {
            let value = match self
                .compiler
                .field(path)
                .as_deref()
                .map(|field| &field.kind)
            {
                Some(Kind::Text { search, .. }) => search.normalize_part(word),
                _ => word.to_owned(),
            };
            let query = json!({path: {"value": value, "boost": settings.boost}});
            match self.compiler.pattern(kind, &query) {
                Err(error) if settings.lenient && !error.is_unsupported() => Ok(nothing()),
                outcome => outcome,
            }
        };
        self.over(field, boost, 0, &make)
    }

    pub fn over_range(self, field: Option<&str>, bounds: &Value) -> Result<Scorer<'a>, ApiError> {
        let make =
            |path: &str, settings: &Settings| match self.compiler.range(&json!({path: bounds})) {
                Err(error) if settings.lenient && !error.is_unsupported() => Ok(nothing()),
                outcome => outcome,
            };
        self.over(field, 1.0, 0, &make)
    }

    /// Tries a clause in each field and takes the best.
    fn over(
        self,
        field: Option<&str>,
        boost: f32,
        slop: usize,
        make: &dyn Fn(&str, &Settings) -> Result<Scorer<'a>, ApiError>,
    ) -> Result<Scorer<'a>, ApiError> {
        self.over_with(field, boost, slop, self.target.tie, make)
    }

    /// The same, with a tie breaker of its own.
    fn over_with(
        self,
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
