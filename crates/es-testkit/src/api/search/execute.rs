//! Finding, sorting, cutting and aggregating.

use serde_json::{Map, Value};

use super::request::Request;
use crate::api::aggs;
use crate::api::error::ApiError;
use crate::api::sort;
use crate::api::value::Term;
use crate::store::{Found, Index};

/// The outcome, before it is put into an answer.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) hits: Vec<Value>,
    pub(crate) total: usize,
    pub(crate) max_score: Value,
    pub(crate) aggregations: Option<Value>,
}

struct Row {
    found: Found,
    score: f64,
    sort: Vec<Option<Term>>,
}

/// Finds, sorts, cuts and aggregates.
///
/// # Errors
/// 400 for fields that cannot be sorted or aggregated.
pub(crate) fn execute(indices: &[&Index], request: &Request) -> Result<Results, ApiError> {
    for (key, index) in
        request.sort.iter().flat_map(|key| indices.iter().map(move |index| (key, index)))
    {
        key.check(index)?;
    }
    let mut rows = matching(indices, request)?;
    let total = rows.len();
    let aggregations = if request.aggs.is_empty() {
        None
    } else {
        let found: Vec<Found> = rows.iter().map(|row| row.found.clone()).collect();
        Some(aggs::run(&request.aggs, indices, &found, request.typed_keys)?)
    };
    let best = rows.iter().map(|row| row.score).max_by(f64::total_cmp);
    if request.sort.is_empty() {
        rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    } else {
        rows.sort_by(|a, b| sort::compare_rows(&request.sort, &a.sort, &b.sort));
    }
    if let Some(after) = &request.after {
        rows.retain(|row| sort::compare_rows(&request.sort, &row.sort, after).is_gt());
    }
    let scored = request.sort.is_empty() || request.sort.iter().any(|key| key.field == "_score");
    let page = rows.iter().skip(request.from).take(request.size);
    Ok(Results {
        hits: page.map(|row| hit(request, row, scored)).collect(),
        total,
        max_score: best.filter(|_| scored && request.size > 0).map_or(Value::Null, Value::from),
        aggregations,
    })
}

fn matching(indices: &[&Index], request: &Request) -> Result<Vec<Row>, ApiError> {
    let mut rows = Vec::new();
    let mut position = 0;
    for index in indices {
        for document in index.in_order() {
            position += 1;
            let Some(score) = request.query.score(index, &document) else {
                continue;
            };
            let below = request.min_score.is_some_and(|least| score < least);
            let elsewhere =
                request.slice.is_some_and(|(id, max)| slice_of(&document.id, max) != id);
            if below || elsewhere {
                continue;
            }
            let keys = request.sort.iter().map(|key| key.value(index, &document, score, position));
            let sort = keys.collect::<Result<_, _>>()?;
            rows.push(Row { found: (index.name.clone(), document), score, sort });
        }
    }
    Ok(rows)
}

/// FNV-1a over the id: stable, and even enough to cut a set into slices.
fn slice_of(id: &str, max: u64) -> u64 {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.checked_rem(max).unwrap_or(0)
}

fn hit(request: &Request, row: &Row, scored: bool) -> Value {
    let (index, document) = &row.found;
    let mut hit = Map::new();
    hit.insert("_index".to_owned(), (**index).into());
    hit.insert("_id".to_owned(), document.id.as_str().into());
    hit.insert("_score".to_owned(), if scored { row.score.into() } else { Value::Null });
    if request.typed {
        hit.insert("_type".to_owned(), "_doc".into());
    }
    if request.version {
        hit.insert("_version".to_owned(), document.version.into());
    }
    if request.seq_no {
        hit.insert("_seq_no".to_owned(), document.seq_no.into());
        hit.insert("_primary_term".to_owned(), document.primary_term.into());
    }
    if let Some(routing) = &document.routing {
        hit.insert("_routing".to_owned(), routing.as_str().into());
    }
    if let Some(source) = request.source.apply(&document.source) {
        hit.insert("_source".to_owned(), source);
    }
    if !request.sort.is_empty() {
        let values = row.sort.iter().map(|term| term.as_ref().map_or(Value::Null, Term::to_json));
        hit.insert("sort".to_owned(), values.collect());
    }
    Value::Object(hit)
}
