//! Nearest vectors, found by comparing all of them.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::{Compiler, common};
use crate::api::error::ApiError;
use crate::search::shard::{Scorer, View};
use crate::store::{Kind, Similarity, java_number};
use crate::strict::Fields;

/// A search for the nearest vectors.
#[derive(Clone)]
pub(crate) struct Knn<'a> {
    pub k: usize,
    pub scorer: Scorer<'a>,
    pub boost: f32,
}

/// Returns the score of a vector: how similar it is to another.
pub(crate) fn similarity(how: Similarity, a: &[f32], b: &[f32]) -> f32 {
    let dot: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    let length = |vector: &[f32]| {
        vector
            .iter()
            .map(|number| number * number)
            .sum::<f32>()
            .sqrt()
    };
    match how {
        Similarity::Cosine => (1.0 + dot / (length(a) * length(b))) / 2.0,
        Similarity::DotProduct => (1.0 + dot) / 2.0,
        Similarity::L2Norm => {
            let square: f32 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
            1.0 / (1.0 + square)
        }
        Similarity::MaxInnerProduct if dot < 0.0 => 1.0 / (1.0 - dot),
        Similarity::MaxInnerProduct => dot + 1.0,
    }
}

/// The score of a raw similarity, of which the `similarity` of a request is the least.
fn least_score(how: Similarity, raw: f32) -> f32 {
    match how {
        Similarity::Cosine | Similarity::DotProduct => (1.0 + raw) / 2.0,
        Similarity::L2Norm => 1.0 / (1.0 + raw * raw),
        Similarity::MaxInnerProduct if raw < 0.0 => 1.0 / (1.0 - raw),
        Similarity::MaxInnerProduct => raw + 1.0,
    }
}

impl<'a> Compiler<'a> {
    /// The `knn` query: the nearest of the shard.
    pub fn knn(&self, body: &Value) -> Result<Scorer<'a>, ApiError> {
        let fields = Fields::query("knn", body)?;
        let (boost, name) = common(&fields)?;
        let Some(knn) = self.read_knn(&fields, false)? else {
            return Ok(Rc::new(|_| None));
        };
        if self.nested.is_some() {
            return Err(ApiError::unsupported("[knn] within [nested]"));
        }
        let mut scored: Vec<(&str, f32)> = self
            .shard
            .documents
            .iter()
            .filter_map(|document| {
                let view = View {
                    document,
                    entry: &document.entry,
                };
                Some((document.id.as_str(), (knn.scorer)(view)?))
            })
            .collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1));
        let nearest: BTreeMap<&str, f32> = scored.into_iter().take(knn.k).collect();
        self.named(
            name,
            Rc::new(move |view: View<'a>| {
                nearest
                    .get(view.document.id.as_str())
                    .map(|score| score * boost)
            }),
        )
    }

    /// One entry of the `knn` section of a search.
    pub fn knn_section(&self, body: &Value) -> Result<Option<Knn<'a>>, ApiError> {
        let fields = Fields::section("knn", body)?;
        let (boost, _) = common(&fields)?;
        Ok(self
            .read_knn(&fields, true)?
            .map(|knn| Knn { boost, ..knn }))
    }

    fn read_knn(&self, fields: &Fields<'_>, section: bool) -> Result<Option<Knn<'a>>, ApiError> {
        fields.unsupported(&[
            "query_vector_builder",
            "rescore_vector",
            "inner_hits",
            "visit_percentage",
        ])?;
        let Some(path) = fields.text("field")? else {
            return Err(ApiError::illegal_argument("Required [field]"));
        };
        let vector = query_vector(fields)?;
        let page = i64::try_from(self.size.max(1)).unwrap_or(i64::MAX);
        let k = neighbours(fields, (!section).then_some(page))?;
        let silent = Self {
            marking: false,
            ..self.unscored()
        };
        let filters = match fields.get("filter")? {
            None => Vec::new(),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| silent.compile(item))
                .collect::<Result<_, _>>()?,
            Some(item) => vec![silent.compile(item)?],
        };
        let least = fields.float("similarity")?;
        fields.finish()?;
        let Some(field) = self.shard.index.mapping.field(&path) else {
            return Ok(None);
        };
        let Kind::Vector {
            dims,
            similarity: how,
        } = field.kind
        else {
            return Err(self.shard_error(ApiError::illegal_argument(
                "[knn] queries are only supported on [dense_vector] fields".to_string(),
            )));
        };
        check_vector(dims, how, &vector).map_err(|error| self.shard_error(error))?;
        let floor = least.map(|raw| least_score(how, raw as f32));
        let path = field.path.clone();
        let scorer: Scorer<'a> = Rc::new(move |view: View<'a>| {
            let own = &view.entry.fields.get(&path)?.vector;
            if own.is_empty() || !filters.iter().all(|filter| filter(view).is_some()) {
                return None;
            }
            let score = similarity(how, own, &vector);
            floor.is_none_or(|floor| score >= floor).then_some(score)
        });
        Ok(Some(Knn {
            k: usize::try_from(k).unwrap_or(1),
            scorer,
            boost: 1.0,
        }))
    }
}

