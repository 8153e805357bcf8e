//! Search and count.

use serde_json::{Map, Value, json};

use super::aggs::{self, Agg};
use super::call::Call;
use super::error::ApiError;
use super::query::{self, Query};
use super::reply::Reply;
use super::sort::{self, SortKey};
use super::source_filter::SourceFilter;
use super::value::Term;
use crate::store::{Found, Index, Store};
use crate::sync::lock;

/// The most hits `from` and `size` reach together, as `index.max_result_window` has it.
const MAX_RESULT_WINDOW: usize = 10_000;

/// A parsed search request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) query: Query,
    pub(crate) from: usize,
    pub(crate) size: usize,
    sort: Vec<SortKey>,
    after: Option<Vec<Option<Term>>>,
    source: SourceFilter,
    /// Up to how many hits are counted exactly.
    track_total: Option<usize>,
    aggs: Vec<(String, Agg)>,
    version: bool,
    seq_no: bool,
    min_score: Option<f64>,
    slice: Option<(u64, u64)>,
    typed: bool,
    typed_keys: bool,
}

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

pub(crate) fn search(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.object()?;
    let mut store = lock(&call.shared.store);
    if let Some(keep) = call.params.get("scroll") {
        return super::scroll::start(call, &mut store, &body, keep);
    }
    Ok(Reply::ok(run(call, &store, call.part("index"), &body)?))
}

/// One search of a request or of a multi-search.
///
/// # Errors
/// 400 for a bad request, 404 for an index or point in time that does not exist.
pub(crate) fn run(
    call: &Call<'_>,
    store: &Store,
    expression: &str,
    body: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let pit = body.get("pit").and_then(|pit| pit.get("id")).and_then(Value::as_str);
    let request = Request::parse(call, body)?;
    check_window(&request)?;
    let (results, shards) = match pit {
        Some(id) => {
            if !expression.is_empty() {
                return Err(ApiError::bad_request(
                    "action_request_validation_exception",
                    "Validation Failed: 1: [indices] cannot be used with point in time. Do not specify any index with point in time.;",
                ));
            }
            let snapshot = store.points_in_time.get(id).ok_or_else(|| super::pit::missing(id))?;
            let indices: Vec<&Index> = snapshot.indices.values().collect();
            (execute(&indices, &request)?, indices.len())
        }
        None => {
            let names = store.resolve(expression, call.resolve_options())?;
            let indices: Vec<&Index> =
                names.iter().filter_map(|name| store.indices.get(name)).collect();
            (execute(&indices, &request)?, indices.len())
        }
    };
    let mut answer = present(&request, results, shards);
    if let (Some(id), Some(fields)) = (pit, answer.as_object_mut()) {
        fields.insert("pit_id".to_owned(), id.into());
    }
    Ok(answer)
}

pub(crate) fn count(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.object()?;
    if let Some(name) = body.keys().find(|name| *name != "query") {
        return Err(ApiError::parsing(format!("request does not support [{name}]")));
    }
    let request = Request::parse(call, &body)?;
    let store = lock(&call.shared.store);
    let names = call.indices(&store)?;
    let indices: Vec<&Index> = names.iter().filter_map(|name| store.indices.get(name)).collect();
    let total = execute(&indices, &request)?.total;
    Ok(Reply::ok(json!({"count": total, "_shards": shards(indices.len())})))
}

