//! Search and count.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::state::{self, Use};
use crate::json::{Json, object};
use crate::search::{Request, Results, Source, execute};
use crate::store::{Index, Restriction, Store};
use crate::sync::lock;

pub(crate) fn search(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.whole_object()?;
    let mut store = lock(&call.shared.store);
    store.expire();
    if let Some(keep) = call.params.get("scroll") {
        return super::scroll::start(call, &mut store, &body, keep);
    }
    Ok(Reply::chunked(run(
        call,
        &mut store,
        call.part("index"),
        &body,
        &Map::new(),
    )?))
}

/// One search of a request or of a multi-search, where a header may say more.
///
/// # Errors
/// 400 for a bad request, 404 for an index or point in time that does not exist.
pub(crate) fn run(
    call: &Call<'_>,
    store: &mut Store,
    expression: &str,
    body: &Map<String, Value>,
    header: &Map<String, Value>,
) -> Result<Json, ApiError> {
    let request = Request::parse(body, &call.params, call.typed())?;
    let Some(pit) = request.pit.clone() else {
        if request.slice.is_some() {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                "Validation Failed: 1: [slice] can only be used with [scroll] or [point-in-time] requests;",
            ));
        }
        let options = call.resolve_options_with(header)?;
        let routing = header.get("routing").map(|routing| {
            routing
                .as_str()
                .map_or_else(|| routing.to_string(), str::to_owned)
        });
        let routing = routing.as_deref().or(call.params.get("routing"));
        let source = call
            .searched_with(store, expression, options, routing)
            .map_err(|missing| malformed(&request).unwrap_or(missing))?;
        count_shards(call, &source);
        let results = execute(&source, &request)?;
        check_window(&request, &source)?;
        return Ok(present(&request, results, &source));
    };
    check_pit(call, expression)?;
    super::pit::check_id(&pit.id)?;
    if let Some(keep) = &pit.keep_alive {
        let until = keep.until()?;
        if let Some(snapshot) = store.points_in_time.get_mut(&pit.id) {
            snapshot.until = snapshot.until.max(until);
        }
    }
    let snapshot = store
        .points_in_time
        .get(&pit.id)
        .ok_or_else(|| super::pit::missing(&pit.id))?;
    super::pit::check_indices(store, snapshot)?;
    let indices = snapshot
        .indices
        .iter()
        .map(|(index, restriction)| (index, restriction.clone()));
    let source = Source {
        indices: indices.collect(),
    };
    check_window(&request, &source)?;
    count_shards(call, &source);
    let mut response = present(&request, execute(&source, &request)?, &source);
    response.insert("pit_id", pit.id);
    Ok(response)
}

/// Returns the error of a request that no index could carry out, which comes before that of an index
/// that is not there.
pub(crate) fn malformed(request: &Request) -> Option<ApiError> {
    let outcome = execute(&Source::default(), request);
    outcome
        .err()
        .filter(|error| !error.in_search && !error.is_unsupported())
}

/// Refuses what was chosen when a point in time was opened.
fn check_pit(call: &Call<'_>, expression: &str) -> Result<(), ApiError> {
    let chosen = [
        "routing",
        "preference",
        "ignore_unavailable",
        "allow_no_indices",
        "expand_wildcards",
    ];
    let named = chosen
        .into_iter()
        .find(|name| call.params.get(name).is_some())
        .or((!expression.is_empty()).then_some("indices"));
    named.map_or(Ok(()), |name| {
        Err(ApiError::bad_request(
            "action_request_validation_exception",
            format!("Validation Failed: 1: [{name}] cannot be used with point in time;"),
        ))
    })
}

pub(crate) fn check_window(request: &Request, source: &Source<'_>) -> Result<(), ApiError> {
    let mut indices = source.indices.iter();
    indices.try_for_each(|(index, _)| request.check_window(index))
}

fn count_shards(call: &Call<'_>, source: &Source<'_>) {
    for (index, restriction) in &source.indices {
        for shard in index.shards_for(restriction.routing.as_ref()) {
            state::count(call, index, shard, Use::Search);
        }
    }
}

pub(crate) fn count(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.object()?;
    if let Some(name) = body.keys().find(|name| *name != "query") {
        return Err(ApiError::parsing(format!(
            "request does not support [{name}]"
        )));
    }
    let request = Request {
        size: 0,
        ..Request::parse(&body, &call.params, false)?
    };
    let store = lock(&call.shared.store);
    let source = call
        .searched(&store, call.part("index"))
        .map_err(|missing| malformed(&request).unwrap_or(missing))?;
    count_shards(call, &source);
    let total = execute(&source, &request)?.total;
    Ok(Reply::ok(
        json!({"count": total, "_shards": shards(shard_count(&source))}),
    ))
}

pub(crate) fn shards(count: usize) -> Value {
    json!({"total": count, "successful": count, "skipped": 0, "failed": 0})
}

/// The shards of some indices, as responses to writes of whole indices count them.
pub(crate) fn copies<'i>(indices: impl Iterator<Item = &'i Index>, nodes: usize) -> Value {
    let (mut total, mut successful) = (0, 0);
    for index in indices {
        let (shards, replicas) = (index.shards as usize, index.replicas as usize);
        total += shards * (replicas + 1);
        successful += shards * (replicas + 1).min(nodes.max(1));
    }
    json!({"total": total, "successful": successful, "failed": 0})
}

pub(crate) fn shard_count(source: &Source<'_>) -> usize {
    let shards = |(index, restriction): &(&Index, Restriction)| {
        index.shards_for(restriction.routing.as_ref()).len()
    };
    source.indices.iter().map(shards).sum()
}

/// The `total` of hits, if it is shown.
pub(crate) fn total_of(request: &Request, total: usize) -> Option<Value> {
    let Some(limit) = request.track_total else {
        return request.total_as_number.then(|| (-1).into());
    };
    let relation = if total > limit { "gte" } else { "eq" };
    Some(if request.total_as_number {
        total.into()
    } else {
        json!({"value": total.min(limit), "relation": relation})
    })
}

/// The response to a search.
pub(crate) fn present(request: &Request, results: Results, source: &Source<'_>) -> Json {
    let mut hits = Json::Object(Vec::new());
    if let Some(total) = total_of(request, results.total) {
        hits.insert("total", total);
    }
    // Without a shard there is nobody to say that there was no score.
    let none = shard_count(source) == 0;
    hits.insert(
        "max_score",
        if none { 0.0.into() } else { results.max_score },
    );
    hits.insert("hits", results.hits);
    let mut response = object! {
        "took": 1,
        "timed_out": false,
        "_shards": shards(shard_count(source)),
        "hits": hits,
    };
    if let Some(aggregations) = results.aggregations {
        response.insert("aggregations", aggregations);
    }
    if let Some(suggest) = results.suggest {
        response.insert("suggest", suggest);
    }
    response
}
