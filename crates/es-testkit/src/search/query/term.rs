//! Queries for terms as they are: `term`, `terms`, `exists` and `ids`.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::{Compiler, Marked, any_term, common, one_field};
use crate::api::error::ApiError;
use crate::search::shard::{Bm25, Scorer, View, indexed_terms, length, occurrences};
use crate::store::{Field, Kind};
use crate::strict::Fields;

impl<'a> Compiler<'a> {
    pub(super) fn term(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let (path, settings) = one_field("term", body)?;
        let (value, boost, name, folded) = match settings {
            Value::Object(_) => {
                let fields = Fields::query("term", settings)?;
                let value = fields
                    .raw("value")
                    .ok_or_else(|| ApiError::illegal_argument("value cannot be null"))?;
                let (boost, name) = common(&fields)?;
                let folded = fields.flag("case_insensitive")?.unwrap_or(false);
                fields.finish()?;
                (value, boost, name, folded)
            }
            Value::Array(_) => {
                return Err(ApiError::parsing(
                    "[term] query does not support array of values",
                ));
            }
            value => (value, 1.0, None, false),
        };
        if value.is_null() {
            return Err(ApiError::illegal_argument("value cannot be null"));
        }
        self.named(name, self.term_scorer(path, value, boost, folded)?)
    }

