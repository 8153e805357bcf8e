//! `range`.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::term::text_of;
use super::{Compiler, any_term, common, one_field};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::dates::{Format, parse_math, zone};
use crate::search::shard::{Scorer, View, indexed_terms};
use crate::store::{Field, Kind};
use crate::strict::Fields;

impl<'a> Compiler<'a> {
    pub(super) fn range(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let (path, settings) = one_field("range", body)?;
        let fields = Fields::query("range", settings)?;
        fields.unsupported(&["relation"])?;
        let bounds: Vec<(&str, &Value)> = ["gt", "gte", "lt", "lte"]
            .into_iter()
            .filter_map(|name| {
                fields
                    .raw(name)
                    .filter(|value| !value.is_null())
                    .map(|value| (name, value))
            })
            .collect();
        let format = fields.text("format")?;
        let time_zone = fields.text("time_zone")?;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        if let Some(text) = &time_zone {
            zone(text).map_err(|error| ApiError::illegal_argument(error.reason))?;
        }
        let Some(field) = self.field(path) else {
            return Ok(Rc::new(|_| None));
        };
        if matches!(field.kind, Kind::Completion { .. }) {
            return Err(self.shard_error(ApiError::illegal_argument(format!(
                "Field [{path}] of type [completion] does not support range queries"
            ))));
        }
        let scorer = self.range_scorer(
            &field,
            &bounds,
            format.as_deref(),
            time_zone.as_deref(),
            boost,
        )?;
        self.named(name, scorer)
    }

    pub(super) fn range_scorer(
        &self,
        field: &Arc<Field>,
        bounds: &[(&str, &Value)],
        format: Option<&str>,
        time_zone: Option<&str>,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        let mut limits: Vec<(String, Term)> = Vec::new();
        for (operator, value) in bounds {
            let term = match &field.kind {
                Kind::Date { format: own } => {
                    let format = format.map(Format::parse).transpose()?;
                    let zone = zone(time_zone.unwrap_or("UTC"))?;
                    let up = matches!(*operator, "gt" | "lte");
                    let text = text_of(value);
                    let millis =
                        parse_math(&text, format.as_ref().unwrap_or(own), &zone, up, self.now);
                    Term::Integer(millis.map_err(ApiError::in_search)?)
                }
                Kind::Number(number) if number.is_whole() => {
                    match value.as_f64().or_else(|| text_of(value).parse().ok()) {
                        Some(number) if number.fract() != 0.0 => Term::Float(number),
                        _ => self.query_term(field, value)?,
                    }
                }
                _ => self.query_term(field, value)?,
            };
            limits.push(((*operator).to_owned(), term));
        }
        let fits = move |term: &Term| {
            limits.iter().all(|(operator, limit)| {
                let order = term.compare(limit);
                match operator.as_str() {
                    "gt" => order.is_gt(),
                    "gte" => order.is_ge(),
                    "lt" => order.is_lt(),
                    _ => order.is_le(),
                }
            })
        };
        if field.is_text() {
            let field = Arc::clone(field);
            return Ok(Rc::new(move |view: View<'a>| {
                indexed_terms(&field, view.entry)
                    .into_iter()
                    .any(|text| fits(&Term::Text(text)))
                    .then_some(boost)
            }));
        }
        Ok(any_term(field.path.clone(), fits, boost))
    }

    fn query_term(&self, field: &Field, value: &Value) -> Result<Term, ApiError> {
        let term = field
            .query_term(value)
            .map_err(|error| self.shard_error(error))?;
        term.ok_or_else(|| {
            self.shard_error(ApiError::illegal_argument(format!(
                "Field [{}] of type [{}] does not support range queries",
                field.path, field.type_name
            )))
        })
    }
}
