//! Delete by query, update by query and reindex, without scripts.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::document::{Kind, Target, refresh};
use super::error::ApiError;
use super::ingest;
use super::reply::Reply;
use super::search::malformed;
use super::task;
use crate::search::{Request, Source, matching};
use crate::store::{Document, Expected, Index, NewSource, ResolveOptions, Store};
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
    batches: usize,
    /// The documents that were not written, and why.
    failures: Vec<Value>,
}

/// The work of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Delete,
    Update,
    Reindex,
}

impl Work {
    fn action(self) -> &'static str {
        match self {
            Self::Delete => "indices:data/write/delete/byquery",
            Self::Update => "indices:data/write/update/byquery",
            Self::Reindex => "indices:data/write/reindex",
        }
    }
}

impl Counts {
    fn response(&self, work: Work) -> Value {
        let mut body = json!({
            "took": 1,
            "timed_out": false,
            "total": self.total,
            "deleted": self.deleted,
            "batches": self.batches,
            "version_conflicts": self.conflicts,
            "noops": 0,
            "retries": {"bulk": 0, "search": 0},
            "throttled_millis": 0,
            "requests_per_second": -1.0,
            "throttled_until_millis": 0,
            "failures": self.failures,
        });
        if let Some(fields) = body.as_object_mut() {
            if work != Work::Delete {
                fields.insert("updated".to_owned(), self.updated.into());
            }
            if work == Work::Reindex {
                fields.insert("created".to_owned(), self.created.into());
            }
        }
        body
    }
}

