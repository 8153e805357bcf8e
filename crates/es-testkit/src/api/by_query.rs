//! Delete by query, update by query and reindex, without scripts.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::call::Call;
use super::document::{Kind, Target, refresh};
use super::error::ApiError;
use super::ingest;
use super::reply::Reply;
use super::task;
use crate::search::{Request, Source, matching};
use crate::store::{Document, Expected, NewSource, Store};
use crate::strict::{Fields, Reader};
use crate::sync::lock;

/// Counts of what was done to documents.
#[derive(Debug, Default)]
struct Counts {
    total: usize,
    created: usize,
    updated: usize,
    deleted: usize,
    conflicts: usize,
}

impl Counts {
    fn response(&self, kind: &str) -> Value {
        let mut body = json!({
            "took": 1,
            "timed_out": false,
            "total": self.total,
            "deleted": self.deleted,
            "batches": self.total.div_ceil(1_000).max(usize::from(self.total > 0)),
            "version_conflicts": self.conflicts,
            "noops": 0,
            "retries": {"bulk": 0, "search": 0},
            "throttled_millis": 0,
            "requests_per_second": -1.0,
            "throttled_until_millis": 0,
            "failures": [],
        });
        if let Some(fields) = body.as_object_mut() {
            if kind != "delete" {
                fields.insert("updated".to_owned(), self.updated.into());
            }
            if kind == "reindex" {
                fields.insert("created".to_owned(), self.created.into());
            }
        }
        body
    }
}

/// The documents that a body's query finds, each with its index.
fn found(
    call: &Call<'_>,
    source: &Source<'_>,
    query: Option<&Value>,
    most: Option<usize>,
) -> Result<Vec<(Arc<str>, Document)>, ApiError> {
    let body: Map<String, Value> = query
        .map(|query| ("query".to_owned(), query.clone()))
        .into_iter()
        .collect();
    let request = Request::parse(&body, &call.params, false)?;
    let mut all = Vec::new();
    for (index, restriction) in &source.indices {
        let one = Source {
            indices: vec![(*index, restriction.clone())],
        };
        all.extend(
            matching(&one, &request)?
                .into_iter()
                .map(|document| (Arc::clone(&index.name), document.clone())),
        );
    }
    all.truncate(most.unwrap_or(usize::MAX));
    Ok(all)
}

/// The body of a by-query call: its query and how many documents it may touch.
fn read_body(call: &Call<'_>) -> Result<(Option<Value>, Option<usize>), ApiError> {
    let body = call.object()?;
    let fields = Fields::new(Reader::Body, "by_query", &body);
    fields.unsupported(&["script", "slice", "sort"])?;
    let query = fields.get("query")?.cloned();
    let most = match fields.count("max_docs")? {
        Some(most) => Some(most),
        None => call.params.count("max_docs")?,
    };
    fields.choice("conflicts", &[("abort", ()), ("proceed", ())])?;
    fields.finish()?;
    Ok((query, most))
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (query, most) = read_body(call)?;
    if query.is_none() && call.params.get("q").is_none() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: query is missing;",
        ));
    }
    let mut store = lock(&call.shared.store);
    let source = call.searched(&store, call.part("index"))?;
    let found = found(call, &source, query.as_ref(), most)?;
    drop(source);
    let mut counts = Counts {
        total: found.len(),
        ..Counts::default()
    };
    for (name, document) in found {
        if let Some(index) = store.indices.get_mut(&*name) {
            index.remove(
                &document.id,
                document.routing.as_deref(),
                Expected::default(),
            )?;
            counts.deleted += 1;
        }
    }
    after(call, &mut store, call.part("index"))?;
    task::finish(
        call,
        &mut store,
        "indices:data/write/delete/byquery",
        counts.response("delete"),
    )
}

