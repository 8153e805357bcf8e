//! Scroll: a search read page by page from a frozen result.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::call::Call;
use super::error::ApiError;
use super::pit::missing;
use super::reply::Reply;
use super::search::{check_window, shard_count, shards, total_of};
use crate::dates::parse_time;
use crate::json::{Json, object};
use crate::search::{Request, bad_time, execute};
use crate::store::{Remaining, Scroll, Store};
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
    let keep = KeepAlive::read("scroll", keep)?;
    let mut request = Request::parse(body, &call.params, call.typed())?;
    let says_total =
        call.params.get("track_total_hits").is_some() || body.contains_key("track_total_hits");
    if call.params.flag("request_cache")? == Some(true) {
        return Err(invalid(
            "[request_cache] cannot be used in a scroll context",
        ));
    }
    check(&request, says_total)?;
    request.track_total = Some(usize::MAX);
    let source = call.searched(store, call.part("index"))?;
    let until = keep.until()?;
    check_window(&request, &source)?;
    let size = std::mem::replace(&mut request.size, usize::MAX);
    let results = execute(&source, &request)?;
    let count = shard_count(&source);
    let aggregations = results.aggregations;
    let scroll = Scroll {
        indices: source
            .indices
            .iter()
            .map(|(index, _)| index.uuid.clone())
            .collect(),
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

/// Refuses what a scroll cannot have.
fn check(request: &Request, says_total: bool) -> Result<(), ApiError> {
    let reason = if request.pit.is_some() {
        "using [point in time] is not allowed in a scroll context"
    } else if request.after.is_some() {
        "[search_after] cannot be used in a scroll context"
    } else if request.from > 0 {
        "using [from] is not allowed in a scroll context"
    } else if request.size == 0 {
        "[size] cannot be [0] in a scroll context"
    } else if !request.rescore.is_empty() {
        "using [rescore] is not allowed in a scroll context"
    } else if request.collapse.is_some() {
        "cannot use `collapse` in a scroll context"
    } else if says_total && request.track_total != Some(usize::MAX) {
        // A scroll counts exactly.
        "disabling [track_total_hits] is not allowed in a scroll context"
    } else {
        return Ok(());
    };
    Err(invalid(reason))
}

/// Returns the next page. A request that does not say how long the scroll is kept ends it.
pub(crate) fn next(call: &Call<'_>) -> Result<Reply, ApiError> {
    let Asked { ids, keep } = Asked::read(call)?;
    let Some(id) = ids.first() else {
        return Err(invalid("scrollId is missing"));
    };
    if ids.len() > 1 {
        return Err(unknown("scroll_id"));
    }
    let keep = keep
        .as_deref()
        .map(|keep| KeepAlive::read("scroll", keep))
        .transpose()?;
    check_id(id)?;
    let mut store = lock(&call.shared.store);
    store.expire();
    let page = page(&mut store, id, 1)?;
    match (keep, store.scrolls.get_mut(id)) {
        (Some(keep), Some(scroll)) => scroll.until = keep.until()?,
        _ => {
            store.scrolls.remove(id);
        }
    }
    Ok(Reply::chunked(page))
}

pub(crate) fn clear(call: &Call<'_>) -> Result<Reply, ApiError> {
    let Asked { ids, .. } = Asked::read(call)?;
    if ids.is_empty() {
        return Err(invalid("no scroll ids specified"));
    }
    let mut store = lock(&call.shared.store);
    store.expire();
    let freed = if ids == ["_all"] {
        store.scrolls.clear();
        // Each node says that it freed all of its own.
        call.shared.listed_nodes().len()
    } else {
        ids.iter().try_for_each(|id| check_id(id))?;
        let before = store.scrolls.len();
        store.scrolls.retain(|id, _| !ids.contains(id));
        before - store.scrolls.len()
    };
    let status = if freed == 0 {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    Ok(Reply::json(
        status,
        json!({"succeeded": true, "num_freed": freed}),
    ))
}

fn invalid(reason: &str) -> ApiError {
    ApiError::bad_request(
        "action_request_validation_exception",
        format!("Validation Failed: 1: {reason};"),
    )
}

fn unknown(name: &str) -> ApiError {
    ApiError::illegal_argument(format!(
        "Unknown parameter [{name}] in request body or parameter is of the wrong type"
    ))
}

/// Refuses what cannot be the identifier of a scroll.
fn check_id(id: &str) -> Result<(), ApiError> {
    if id.starts_with("scroll-") {
        Ok(())
    } else {
        Err(ApiError::illegal_argument("Cannot parse scroll id"))
    }
}

/// The scrolls of a request, and how long they are kept.
struct Asked {
    ids: Vec<String>,
    keep: Option<String>,
}

impl Asked {
    fn read(call: &Call<'_>) -> Result<Self, ApiError> {
        let from_path = Some(call.part("scroll_id")).filter(|ids| !ids.is_empty());
        let given = from_path.or(call.params.get("scroll_id"));
        let mut ids: Vec<String> = given
            .into_iter()
            .flat_map(|ids| ids.split(','))
            .map(str::to_owned)
            .collect();
        let body = call.object()?;
        let fields = Fields::new(Reader::Body, "scroll", &body);
        if let Some(listed) = fields
            .texts("scroll_id")
            .map_err(|_| unknown("scroll_id"))?
        {
            ids = listed;
        }
        let keep = match fields.text("scroll")? {
            Some(keep) => Some(keep),
            None => call.params.get("scroll").map(str::to_owned),
        };
        match fields.rest().first() {
            Some((name, _)) => Err(unknown(name)),
            None => Ok(Self { ids, keep }),
        }
    }
}

fn page(store: &mut Store, id: &str, count: usize) -> Result<Json, ApiError> {
    let scroll = store.scrolls.get(id).ok_or_else(|| missing(id))?;
    match store.remaining(scroll.indices.iter()) {
        Remaining::All => {}
        Remaining::None => return Err(missing(id)),
        Remaining::Some => {
            return Err(ApiError::unsupported(
                "a scroll of an index that was deleted",
            ));
        }
    }
    let scroll = store.scrolls.get_mut(id).ok_or_else(|| missing(id))?;
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

/// The time for which a request keeps a context.
#[derive(Clone, Debug)]
pub(crate) struct KeepAlive {
    text: String,
    time: Duration,
}

impl KeepAlive {
    /// # Errors
    /// 400 for what is no time.
    pub fn read(name: &str, text: &str) -> Result<Self, ApiError> {
        let time = match text {
            "0" | "-1" => Some(Duration::ZERO),
            _ => parse_time(text),
        };
        let time = time.ok_or_else(|| bad_time(name, text))?;
        Ok(Self {
            text: text.to_owned(),
            time,
        })
    }

    /// Returns when the context ends. The server checks this once it has found what is searched.
    ///
    /// # Errors
    /// 400 for more than a day.
    pub fn until(&self) -> Result<Instant, ApiError> {
        if self.time > Duration::from_secs(86_400) {
            return Err(ApiError::illegal_argument(format!(
                "Keep alive for request ({}) is too large. It must be less than (1d). This limit can be set by changing the [search.max_keep_alive] cluster level setting.",
                self.text
            ))
            .in_search());
        }
        Ok(Instant::now() + self.time)
    }
}