impl Request {
    pub(crate) fn parse(call: &Call<'_>, body: &Map<String, Value>) -> Result<Self, ApiError> {
        if let Some(unknown) = body.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(ApiError::parsing(format!(
                "unknown key for a START_OBJECT in [{unknown}]."
            )));
        }
        let null = &Value::Null;
        let field = |name: &str| body.get(name).unwrap_or(null);
        let params = &call.params;
        let query = match params.get("q") {
            Some(text) => query::from_text(text),
            None => query::parse(field("query"))?,
        };
        let mut sort = match params.get("sort") {
            Some(list) => sort::parse(&list.split(',').collect::<Vec<_>>().into())?,
            None => sort::parse(field("sort"))?,
        };
        // With a point in time the server adds a tie-breaker of its own.
        if body.contains_key("pit")
            && !sort.is_empty()
            && !sort.iter().any(|key| key.field == "_shard_doc")
        {
            sort.extend(sort::parse(&"_shard_doc".into())?);
        }
        let total = params
            .get("track_total_hits")
            .map(|text| serde_json::from_str(text).unwrap_or(Value::Null));
        let shown = if params.get("_source").is_some()
            || params.get("_source_includes").is_some()
            || params.get("_source_excludes").is_some()
        {
            SourceFilter::from_params(params)
        } else {
            body.get("_source").map(SourceFilter::from_json).unwrap_or_default()
        };
        Ok(Self {
            query,
            from: size("from", params.number("from")?, field("from"), 0)?,
            size: size("size", params.number("size")?, field("size"), 10)?,
            after: sort::parse_after(&sort, field("search_after"))?,
            sort,
            source: shown,
            track_total: track_total(total.as_ref().unwrap_or(field("track_total_hits"))),
            aggs: aggs::parse(body.get("aggs").or_else(|| body.get("aggregations")))?,
            version: field("version").as_bool().or(params.flag("version")).unwrap_or(false),
            seq_no: field("seq_no_primary_term")
                .as_bool()
                .or(params.flag("seq_no_primary_term"))
                .unwrap_or(false),
            min_score: field("min_score").as_f64(),
            slice: field("slice")
                .get("id")
                .and_then(Value::as_u64)
                .zip(field("slice").get("max").and_then(Value::as_u64)),
            typed: call.typed(),
            typed_keys: params.flag("typed_keys").unwrap_or(false),
        })
    }
}

const KNOWN: &[&str] = &[
    "query",
    "from",
    "size",
    "sort",
    "search_after",
    "_source",
    "track_total_hits",
    "aggs",
    "aggregations",
    "version",
    "seq_no_primary_term",
    "min_score",
    "slice",
    "pit",
    "timeout",
    "track_scores",
    "profile",
    "explain",
    "highlight",
    "fields",
    "docvalue_fields",
    "stored_fields",
    "terminate_after",
    "indices_boost",
    "preference",
];

fn size(name: &str, param: Option<u64>, field: &Value, default: usize) -> Result<usize, ApiError> {
    if let Some(number) = param {
        return Ok(usize::try_from(number).unwrap_or(usize::MAX));
    }
    match field {
        Value::Null => Ok(default),
        value => value.as_u64().and_then(|number| usize::try_from(number).ok()).ok_or_else(|| {
            ApiError::illegal_argument(format!(
                "[{name}] parameter cannot be negative, found [{value}]"
            ))
        }),
    }
}

fn track_total(value: &Value) -> Option<usize> {
    match value {
        Value::Bool(true) => Some(usize::MAX),
        Value::Bool(false) => None,
        value => Some(
            value
                .as_u64()
                .and_then(|number| usize::try_from(number).ok())
                .unwrap_or(MAX_RESULT_WINDOW),
        ),
    }
}

fn check_window(request: &Request) -> Result<(), ApiError> {
    let reach = request.from.saturating_add(request.size);
    if reach <= MAX_RESULT_WINDOW {
        return Ok(());
    }
    Err(ApiError::illegal_argument(format!(
        "Result window is too large, from + size must be less than or equal to: [{MAX_RESULT_WINDOW}] but was [{reach}]. See the scroll api for a more efficient way to request large data sets. This limit can be set by changing the [index.max_result_window] index level setting."
    ))
    .in_search())
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

pub(crate) fn shards(count: usize) -> Value {
    json!({"total": count, "successful": count, "skipped": 0, "failed": 0})
}

/// The answer to a search.
pub(crate) fn present(request: &Request, results: Results, shard_count: usize) -> Value {
    let mut hits = json!({"max_score": results.max_score, "hits": results.hits});
    if let (Some(limit), Some(fields)) = (request.track_total, hits.as_object_mut()) {
        let relation = if results.total > limit { "gte" } else { "eq" };
        fields.insert(
            "total".to_owned(),
            json!({"value": results.total.min(limit), "relation": relation}),
        );
    }
    let mut answer =
        json!({"took": 1, "timed_out": false, "_shards": shards(shard_count), "hits": hits});
    if let (Some(aggregations), Some(fields)) = (results.aggregations, answer.as_object_mut()) {
        fields.insert("aggregations".to_owned(), aggregations);
    }
    answer
}