/// The documents that a body's query finds in the indices of an expression, each with its index.
fn found(
    call: &Call<'_>,
    store: &Store,
    expression: &str,
    query: Option<&Value>,
    most: Option<usize>,
) -> Result<Vec<(Arc<str>, Document)>, ApiError> {
    let body: Map<String, Value> = query
        .map(|query| ("query".to_owned(), query.clone()))
        .into_iter()
        .collect();
    let request = Request::parse(&body, &call.params, false)?;
    let source = call
        .searched(store, expression)
        .map_err(|missing| malformed(&request).unwrap_or(missing))?;
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

/// Reads whether the work goes on after a conflict.
fn proceeds(conflicts: Option<&str>) -> Result<bool, ApiError> {
    match conflicts {
        None | Some("abort") => Ok(false),
        Some("proceed") => Ok(true),
        Some(other) => Err(ApiError::illegal_argument(format!(
            "conflicts may only be \"proceed\" or \"abort\" but was [{other}]"
        ))),
    }
}

/// The body of a by-query call.
struct Asked {
    query: Option<Value>,
    /// The number of documents that may be touched.
    most: Option<usize>,
    batch: usize,
    proceed: bool,
}

fn read_body(call: &Call<'_>) -> Result<Asked, ApiError> {
    let body = call.object()?;
    let fields = Fields::new(Reader::Body, "by_query", &body);
    fields.unsupported(&["script", "slice", "sort"])?;
    let query = fields.get("query")?.cloned();
    let most = match (fields.count("max_docs")?, call.params.count("max_docs")?) {
        (Some(body), Some(given)) if body != given => {
            return Err(ApiError::illegal_argument(format!(
                "[max_docs] set to two different values [{body}] and [{given}]"
            )));
        }
        (body, given) => body.or(given),
    };
    if most == Some(0) {
        return Err(ApiError::illegal_argument(
            "[max_docs] should be >= [slices]",
        ));
    }
    let conflicts = fields.text("conflicts")?;
    fields.finish()?;
    let proceed = proceeds(conflicts.as_deref())? | proceeds(call.params.get("conflicts"))?;
    let batch = call.params.count("scroll_size")?.unwrap_or(1_000);
    if batch == 0 {
        return Err(invalid("[size] cannot be [0] in a scroll context"));
    }
    check_params(call)?;
    Ok(Asked {
        query,
        most,
        batch,
        proceed,
    })
}

/// Refuses parameters that would change nothing here but cannot be.
fn check_params(call: &Call<'_>) -> Result<(), ApiError> {
    call.params.flag("refresh")?;
    if call
        .params
        .get("slices")
        .is_some_and(|slices| slices != "auto")
        && call.params.count("slices")? == Some(0)
    {
        return Err(ApiError::illegal_argument("[slices] must be at least 1"));
    }
    let rate = call.params.get("requests_per_second");
    let is_rate = |text: &str| text == "-1" || text.parse().is_ok_and(|rate: f64| rate > 0.0);
    if !rate.is_none_or(is_rate) {
        return Err(ApiError::illegal_argument(
            "[requests_per_second] must be greater than 0, or -1 for no limit",
        ));
    }
    Ok(())
}

/// The result of one document's write.
enum Done {
    Created,
    Updated,
    Deleted,
}

/// Writes documents batch by batch, as the server does: a batch with a failure is the last one.
///
/// # Errors
/// 400 for what is not done here; everything else is counted.
fn carry_out(
    found: &[(Arc<str>, Document)],
    dest: Option<&str>,
    batch: usize,
    proceed: bool,
    mut write: impl FnMut(&str, &Document) -> Result<Done, ApiError>,
) -> Result<Counts, ApiError> {
    let mut counts = Counts {
        total: found.len(),
        ..Counts::default()
    };
    for documents in found.chunks(batch.max(1)) {
        counts.batches += 1;
        for (index, document) in documents {
            let error = match write(index, document) {
                Ok(Done::Created) => {
                    counts.created += 1;
                    continue;
                }
                Ok(Done::Updated) => {
                    counts.updated += 1;
                    continue;
                }
                Ok(Done::Deleted) => {
                    counts.deleted += 1;
                    continue;
                }
                Err(error) if error.is_unsupported() => return Err(error),
                Err(error) => error,
            };
            let conflict = error.status == StatusCode::CONFLICT;
            counts.conflicts += usize::from(conflict);
            if !(conflict && proceed) {
                counts.failures.push(json!({
                    "index": dest.unwrap_or(index),
                    "id": document.id,
                    "cause": error.cause(),
                    "status": error.status.as_u16(),
                }));
            }
        }
        if !counts.failures.is_empty() {
            break;
        }
    }
    Ok(counts)
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    by_query(call, Work::Delete, |index, document| {
        let routing = document.routing.as_deref();
        index.remove(&document.id, routing, unchanged(document))?;
        Ok(Done::Deleted)
    })
}

pub(crate) fn update(call: &Call<'_>) -> Result<Reply, ApiError> {
    by_query(call, Work::Update, |index, document| {
        let routing = document.routing.clone();
        index.put(&document.id, again(document), routing, unchanged(document))?;
        Ok(Done::Updated)
    })
}

/// Changes each document that a query finds.
fn by_query(
    call: &Call<'_>,
    work: Work,
    change: impl Fn(&mut Index, &Document) -> Result<Done, ApiError>,
) -> Result<Reply, ApiError> {
    let asked = read_body(call)?;
    if work == Work::Delete && asked.query.is_none() && call.params.get("q").is_none() {
        return Err(invalid("query is missing"));
    }
    let mut store = lock(&call.shared.store);
    let found = found(
        call,
        &store,
        call.part("index"),
        asked.query.as_ref(),
        asked.most,
    )?;
    if work == Work::Update {
        for (name, _) in &found {
            ingest::refuse(&store, name, None)?;
        }
    }
    let counts = carry_out(
        &found,
        None,
        asked.batch,
        asked.proceed,
        |name, document| {
            let index = store
                .indices
                .get_mut(name)
                .ok_or_else(|| ApiError::no_such_index(name))?;
            change(index, document)
        },
    )?;
    after(call, &mut store, call.part("index"))?;
    respond(call, &mut store, work, &counts)
}

/// A document that was written again since searches see it is a conflict.
fn unchanged(document: &Document) -> Expected {
    Expected {
        seq_no_and_term: Some((document.seq_no, document.primary_term)),
        ..Expected::default()
    }
}

/// The source of a document, to be written once more.
fn again(document: &Document) -> NewSource {
    NewSource {
        value: document.source(),
        raw: document.raw.clone(),
    }
}

/// The body of a reindex.
struct Reindex {
    from: String,
    query: Option<Value>,
    most: Option<usize>,
    batch: usize,
    to: String,
    /// Whether documents that exist are left alone.
    absent: bool,
    proceed: bool,
}

impl Reindex {
    fn read(body: &Map<String, Value>) -> Result<Self, ApiError> {
        let fields = Fields::new(Reader::Section, "reindex", body);
        fields.unsupported(&["script"])?;
        let nothing = Value::Object(Map::new());
        let from = fields.get("source")?.unwrap_or(&nothing);
        let to = fields.get("dest")?.unwrap_or(&nothing);
        let proceed = proceeds(fields.text("conflicts")?.as_deref())?;
        let most = fields.count("max_docs")?;
        fields.finish()?;
        let from = Fields::section("source", from)?;
        from.unsupported(&["remote", "slice", "sort", "_source", "runtime_mappings"])?;
        let indices = from.texts("index")?.unwrap_or_default().join(",");
        let query = from.get("query")?.cloned();
        let batch = from.positive("size")?.unwrap_or(1_000);
        from.finish()?;
        let to = Fields::section("dest", to)?;
        to.unsupported(&["pipeline", "routing", "version_type"])?;
        let dest = to.text("index")?.unwrap_or_default();
        let absent = to
            .choice("op_type", &[("index", false), ("create", true)])?
            .unwrap_or(false);
        to.finish()?;
        if indices.is_empty() || dest.is_empty() {
            return Err(invalid(
                "use _all if you really want to copy from all existing indexes, or index must be specified",
            ));
        }
        Ok(Self {
            from: indices,
            query,
            most,
            batch,
            to: dest,
            absent,
            proceed,
        })
    }
}

/// A request that contradicts itself.
fn invalid(reason: impl std::fmt::Display) -> ApiError {
    ApiError::bad_request(
        "action_request_validation_exception",
        format!("Validation Failed: 1: {reason};"),
    )
}

pub(crate) fn reindex(call: &Call<'_>) -> Result<Reply, ApiError> {
    let asked = Reindex::read(&call.required_object()?)?;
    let dest = &asked.to;
    let mut store = lock(&call.shared.store);
    let found = found(call, &store, &asked.from, asked.query.as_ref(), asked.most)?;
    let source = call.searched(&store, &asked.from)?;
    let is_dest = |(index, _): &(&Index, _)| *index.name == **dest;
    if source.indices.iter().any(is_dest) {
        return Err(invalid(format_args!(
            "reindex cannot write into an index its reading from [{dest}]"
        )));
    }
    drop(source);
    ingest::refuse(&store, dest, None)?;
    let kind = if asked.absent {
        Kind::Create
    } else {
        Kind::Index
    };
    let target = Target {
        name: dest,
        ..Target::of(call, kind)?
    };
    let counts = carry_out(
        &found,
        Some(dest),
        asked.batch,
        asked.proceed,
        |_, document| {
            let target = Target {
                routing: document.routing.as_deref(),
                ..target
            };
            let (index, routing) = target.open(&mut store)?;
            let expected = Expected {
                absent: asked.absent,
                ..Expected::default()
            };
            let (_, new) = index.put(&document.id, again(document), routing, expected)?;
            Ok(if new { Done::Created } else { Done::Updated })
        },
    )?;
    after(call, &mut store, dest)?;
    respond(call, &mut store, Work::Reindex, &counts)
}

/// Responds with what was done; the worst failure is the status.
fn respond(
    call: &Call<'_>,
    store: &mut Store,
    work: Work,
    counts: &Counts,
) -> Result<Reply, ApiError> {
    let worst = counts
        .failures
        .iter()
        .filter_map(|failure| failure.get("status")?.as_u64())
        .max();
    let status = worst
        .and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok())
        .unwrap_or(StatusCode::OK);
    task::finish(call, store, work.action(), status, counts.response(work))
}

/// Refreshes what was written, where the request asks for it.
fn after(call: &Call<'_>, store: &mut Store, expression: &str) -> Result<(), ApiError> {
    let options = ResolveOptions {
        ignore_unavailable: true,
        ..call.resolve_options()?
    };
    for name in store.resolve(expression, options)? {
        if let Some(index) = store.indices.get_mut(&name) {
            refresh(call, index);
        }
    }
    Ok(())
}
