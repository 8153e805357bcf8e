//! Scroll: a search read page by page from a frozen result.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::search::{Request, execute, shards};
use crate::store::{Index, Scroll, Store};
use crate::sync::lock;

/// Begins a scroll: all hits are found at once, the first page is handed out.
///
/// # Errors
/// 400 for `from`, or a keep-alive that is no time.
pub(crate) fn start(
    call: &Call<'_>,
    store: &mut Store,
    body: &Map<String, Value>,
    keep: &str,
) -> Result<Reply, ApiError> {
    check_keep_alive("scroll", keep)?;
    let mut request = Request::parse(call, body)?;
    let size = request.size;
    if request.from > 0 {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: using [from] is not allowed in a scroll context;",
        ));
    }
    request.size = usize::MAX;
    let names = call.indices(store)?;
    let indices: Vec<&Index> = names.iter().filter_map(|name| store.indices.get(name)).collect();
    let results = execute(&indices, &request)?;
    let aggregations = results.aggregations;
    let scroll = Scroll {
        hits: results.hits,
        next: 0,
        size,
        total: results.total,
        max_score: results.max_score,
    };
    let id = format!("scroll-{}", store.next_id());
    store.scrolls.insert(id.clone(), scroll);
    let mut answer = page(store, &id)?;
    if let (Some(aggregations), Some(fields)) = (aggregations, answer.as_object_mut()) {
        fields.insert("aggregations".to_owned(), aggregations);
    }
    Ok(Reply::chunked(answer))
}

pub(crate) fn next(call: &Call<'_>) -> Result<Reply, ApiError> {
    let ids = ids(call)?;
    let id = ids.first().ok_or_else(|| {
        ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: scrollId is missing;",
        )
    })?;
    Ok(Reply::chunked(page(&mut lock(&call.shared.store), id)?))
}

pub(crate) fn clear(call: &Call<'_>) -> Result<Reply, ApiError> {
    let ids = ids(call)?;
    let mut store = lock(&call.shared.store);
    let before = store.scrolls.len();
    store.scrolls.retain(|id, _| !ids.contains(id) && !ids.iter().any(|id| id == "_all"));
    let freed = before - store.scrolls.len();
    let status = if freed == 0 && !ids.iter().any(|id| id == "_all") {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    Ok(Reply::json(status, json!({"succeeded": true, "num_freed": freed})))
}

fn ids(call: &Call<'_>) -> Result<Vec<String>, ApiError> {
    let from_path = call.part("scroll_id");
    let given =
        if from_path.is_empty() { call.params.get("scroll_id").unwrap_or("") } else { from_path };
    if !given.is_empty() {
        return Ok(given.split(',').map(str::to_owned).collect());
    }
    Ok(match call.object()?.get("scroll_id") {
        Some(Value::String(id)) => vec![id.clone()],
        Some(Value::Array(ids)) => {
            ids.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    })
}

fn page(store: &mut Store, id: &str) -> Result<Value, ApiError> {
    let Some(scroll) = store.scrolls.get_mut(id) else {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "search_context_missing_exception",
            format!("No search context found for id [{id}]"),
        )
        .in_search());
    };
    let hits: Vec<Value> =
        scroll.hits.iter().skip(scroll.next).take(scroll.size).cloned().collect();
    scroll.next += hits.len();
    Ok(json!({
        "_scroll_id": id,
        "took": 1,
        "timed_out": false,
        "_shards": shards(1),
        "hits": {
            "total": {"value": scroll.total, "relation": "eq"},
            "max_score": scroll.max_score,
            "hits": hits,
        },
    }))
}

/// A number with a unit of time. Contexts here end only by being closed, so the value is checked
/// and then dropped.
///
/// # Errors
/// 400 when it is not.
pub(crate) fn check_keep_alive(name: &str, text: &str) -> Result<(), ApiError> {
    let number = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = text.get(number.len()..).unwrap_or("");
    let known = matches!(unit, "d" | "h" | "m" | "s" | "ms" | "micros" | "nanos");
    if known && number.parse::<u64>().is_ok() {
        return Ok(());
    }
    Err(ApiError::illegal_argument(format!(
        "failed to parse setting [{name}] with value [{text}] as a time value: unit is missing or unrecognized"
    )))
}
