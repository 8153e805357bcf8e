//! `range`.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::pattern::METADATA;
use super::term::text_of;
use super::{Compiler, any_term, common, one_field};
use crate::api::error::ApiError;
use crate::api::value::{Term, java_double};
use crate::dates::{Format, parse_math, zone};
use crate::search::shard::{Scorer, View, indexed_terms};
use crate::store::{Field, Kind};
use crate::strict::Fields;

impl<'a> Compiler<'a> {
    pub fn range(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
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
        for (exclusive, inclusive) in [("gt", "gte"), ("lt", "lte")] {
            if fields.raw(exclusive).is_some() && fields.raw(inclusive).is_some() {
                return Err(ApiError::unsupported(format!(
                    "[{exclusive}] beside [{inclusive}], of which the last one counts"
                )));
            }
        }
        if bounds.iter().any(|(_, bound)| bound.is_object()) {
            return Err(ApiError::parsing("[range] query: a bound is a value"));
        }
        let format = fields.text("format")?;
        let time_zone = fields.text("time_zone")?;
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        if let Some(text) = &time_zone {
            zone(text).map_err(|error| ApiError::illegal_argument(error.reason))?;
        }
        let Some(field) = self.field(path) else {
            return self.named(name, self.metadata_range(path, &bounds, boost)?);
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

    /// Builds a range query on a metadata field.
    fn metadata_range(
        &self,
        path: &str,
        bounds: &[(&str, &Value)],
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        if path == "_seq_no" {
            let number = Field::number(path);
            let fits = self.limits(&number, bounds, None, None)?;
            return Ok(Rc::new(move |view: View<'a>| {
                let own = i64::try_from(view.document.seq_no).unwrap_or(i64::MAX);
                fits(&Term::Integer(own)).then_some(boost)
            }));
        }
        if METADATA.contains(&path) {
            return Err(self.shard_error(ApiError::illegal_argument(format!(
                "Field [{path}] of type [{path}] does not support range queries"
            ))));
        }
        Ok(Rc::new(|_| None))
    }

    pub fn range_scorer(
        &self,
        field: &Arc<Field>,
        bounds: &[(&str, &Value)],
        format: Option<&str>,
        time_zone: Option<&str>,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        let fits = self.limits(field, bounds, format, time_zone)?;
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

    /// Makes the function that says whether a value is between the bounds.
    fn limits(
        &self,
        field: &Field,
        bounds: &[(&str, &Value)],
        format: Option<&str>,
        time_zone: Option<&str>,
    ) -> Result<impl Fn(&Term) -> bool + use<'a>, ApiError> {
        let mut limits: Vec<(String, Term)> = Vec::new();
        for (operator, value) in bounds {
            let term = match &field.kind {
                Kind::Date { format: own } => {
                    let format = format.map(Format::parse).transpose()?;
                    let zone = zone(time_zone.unwrap_or("UTC"))?;
                    let up = matches!(*operator, "gt" | "lte");
                    // Elasticsearch parses fractions as doubles first.
                    let text = match value {
                        Value::Number(number) if number.is_f64() => {
                            java_double(number.as_f64().unwrap_or_default())
                        }
                        value => text_of(value),
                    };
                    let millis =
                        parse_math(&text, format.as_ref().unwrap_or(own), &zone, up, self.now);
                    Term::Integer(millis.map_err(ApiError::in_search)?)
                }
                _ => self.bound_term(field, value)?,
            };
            limits.push(((*operator).to_owned(), term));
        }
        Ok(move |term: &Term| {
            limits.iter().all(|(operator, limit)| {
                let order = term.compare(limit);
                match operator.as_str() {
                    "gt" => order.is_gt(),
                    "gte" => order.is_ge(),
                    "lt" => order.is_lt(),
                    _ => order.is_le(),
                }
            })
        })
    }

    fn bound_term(&self, field: &Field, value: &Value) -> Result<Term, ApiError> {
        let term = field
            .bound_term(value)
            .map_err(|error| self.shard_error(error))?;
        term.ok_or_else(|| {
            self.shard_error(ApiError::illegal_argument(format!(
                "Field [{}] of type [{}] does not support range queries",
                field.path, field.type_name
            )))
        })
    }
}
