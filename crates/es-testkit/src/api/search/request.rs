//! What a search asks for.

use serde_json::{Map, Value};

use crate::api::aggs::{self, Agg};
use crate::api::call::Call;
use crate::api::error::ApiError;
use crate::api::query::{self, Query};
use crate::api::sort::{self, SortKey};
use crate::api::source_filter::SourceFilter;
use crate::api::value::Term;

/// The most hits `from` and `size` reach together, as `index.max_result_window` has it.
const MAX_RESULT_WINDOW: usize = 10_000;

/// A parsed search request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) query: Query,
    pub(crate) from: usize,
    pub(crate) size: usize,
    pub(super) sort: Vec<SortKey>,
    pub(super) after: Option<Vec<Option<Term>>>,
    pub(super) source: SourceFilter,
    /// Up to how many hits are counted exactly.
    pub(super) track_total: Option<usize>,
    pub(super) aggs: Vec<(String, Agg)>,
    pub(super) version: bool,
    pub(super) seq_no: bool,
    pub(super) min_score: Option<f64>,
    pub(super) slice: Option<(u64, u64)>,
    pub(super) typed: bool,
    pub(super) typed_keys: bool,
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

pub(super) fn check_window(request: &Request) -> Result<(), ApiError> {
    let reach = request.from.saturating_add(request.size);
    if reach <= MAX_RESULT_WINDOW {
        return Ok(());
    }
    Err(ApiError::illegal_argument(format!(
        "Result window is too large, from + size must be less than or equal to: [{MAX_RESULT_WINDOW}] but was [{reach}]. See the scroll api for a more efficient way to request large data sets. This limit can be set by changing the [index.max_result_window] index level setting."
    ))
    .in_search())
}