fn check_vector(dims: Option<usize>, how: Similarity, vector: &[f32]) -> Result<(), ApiError> {
    match dims.filter(|dims| *dims != vector.len()) {
        None if how == Similarity::Cosine && vector.iter().all(|number| *number == 0.0) => {
            Err(ApiError::illegal_argument(
                "The [cosine] similarity does not support vectors with zero magnitude.",
            ))
        }
        None => Ok(()),
        Some(dims) => Err(ApiError::illegal_argument(format!(
            "The query vector has a different number of dimensions [{}] than the document vectors [{dims}].",
            vector.len()
        ))),
    }
}

fn query_vector(fields: &Fields<'_>) -> Result<Vec<f32>, ApiError> {
    let items = match fields.raw("query_vector") {
        Some(Value::Null) => return Err(fields.wrong("query_vector", &Value::Null)),
        None => {
            return Err(ApiError::illegal_argument(
                "either [query_vector_builder] or [query_vector] must be provided",
            ));
        }
        Some(Value::String(_)) => {
            return Err(ApiError::unsupported("[query_vector] as a text"));
        }
        Some(Value::Array(items)) => items.as_slice(),
        Some(item) => std::slice::from_ref(item),
    };
    let failed = |root: &'static str| {
        ApiError::bad_request(
            "x_content_parse_exception",
            "[1:1] [knn] failed to parse field [query_vector]",
        )
        .rooted(root)
    };
    let number = |item: &Value| match item {
        Value::Number(number) => number.as_f64().ok_or_else(|| failed("parsing_exception")),
        Value::String(text) => java_number(text).ok_or_else(|| failed("x_content_parse_exception")),
        _ => Err(failed("parsing_exception")),
    };
    items
        .iter()
        .map(|item| number(item).map(|number| number as f32))
        .collect()
}

/// Reads the number of nearest vectors. That of a query is the size of the page where it is not
/// given.
fn neighbours(fields: &Fields<'_>, page: Option<i64>) -> Result<i64, ApiError> {
    let k = fields.integer("k")?;
    let candidates = fields.integer("num_candidates")?;
    if let Some(wrong) = k.filter(|k| *k < 1) {
        return Err(ApiError::illegal_argument(format!(
            "[k] must be greater than 0, got [{wrong}]"
        )));
    }
    let most = candidates.unwrap_or_else(|| k.map_or(10, |k| (k * 3 / 2).max(k)).min(10_000));
    let k = k.unwrap_or_else(|| page.map_or(10, |page| page.min(most)));
    if most < k {
        return Err(ApiError::illegal_argument(format!(
            "[num_candidates] cannot be less than [k], got [{most}] and [{k}]"
        )));
    }
    if most > 10_000 {
        return Err(ApiError::illegal_argument(format!(
            "[num_candidates] cannot exceed [10000], got [{most}]"
        )));
    }
    Ok(k)
}
