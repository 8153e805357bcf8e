//! Queries for terms as they are: `term`, `terms`, `exists` and `ids`.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::{Compiler, Marked, any_term, common, one_field};
use crate::api::error::ApiError;
use crate::api::value::{Term, network, wide};
use crate::search::shard::{Bm25, Scorer, View, indexed_terms, length, occurrences};
use crate::store::{Field, Kind, matches_wildcard};
use crate::strict::Fields;

/// The default of `index.max_terms_count`.
const MAX_TERMS: usize = 65_536;

impl<'a> Compiler<'a> {
    pub fn term(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let (path, settings) = one_field("term", body)?;
        if path.is_empty() {
            return Err(ApiError::illegal_argument("field name is null or empty"));
        }
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
        match value {
            Value::Null => return Err(ApiError::illegal_argument("value cannot be null")),
            Value::Array(_) | Value::Object(_) => {
                return Err(ApiError::parsing(
                    "[term] query does not support arrays or objects for [value]",
                ));
            }
            _ => {}
        }
        self.named(name, self.term_scorer(path, value, boost, folded)?)
    }

    /// Makes the query of one term, which is not analyzed.
    pub fn term_scorer(
        &self,
        path: &str,
        value: &Value,
        boost: f32,
        folded: bool,
    ) -> Result<Scorer<'a>, ApiError> {
        if let Some(scorer) = self.metadata_scorer(path, value, boost)? {
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
        if let (Kind::Ip, Value::String(text)) = (&field.kind, value)
            && text.contains('/')
        {
            return self.network_scorer(&field, text, boost);
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

    /// Makes the query of the addresses of a network.
    fn network_scorer(
        &self,
        field: &Field,
        text: &str,
        boost: f32,
    ) -> Result<Scorer<'a>, ApiError> {
        let (low, high) = network(text)
            .ok_or_else(|| ApiError::illegal_argument(format!("'{text}' is no network")))
            .map_err(|error| self.shard_error(error))?;
        let inside = move |found: &Term| match found {
            Term::Ip(ip) => (low..=high).contains(&wide(*ip)),
            _ => false,
        };
        Ok(any_term(field.path.clone(), inside, boost))
    }

    /// Makes the query of a value that documents have beside their fields.
    fn metadata_scorer(
        &self,
        path: &str,
        value: &Value,
        boost: f32,
    ) -> Result<Option<Scorer<'a>>, ApiError> {
        let wanted = text_of(value);
        Ok(Some(match path {
            "_id" => Rc::new(move |view: View<'a>| (view.document.id == wanted).then_some(boost)),
            "_index" => {
                let fits = matches_wildcard(&wanted, &self.shard.index.name);
                Rc::new(move |_| fits.then_some(boost))
            }
            "_routing" => {
                let routings = self.shard.documents.iter();
                let routings: Vec<&String> = routings
                    .filter_map(|document| document.routing.as_ref())
                    .collect();
                let having = routings.iter().filter(|own| ***own == wanted).count();
                let score = Bm25::of_counts(routings.len(), having, boost).score(1.0, 1);
                Rc::new(move |view: View<'a>| {
                    (view.document.routing.as_ref() == Some(&wanted)).then_some(score)
                })
            }
            "_seq_no" => {
                let number = Field::number(path).query_term(value);
                let number = number.map_err(|error| self.shard_error(error))?;
                Rc::new(move |view: View<'a>| {
                    let own = i64::try_from(view.document.seq_no).ok();
                    (number == own.map(Term::Integer)).then_some(boost)
                })
            }
            "_source" | "_version" => {
                return Err(self.shard_error(ApiError::illegal_argument(format!(
                    "The {path} field is not searchable"
                ))));
            }
            _ => return Ok(None),
        }))
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
    pub fn scored(&self, field: Arc<Field>, terms: Vec<String>, boost: f32) -> Scorer<'a> {
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

    pub fn terms(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
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
        if values.len() > MAX_TERMS {
            return Err(ApiError::unsupported(format!(
                "more than [{MAX_TERMS}] values in [terms]"
            )));
        }
        if values
            .iter()
            .any(|value| value.is_array() || value.is_object())
        {
            if values.iter().any(Value::is_object) {
                return Err(ApiError::unsupported("objects as values of [terms]"));
            }
            return Err(ApiError::parsing("[terms] query takes plain values"));
        }
        if values.iter().any(Value::is_null) {
            return Err(ApiError::parsing("No value specified for terms query"));
        }
        if let Some(field) = self.field(path) {
            for value in values {
                check_listed(&field, value).map_err(|error| self.shard_error(error))?;
            }
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

    pub fn exists(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("exists", body)?;
        let Some(path) = fields.text("field")? else {
            return Err(ApiError::parsing(
                "[exists] must be provided with a [field]",
            ));
        };
        let (boost, name) = common(&fields)?;
        fields.finish()?;
        if path.is_empty() {
            return Err(ApiError::illegal_argument("field name is null or empty"));
        }
        match path.as_str() {
            "_id" | "_index" | "_version" | "_seq_no" => {
                return self.named(name, Rc::new(move |_| Some(boost)));
            }
            "_routing" => {
                let has = |view: View<'a>| view.document.routing.is_some();
                return self.named(name, Rc::new(move |view| has(view).then_some(boost)));
            }
            pattern if matches_wildcard(pattern, "_source") => {
                return Err(self.shard_error(ApiError::illegal_argument(
                    "The _source field is not searchable",
                )));
            }
            _ => {}
        }
        let mapping = &self.shard.index.mapping;
        let mut paths: Vec<String> = mapping
            .matching(&path)
            .iter()
            .map(|field| field.path.clone())
            .collect();
        if paths.is_empty() {
            paths.push(path);
        }
        self.named(
            name,
            Rc::new(move |view: View<'a>| {
                paths
                    .iter()
                    .any(|path| view.entry.exists(path))
                    .then_some(boost)
            }),
        )
    }

    pub fn ids(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
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

/// Refuses a number of a list that its field cannot have.
fn check_listed(field: &Field, value: &Value) -> Result<(), ApiError> {
    if !matches!(field.kind, Kind::Number(_)) {
        return Ok(());
    }
    let number = field.bound_term(value)?.and_then(|term| term.number());
    if number.is_some_and(f64::is_finite) {
        return Ok(());
    }
    Err(ApiError::illegal_argument(format!(
        "[{}] supports only finite values, but got [{value}]",
        field.type_name
    )))
}

/// Texts as they are, other values as their JSON.
pub(super) fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