pub(crate) fn update(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (query, most) = read_body(call)?;
    let mut store = lock(&call.shared.store);
    let source = call.searched(&store, call.part("index"))?;
    let found = found(call, &source, query.as_ref(), most)?;
    drop(source);
    let mut counts = Counts {
        total: found.len(),
        ..Counts::default()
    };
    for (name, document) in found {
        ingest::refuse(&store, &name, None)?;
        if let Some(index) = store.indices.get_mut(&*name) {
            let source = NewSource {
                value: document.source(),
                raw: document.raw.clone(),
            };
            index.put(
                &document.id,
                source,
                document.routing.clone(),
                Expected::default(),
            )?;
            counts.updated += 1;
        }
    }
    after(call, &mut store, call.part("index"))?;
    task::finish(
        call,
        &mut store,
        "indices:data/write/update/byquery",
        counts.response("update"),
    )
}

pub(crate) fn reindex(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.required_object()?;
    let fields = Fields::new(Reader::Section, "reindex", &body);
    fields.unsupported(&["script"])?;
    let from = fields.required("source")?;
    let to = fields.required("dest")?;
    let proceed = fields
        .choice("conflicts", &[("abort", false), ("proceed", true)])?
        .unwrap_or(false);
    let most = fields.count("max_docs")?;
    fields.finish()?;
    let from = Fields::section("source", from)?;
    from.unsupported(&["remote", "slice", "sort", "_source", "runtime_mappings"])?;
    let indices = from
        .texts("index")?
        .ok_or_else(|| from.invalid("Required [index]"))?
        .join(",");
    let query = from.get("query")?;
    from.positive("size")?;
    from.finish()?;
    let to = Fields::section("dest", to)?;
    to.unsupported(&["pipeline", "routing", "version_type"])?;
    let dest = to
        .text("index")?
        .ok_or_else(|| to.invalid("Required [index]"))?;
    let absent = to
        .choice("op_type", &[("index", false), ("create", true)])?
        .unwrap_or(false);
    to.finish()?;
    let mut store = lock(&call.shared.store);
    let source = call.searched(&store, &indices)?;
    if source.indices.iter().any(|(index, _)| *index.name == *dest) {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            format!(
                "Validation Failed: 1: reindex cannot write into an index its reading from [{dest}];"
            ),
        ));
    }
    let found = found(call, &source, query, most)?;
    drop(source);
    ingest::refuse(&store, &dest, None)?;
    let mut counts = Counts {
        total: found.len(),
        ..Counts::default()
    };
    for (_, document) in found {
        let given = document.routing.as_deref();
        let kind = if absent { Kind::Create } else { Kind::Index };
        let target = Target {
            name: &dest,
            routing: given,
            ..Target::of(call, kind)?
        };
        let (index, routing) = target.open(&mut store)?;
        let source = NewSource {
            value: document.source(),
            raw: document.raw.clone(),
        };
        let expected = Expected {
            absent,
            ..Expected::default()
        };
        match index.put(&document.id, source, routing, expected) {
            Ok((_, true)) => counts.created += 1,
            Ok((_, false)) => counts.updated += 1,
            Err(error) if error.status == http::StatusCode::CONFLICT => {
                counts.conflicts += 1;
                if !proceed {
                    let mut response = counts.response("reindex");
                    if let Some(fields) = response.as_object_mut() {
                        let failure = json!({"index": dest, "id": document.id, "cause": error.cause(), "status": 409});
                        fields.insert("failures".to_owned(), json!([failure]));
                    }
                    return Ok(Reply::json(http::StatusCode::CONFLICT, response));
                }
            }
            Err(error) => return Err(error),
        }
    }
    after(call, &mut store, &dest)?;
    task::finish(
        call,
        &mut store,
        "indices:data/write/reindex",
        counts.response("reindex"),
    )
}

/// Refreshes what was written, where the request asks for it.
fn after(call: &Call<'_>, store: &mut Store, expression: &str) -> Result<(), ApiError> {
    for name in store.resolve(expression, call.resolve_options()?)? {
        if let Some(index) = store.indices.get_mut(&name) {
            refresh(call, index);
        }
    }
    Ok(())
}
