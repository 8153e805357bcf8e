//! The query language: from JSON to a function that scores documents of one shard.

mod compound;
mod decay;
mod function_score;
mod geo;
mod knn;
mod multi_match;
mod pattern;
mod phrase;
mod query_string;
mod range;
mod term;
mod text;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::shard::{Scorer, Shard, View};
use crate::api::error::ApiError;
use crate::store::Field;
use crate::strict::Fields;

pub(crate) use compound::{check, check_window};
pub(crate) use geo::{distance_meters, parse_distance, unit_meters};
pub(crate) use pattern::{fuzzy_distance, lucene_regex, wildcard_fits};
pub(crate) use text::minimum_should_match;

/// The things that a query asks to be shown beside its hits.
#[derive(Default)]
pub(crate) struct Noted<'a> {
    /// Queries with a `_name`.
    pub named: Vec<(String, Scorer<'a>)>,
    pub inner_hits: Vec<InnerHits<'a>>,
    /// The terms that highlighting marks.
    pub marks: Vec<Mark<'a>>,
    /// The number of queries around the one that is compiled.
    pub depth: usize,
    /// A query inside of others of which the server marks other terms than those it matched.
    pub unmarkable: Option<String>,
}

/// A request to show the matching objects of a nested query.
pub(crate) struct InnerHits<'a> {
    pub name: String,
    pub path: String,
    pub scorer: Scorer<'a>,
    pub settings: Map<String, Value>,
}

/// A term of a query that highlighting marks.
#[derive(Clone)]
pub(crate) struct Mark<'a> {
    pub field: String,
    pub what: Marked,
    /// The queries around it, which a document must match.
    pub within: Vec<Scorer<'a>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Marked {
    Term(String),
    Prefix(String),
    Wildcard(String),
    Fuzzy(String, usize),
    /// Terms that must follow each other.
    Phrase(Vec<String>),
    /// Terms that may be away from each other, or are not whole.
    Sloppy,
}

/// The place of a query: a shard, and the nested field that it is in.
#[derive(Clone)]
pub(crate) struct Compiler<'a> {
    pub shard: &'a Shard<'a>,
    pub nested: Option<String>,
    pub now: i64,
    /// The number of hits that the search returns.
    pub size: usize,
    pub noted: Rc<RefCell<Noted<'a>>>,
    /// False within `must_not`, whose terms are not marked.
    pub marking: bool,
    /// The error of a document that could not be scored.
    pub failure: Rc<RefCell<Option<ApiError>>>,
}

/// Queries of the server that are not done here.
const UNSUPPORTED: &[&str] = &[
    "combined_fields",
    "distance_feature",
    "geo_grid",
    "geo_polygon",
    "geo_shape",
    "has_child",
    "has_parent",
    "intervals",
    "more_like_this",
    "parent_id",
    "percolate",
    "pinned",
    "rank_feature",
    "rule",
    "script",
    "script_score",
    "semantic",
    "shape",
    "span_containing",
    "span_first",
    "span_multi",
    "span_near",
    "span_not",
    "span_or",
    "span_term",
    "span_within",
    "sparse_vector",
    "terms_set",
    "text_expansion",
    "weighted_tokens",
    "wrapper",
    "span_field_masking",
    "field_masking_span",
    "ltr",
];

impl<'a> Compiler<'a> {
    pub fn new(shard: &'a Shard<'a>, now: i64) -> Self {
        Self {
            shard,
            nested: None,
            now,
            size: 10,
            noted: Rc::default(),
            marking: true,
            failure: Rc::default(),
        }
    }

    /// The same where documents are found but not scored, so that no score is refused.
    pub fn unscored(&self) -> Self {
        Self {
            failure: Rc::default(),
            ..self.clone()
        }
    }