    /// Makes the query of one term, which is not analyzed.
    pub(super) fn term_scorer(
        &self,
        path: &str,
        value: &Value,
        boost: f32,
        folded: bool,
    ) -> Result<Scorer<'a>, ApiError> {
        if let Some(scorer) = self.metadata_scorer(path, value, boost) {
            return Ok(scorer);
        }
        let Some(field) = self.field(path) else {
            return Ok(Rc::new(|_| None));
        };
        self.check_searchable(&field)?;
        self.check_terms(&field)?;
        if field.is_date() {
            let bounds = [("gte", value), ("lte", value)];
            return self.range_scorer(&field, &bounds, None, None, boost);
        }
        let Some(term) = field
            .query_term(value)
            .map_err(|error| self.shard_error(error))?
        else {
            return Ok(Rc::new(|_| None));
        };
        match &field.kind {
            Kind::Number(_) | Kind::Ip => Ok(any_term(
                field.path.clone(),
                move |found| found.compare(&term).is_eq(),
                boost,
            )),
            Kind::Boolean => Ok(self.scored(field, vec![term.text()], boost)),
            Kind::Keyword { .. } | Kind::Text { .. } => {
                let text = term.text();
                self.mark(&field.path, Marked::Term(text.clone()));
                if folded {
                    let wanted = text.to_lowercase();
                    return Ok(Rc::new(move |view: View<'a>| {
                        indexed_terms(&field, view.entry)
                            .iter()
                            .any(|term| term.to_lowercase() == wanted)
                            .then_some(boost)
                    }));
                }
                Ok(self.scored(field, vec![text], boost))
            }
            _ => Err(self.shard_error(ApiError::illegal_argument(format!(
                "Field [{}] of type [{}] does not support term queries",
                field.path, field.type_name
            )))),
        }
    }

    /// Makes the query of a value that documents have beside their fields.
    fn metadata_scorer(&self, path: &str, value: &Value, boost: f32) -> Option<Scorer<'a>> {
        let wanted = text_of(value);
        Some(match path {
            "_id" => Rc::new(move |view: View<'a>| (view.document.id == wanted).then_some(boost)),
            "_index" => {
                let fits = crate::store::matches_wildcard(&wanted, &self.shard.index.name);
                Rc::new(move |_| fits.then_some(boost))
            }
            "_routing" => Rc::new(move |view: View<'a>| {
                (view.document.routing.as_ref() == Some(&wanted)).then_some(boost)
            }),
            _ => return None,
        })
    }

    /// Refuses fields without terms.
    fn check_terms(&self, field: &Field) -> Result<(), ApiError> {
        let reason = match field.kind {
            Kind::GeoPoint => format!(
                "Geometry fields do not support exact searching, use dedicated geometry queries instead: [{}]",
                field.path
            ),
            Kind::Vector { .. } => format!(
                "Field [{}] of type [{}] doesn't support term queries",
                field.path, field.type_name
            ),
            Kind::Binary => "Binary fields do not support searching".to_owned(),
            Kind::Completion { .. } => {
                return Err(ApiError::unsupported("queries of [completion] fields"));
            }
            _ => return Ok(()),
        };
        Err(self.shard_error(ApiError::illegal_argument(reason)))
    }

    fn check_searchable(&self, field: &Field) -> Result<(), ApiError> {
        if !field.indexed && (field.is_text() || !field.doc_values) {
            return Err(self.shard_error(ApiError::illegal_argument(format!(
                "Cannot search on field [{}] since it is not indexed.",
                field.path
            ))));
        }
        Ok(())
    }

    /// Scores a term of a text, keyword or boolean field; several stand for each other.
    pub(super) fn scored(&self, field: Arc<Field>, terms: Vec<String>, boost: f32) -> Scorer<'a> {
        let frequency = terms
            .iter()
            .map(|term| self.shard.frequency(&field, term))
            .max()
            .unwrap_or(0);
        let score = Bm25::with_frequencies(self.shard, &field, &[frequency], boost);
        Rc::new(move |view: View<'a>| {
            let count: usize = terms
                .iter()
                .map(|term| occurrences(&field, view.entry, term))
                .sum();
            (count > 0).then(|| score.score(count as f32, length(&field, view.entry)))
        })
    }

    pub(super) fn terms(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("terms", body)?;
        let (boost, name) = common(&fields)?;
        let (path, values) = match fields.rest().as_slice() {
            [(path, Value::Array(values))] => (path.as_str(), values),
            [(_, Value::Object(_))] => return Err(ApiError::unsupported("a lookup in [terms]")),
            [(path, _)] => {
                return Err(ApiError::parsing(format!(
                    "[terms] query does not support [{path}]"
                )));
            }
            [] => {
                return Err(ApiError::parsing(
                    "[terms] query requires a field name, followed by array of terms or a document lookup specification",
                ));
            }
            _ => {
                return Err(ApiError::parsing(
                    "[terms] query does not support multiple fields",
                ));
            }
        };
        if values.iter().any(Value::is_null) {
            return Err(ApiError::parsing("No value specified for terms query"));
        }
        let scorers = values
            .iter()
            .map(|value| self.term_scorer(path, value, 1.0, false));
        let scorers = scorers.collect::<Result<Vec<_>, _>>()?;
        self.named(
            name,
            Rc::new(move |view: View<'a>| {
                scorers
                    .iter()
                    .any(|scorer| scorer(view).is_some())
                    .then_some(boost)
            }),
        )
    }

    pub(super) fn exists(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("exists", body)?;
        let Some(path) = fields.text("field")? else {
            return Err(ApiError::parsing(
                "[exists] must be provided with a [field]",
            ));
        };
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        if matches!(path.as_str(), "_id" | "_index" | "_source") {
            return self.named(name, Rc::new(move |_| Some(boost)));
        }
        let path = self
            .shard
            .index
            .mapping
            .field(&path)
            .map_or(path, |field| field.path.clone());
        self.named(
            name,
            Rc::new(move |view: View<'a>| view.entry.exists(&path).then_some(boost)),
        )
    }

    pub(super) fn ids(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("ids", body)?;
        let ids: BTreeSet<String> = fields
            .texts("values")?
            .unwrap_or_default()
            .into_iter()
            .collect();
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        self.named(
            name,
            Rc::new(move |view: View<'a>| ids.contains(&view.document.id).then_some(boost)),
        )
    }
}

/// Texts as they are, other values as their JSON.
pub(super) fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
