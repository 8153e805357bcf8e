//! Scroll: a search read page by page from a frozen result.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::search::{shard_count, shards, total_of};
use crate::json::{Json, object};
use crate::search::{Request, execute};
use crate::store::{Scroll, Store};
use crate::strict::{Fields, Reader};
use crate::sync::lock;

/// Begins a scroll: all hits are found at once, the first page is returned.
///
/// # Errors
/// 400 for `from`, or a keep-alive that is no time.
pub(crate) fn start(
    call: &Call<'_>,
    store: &mut Store,
    body: &Map<String, Value>,
    keep: &str,
) -> Result<Reply, ApiError> {
    let until = keep_alive("scroll", keep)?;
    let mut request = Request::parse(body, &call.params, call.typed())?;
    let size = request.size;
    let invalid = |reason: &str| {
        ApiError::bad_request(
            "action_request_validation_exception",
            format!("Validation Failed: 1: {reason};"),
        )
    };
    if request.from > 0 {
        return Err(invalid("using [from] is not allowed in a scroll context"));
    }
    if size == 0 {
        return Err(invalid("[size] cannot be [0] in a scroll context"));
    }
    if !request.rescore.is_empty() {
        return Err(invalid(
            "using [rescore] is not allowed in a scroll context",
        ));
    }
    if request.collapse.is_some() {
        return Err(invalid("cannot use `collapse` in a scroll context"));
    }
    // A scroll counts exactly.
    let asked = call.params.get("track_total_hits").is_some();
    if (asked || body.contains_key("track_total_hits")) && request.track_total != Some(usize::MAX) {
        return Err(invalid(
            "disabling [track_total_hits] is not allowed in a scroll context",
        ));
    }
    request.track_total = Some(usize::MAX);
    let source = call.searched(store, call.part("index"))?;
    request.check_window(
        source
            .indices
            .iter()
            .filter_map(|(index, _)| index.max_result_window())
            .min(),
    )?;
    request.size = usize::MAX;
    let results = execute(&source, &request)?;
    let count = shard_count(&source);
    let aggregations = results.aggregations;
    let scroll = Scroll {
        total: total_of(&request, results.total).unwrap_or(Value::Null),
        hits: results.hits,
        next: 0,
        size,
        max_score: results.max_score,
        until,
    };
    drop(source);
    let id = format!("scroll-{}", store.next_id());
    store.scrolls.insert(id.clone(), scroll);
    let mut response = page(store, &id, count)?;
    if let Some(aggregations) = aggregations {
        response.insert("aggregations", aggregations);
    }
    Ok(Reply::chunked(response))
}

pub(crate) fn next(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (ids, keep) = ids(call)?;
    let id = ids.first().ok_or_else(|| {
        ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: scrollId is missing;",
        )
    })?;
    let mut store = lock(&call.shared.store);
    store.expire();
    if let Some(keep) = keep {
        let until = keep_alive("scroll", &keep)?;
        if let Some(scroll) = store.scrolls.get_mut(id) {
            scroll.until = until;
        }
    }
    Ok(Reply::chunked(page(&mut store, id, 1)?))
}

pub(crate) fn clear(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (ids, _) = ids(call)?;
    let mut store = lock(&call.shared.store);
    let before = store.scrolls.len();
    store
        .scrolls
        .retain(|id, _| !ids.contains(id) && !ids.iter().any(|id| id == "_all"));
    let freed = before - store.scrolls.len();
    let status = if freed == 0 && !ids.iter().any(|id| id == "_all") {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    Ok(Reply::json(
        status,
        json!({"succeeded": true, "num_freed": freed}),
    ))
}

fn ids(call: &Call<'_>) -> Result<(Vec<String>, Option<String>), ApiError> {
    let from_path = call.part("scroll_id");
    let given = if from_path.is_empty() {
        call.params.get("scroll_id").unwrap_or("")
    } else {
        from_path
    };
    let mut ids: Vec<String> = Vec::new();
    if !given.is_empty() {
        ids = given.split(',').map(str::to_owned).collect();
    }
    let body = call.object()?;
    let fields = Fields::new(Reader::Body, "scroll", &body);
    if let Some(listed) = fields.texts("scroll_id")? {
        ids = listed;
    }
    let keep = match fields.text("scroll")? {
        Some(keep) => Some(keep),
        None => call.params.get("scroll").map(str::to_owned),
    };
    if let Some((name, _)) = fields.rest().first() {
        return Err(ApiError::illegal_argument(format!(
            "Unknown parameter [{name}] in request body or parameter is of the wrong type"
        )));
    }
    Ok((ids, keep))
}

fn page(store: &mut Store, id: &str, count: usize) -> Result<Json, ApiError> {
    let Some(scroll) = store.scrolls.get_mut(id) else {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "search_context_missing_exception",
            format!("No search context found for id [{id}]"),
        )
        .in_search());
    };
    let hits: Vec<Json> = scroll
        .hits
        .iter()
        .skip(scroll.next)
        .take(scroll.size)
        .cloned()
        .collect();
    scroll.next += hits.len();
    Ok(object! {
        "_scroll_id": id,
        "took": 1,
        "timed_out": false,
        "_shards": shards(count),
        "hits": object! {
            "total": scroll.total.clone(),
            "max_score": scroll.max_score.clone(),
            "hits": hits,
        },
    })
}

/// Reads a number with a unit of time.
pub(crate) fn parse_time(text: &str) -> Option<Duration> {
    let number = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let count: u64 = number.parse().ok()?;
    let seconds = |factor: u64| count.checked_mul(factor).map(Duration::from_secs);
    match text.get(number.len()..)? {
        "d" => seconds(86_400),
        "h" => seconds(3_600),
        "m" => seconds(60),
        "s" => seconds(1),
        "ms" => Some(Duration::from_millis(count)),
        "micros" => Some(Duration::from_micros(count)),
        "nanos" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// Reads how long a context is kept, and returns when it ends.
///
/// # Errors
/// 400 when it is no time, or longer than a day.
pub(crate) fn keep_alive(name: &str, text: &str) -> Result<Instant, ApiError> {
    let Some(time) = parse_time(text) else {
        return Err(ApiError::illegal_argument(format!(
            "failed to parse setting [{name}] with value [{text}] as a time value: unit is missing or unrecognized"
        )));
    };
    if time > Duration::from_secs(86_400) {
        return Err(ApiError::illegal_argument(format!(
            "Keep alive for request ({text}) is too large. It must be less than (1d). This limit can be set by changing the [search.max_keep_alive] cluster level setting."
        ))
        .in_search());
    }
    Ok(Instant::now() + time)
}