    /// Makes the function of a query.
    ///
    /// # Errors
    /// 400 for what is no query, does not fit the mapping, or is not done here.
    pub fn compile(&self, value: &Value) -> Result<Scorer<'a>, ApiError> {
        let marks = self.noted.borrow().marks.len();
        self.noted.borrow_mut().depth += 1;
        let scorer = self.compile_kind(value);
        self.noted.borrow_mut().depth -= 1;
        let scorer = scorer?;
        // Nested objects, which match alone, are not the document that is marked.
        let is_direct = |mark: &&mut Mark<'_>| {
            let mapping = &self.shard.index.mapping;
            mapping.nested_parent(&mark.field).is_none()
        };
        if self.marking {
            let mut noted = self.noted.borrow_mut();
            for mark in noted.marks.iter_mut().skip(marks).filter(is_direct) {
                mark.within.push(Rc::clone(&scorer));
            }
        }
        Ok(scorer)
    }

    fn compile_kind(&self, value: &Value) -> Result<Scorer<'a>, ApiError> {
        let Value::Object(fields) = value else {
            return Err(ApiError::parsing(
                "[_na] query malformed, must start with start_object",
            ));
        };
        let mut entries = fields.iter();
        let (Some((name, body)), None) = (entries.next(), entries.next()) else {
            let text = if fields.is_empty() {
                return Err(ApiError::illegal_argument(
                    "query malformed, empty clause found",
                ));
            } else {
                "query malformed, expected [END_OBJECT] but found [FIELD_NAME]"
            };
            return Err(ApiError::parsing(text));
        };
        if self.marking && self.noted.borrow().depth > 1 {
            let is_opaque = matches!(
                &**name,
                "function_score" | "boosting" | "match_phrase_prefix"
            );
            let mut noted = self.noted.borrow_mut();
            noted.unmarkable = noted.unmarkable.take().or(is_opaque.then(|| name.clone()));
        }
        match name.as_str() {
            "match_all" => {
                let fields = Fields::query(name, body)?;
                let (boost, name) = common(&fields)?;
                fields.finish()?;
                self.named(name, Rc::new(move |_| Some(boost)))
            }
            "match_none" => {
                let fields = Fields::query(name, body)?;
                common(&fields)?;
                fields.finish()?;
                Ok(Rc::new(|_| None))
            }
            "bool" => self.bool(body),
            "dis_max" => self.dis_max(body),
            "constant_score" => self.constant_score(body),
            "boosting" => self.boosting(body),
            "nested" => self.nested(body),
            "function_score" => self.function_score(body),
            "match" => self.match_query(body),
            "match_phrase" => self.match_phrase(body),
            "match_phrase_prefix" => self.match_phrase_prefix(body),
            "match_bool_prefix" => self.match_bool_prefix(body),
            "multi_match" => self.multi_match(body),
            "query_string" => self.query_string(body),
            "simple_query_string" => self.simple_query_string(body),
            "term" => self.term(body),
            "terms" => self.terms(body),
            "range" => self.range(body),
            "exists" => self.exists(body),
            "ids" => self.ids(body),
            "prefix" | "wildcard" | "regexp" | "fuzzy" => self.pattern(name, body),
            "geo_distance" => self.geo_distance(body),
            "geo_bounding_box" => self.geo_bounding_box(body),
            "knn" => self.knn(body),
            other if UNSUPPORTED.contains(&other) => {
                Err(ApiError::unsupported(format!("the query [{other}]")))
            }
            other => Err(ApiError::parsing(format!("unknown query [{other}]"))),
        }
    }

    /// Notes a query with a `_name`.
    fn named(&self, name: Option<String>, scorer: Scorer<'a>) -> Result<Scorer<'a>, ApiError> {
        if let Some(name) = name {
            self.noted
                .borrow_mut()
                .named
                .push((name, Rc::clone(&scorer)));
        }
        Ok(scorer)
    }

    fn mark(&self, field: &str, what: Marked) {
        if self.marking {
            self.noted.borrow_mut().marks.push(Mark {
                field: field.to_owned(),
                what,
                within: Vec::new(),
            });
        }
    }

    /// Returns a field that can be searched from here; a field of another nested object cannot.
    fn field(&self, path: &str) -> Option<Arc<Field>> {
        let mapping = &self.shard.index.mapping;
        let field = mapping.field(path)?;
        (mapping.nested_parent(&field.path) == self.nested).then_some(field)
    }

    /// Makes an error of the shard: the query does not fit its mapping.
    fn shard_error(&self, error: ApiError) -> ApiError {
        if error.in_search || error.is_unsupported() {
            return error;
        }
        let reason = format!("failed to create query: {}", error.reason);
        ApiError::bad_request("query_shard_exception", reason)
            .with("index", &*self.shard.index.name)
            .with("index_uuid", self.shard.index.uuid.as_str())
            .caused_by(error.kind, &error.reason)
            .in_search()
    }
}

/// Takes what every query may have: its boost and its name.
fn common(fields: &Fields<'_>) -> Result<(f32, Option<String>), ApiError> {
    let boost = fields.float("boost")?.unwrap_or(1.0) as f32;
    if boost < 0.0 {
        let name = fields.name();
        let reason = format!(
            "negative [boost] are not allowed in [{name}], use a value between 0 and 1 to deboost; found [{boost}]"
        );
        return Err(match name {
            "match_all" | "ids" => ApiError::parsing(reason),
            _ => fields.invalid(reason),
        });
    }
    if boost.is_nan() {
        return Err(ApiError::unsupported("a [boost] that is no number"));
    }
    Ok((boost, fields.text("_name")?))
}

/// Splits `{"field": settings}`; other members are refused.
fn one_field<'v>(query: &str, value: &'v Value) -> Result<(&'v str, &'v Value), ApiError> {
    let fields = value.as_object().ok_or_else(|| {
        ApiError::parsing(format!(
            "[{query}] query malformed, no start_object after query name"
        ))
    })?;
    let mut entries = fields.iter();
    match (entries.next(), entries.next()) {
        (Some((field, settings)), None) => Ok((field, settings)),
        (None, _) if query.starts_with("match") => Err(ApiError::parsing(format!(
            "[{query}] query malformed, no field"
        ))),
        (None, _) => Err(ApiError::illegal_argument("field name is null or empty")),
        (Some((one, _)), Some((other, _))) => Err(ApiError::parsing(format!(
            "[{query}] query doesn't support multiple fields, found [{one}] and [{other}]"
        ))),
    }
}

/// Returns whether any value of a view's field fits.
fn any_term<'a>(
    path: String,
    fits: impl Fn(&crate::api::value::Term) -> bool + 'a,
    boost: f32,
) -> Scorer<'a> {
    Rc::new(move |view: View<'a>| view.entry.terms(&path).iter().any(&fits).then_some(boost))
}
