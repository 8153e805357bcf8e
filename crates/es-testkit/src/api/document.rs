//! Single documents: index, create, get, `_source`, delete.

use http::StatusCode;
use http::header::LOCATION;
use serde_json::json;

use super::call::Call;
use super::error::ApiError;
use super::ingest::{Incoming, Plan, dropped};
use super::reply::Reply;
use super::source_filter::SourceFilter;
use super::state::{Use, count, holders_of};
use crate::json::{Json, object};
use crate::store::{Document, Expected, Index, NewSource, Store};
use crate::sync::lock;

pub(crate) fn index(call: &Call<'_>) -> Result<Reply, ApiError> {
    let kind = call.params.get("op_type").unwrap_or_default();
    write(call, kind.eq_ignore_ascii_case("create"))
}

pub(crate) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    write(call, true)
}

fn write(call: &Call<'_>, absent: bool) -> Result<Reply, ApiError> {
    check_write(call)?;
    let source = NewSource::read(&call.body)?;
    let expected = Expected {
        absent,
        ..expected(call)?
    };
    let mut store = lock(&call.shared.store);
    let incoming = Incoming {
        index: call.part("index").to_owned(),
        id: Some(call.part("id").to_owned()).filter(|id| !id.is_empty()),
        routing: call.params.get("routing").map(str::to_owned),
        source,
    };
    let plan = Plan::of(&store, call.part("index"), call.params.get("pipeline"))?;
    let Some(incoming) = incoming.through(plan, &store)? else {
        let id = Some(call.part("id")).filter(|id| !id.is_empty());
        return Ok(Reply::ok(dropped(call.part("index"), id)));
    };
    let id = incoming.id.unwrap_or_else(|| store.next_id());
    check_id(&id)?;
    let kind = if call.part("id").is_empty() {
        Kind::Create
    } else {
        Kind::of(expected)
    };
    let target = Target {
        name: &incoming.index,
        routing: incoming.routing.as_deref(),
        ..Target::of(call, kind)?
    };
    let (index, routing) = target.open(&mut store)?;
    count(
        call,
        index,
        index.shard_of(&id, routing.as_deref()),
        Use::Write,
    );
    let (document, new) = index.put(&id, incoming.source, routing.clone(), expected)?;
    refresh(call, index);
    let result = if new { "created" } else { "updated" };
    let reply = Reply::json(status_of(result), written(call, index, &document, result));
    let location = location(&index.name, &id, routing.as_deref());
    Ok(if new {
        reply.header(LOCATION, &location)
    } else {
        reply
    })
}

/// Refuses what the server refuses before it reads the document.
fn check_write(call: &Call<'_>) -> Result<(), ApiError> {
    if call.body.is_empty() {
        return Err(ApiError::bad_request(
            "parse_exception",
            "request body is required",
        ));
    }
    if let Some(wrong) = call
        .params
        .get("op_type")
        .filter(|op| !["index", "create"].contains(&&*op.to_lowercase()))
    {
        return Err(ApiError::illegal_argument(format!(
            "opType must be 'create' or 'index', found: [{wrong}]"
        )));
    }
    check_refresh(call)?;
    if call.params.get("pipeline") == Some("") {
        return Err(invalid("pipeline cannot be an empty string"));
    }
    if call.params.get("pipeline").is_some() {
        call.json()?; // a pipeline reads the document before the mapping does
    }
    Ok(())
}

fn invalid(reason: &str) -> ApiError {
    ApiError::bad_request(
        "action_request_validation_exception",
        format!("Validation Failed: 1: {reason};"),
    )
}

/// Refuses a `refresh` that there is not, before anything is written.
///
/// # Errors
/// 400 for it.
pub(crate) fn check_refresh(call: &Call<'_>) -> Result<(), ApiError> {
    match call.params.get("refresh") {
        None | Some("" | "true" | "false" | "wait_for") => Ok(()),
        Some(other) => Err(ApiError::illegal_argument(format!(
            "Unknown value for refresh: [{other}]."
        ))),
    }
}

/// Refreshes an index where the request asks for it.
pub(crate) fn refresh(call: &Call<'_>, index: &mut Index) {
    if matches!(call.params.get("refresh"), Some("" | "true" | "wait_for")) {
        index.refresh();
    }
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    check_refresh(call)?;
    let expected = expected(call)?;
    let mut store = lock(&call.shared.store);
    let (index, routing) = Target::of(call, Kind::Change)?.existing(&mut store)?;
    let routing = routing.as_deref();
    count(
        call,
        index,
        index.shard_of(call.part("id"), routing),
        Use::Write,
    );
    let (gone, existed) = index.remove(call.part("id"), routing, expected)?;
    refresh(call, index);
    let result = if existed { "deleted" } else { "not_found" };
    Ok(Reply::json(
        status_of(result),
        written(call, index, &gone, result),
    ))
}

/// Returns the status of a write by its result.
pub(crate) fn status_of(result: &str) -> StatusCode {
    match result {
        "created" => StatusCode::CREATED,
        "not_found" => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let filter = SourceFilter::from_params(&call.params)?.unwrap_or_default();
    let store = lock(&call.shared.store);
    let (index, found) = read(call, &store)?;
    let status = if found.is_some() {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    Ok(Reply::json(
        status,
        shown(call, index, call.part("id"), found, &filter),
    ))
}

pub(crate) fn source(call: &Call<'_>) -> Result<Reply, ApiError> {
    let filter = SourceFilter::from_params(&call.params)?.unwrap_or_default();
    if filter.is_hidden() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: fetching source can not be disabled;",
        ));
    }
    let store = lock(&call.shared.store);
    let (index, found) = read(call, &store)?;
    match found.and_then(|document| filter.apply(index, document)) {
        Some(source) => Ok(Reply::ok(source)),
        None => {
            let text = format!("Document not found [{}]/[{}]", index.name, call.part("id"));
            Err(ApiError::new(
                StatusCode::NOT_FOUND,
                "resource_not_found_exception",
                text,
            ))
        }
    }
}

/// The document of the request: as it was written last, or with `realtime=false` as searches see
/// it.
fn read<'s>(
    call: &Call<'_>,
    store: &'s Store,
) -> Result<(&'s Index, Option<&'s Document>), ApiError> {
    let id = call.part("id");
    let (index, shard) = lookup(store, call.part("index"), id, call.params.get("routing"))?;
    count(call, index, shard, Use::Get);
    call.params.flag("refresh")?;
    let realtime = call.params.flag("realtime")?.unwrap_or(true);
    let found = if realtime {
        index.document(shard, id)
    } else {
        index.searched_document(shard, id)
    };
    let found = found.map(AsRef::as_ref);
    let kind = call.params.get("version_type");
    check_version_type(kind)?;
    let least = i64::from(matches!(kind, None | Some("internal")));
    if let Some(wrong) = call
        .params
        .version()?
        .filter(|version| *version < least && *version != -3)
    {
        return Err(invalid(&format!("illegal version value [{wrong}]")));
    }
    check_version(index, found, call.params.version()?)?;
    Ok((index, found))
}

/// Refuses an unknown `version_type`.
///
/// # Errors
/// 400 for it.
pub(crate) fn check_version_type(kind: Option<&str>) -> Result<(), ApiError> {
    match kind {
        None | Some("internal" | "external" | "external_gt" | "external_gte") => Ok(()),
        Some(other) => Err(ApiError::illegal_argument(format!(
            "No version type match [{other}]"
        ))),
    }
}

/// Refuses a document whose version differs from the requested one.
///
/// # Errors
/// 409 for it.
pub(crate) fn check_version(
    index: &Index,
    found: Option<&Document>,
    wanted: Option<i64>,
) -> Result<(), ApiError> {
    match (wanted, found) {
        // Any version.
        (Some(-3) | None, _) | (_, None) => Ok(()),
        (Some(wanted), Some(document)) if u64::try_from(wanted) == Ok(document.version) => Ok(()),
        (Some(wanted), Some(Document { id, version, .. })) => Err(ApiError::conflict(
            &index.name,
            format!(
                "[{id}]: version conflict, current version [{version}] is different than the one provided [{wanted}]"
            ),
        )),
    }
}

/// Returns the index behind `name` (which may be an alias of one) and the shard of a document.
///
/// # Errors
/// 404 for an index that does not exist, 400 for a routing that the alias does not have.
pub(crate) fn lookup<'s>(
    store: &'s Store,
    name: &str,
    id: &str,
    routing: Option<&str>,
) -> Result<(&'s Index, u32), ApiError> {
    let target = store
        .read_target(name)?
        .ok_or_else(|| ApiError::no_such_index(name))?;
    let routing = store.index_routing(name, &target, routing)?;
    let index = store
        .indices
        .get(&target)
        .ok_or_else(|| ApiError::no_such_index(name))?;
    Ok((index, index.shard_of(id, routing.as_deref())))
}

/// The kind of a write, as far as data streams tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Creates a document that must not exist.
    Create,
    /// Creates or replaces a document.
    Index,
    /// Updates, deletes, or replaces a version that the caller has seen.
    Change,
}

impl Kind {
    /// Returns the kind of a write of a whole document.
    pub fn of(expected: Expected) -> Self {
        match expected {
            Expected { absent: true, .. } => Self::Create,
            Expected {
                seq_no_and_term: Some(_),
                ..
            } => Self::Change,
            _ => Self::Index,
        }
    }
}

/// The index that a write names, and its conditions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub name: &'a str,
    pub routing: Option<&'a str>,
    pub kind: Kind,
    pub require_alias: bool,
    pub require_data_stream: bool,
}

impl<'a> Target<'a> {
    /// Reads the target of a request for one document.
    ///
    /// # Errors
    /// 400 for a parameter that is no flag.
    pub fn of(call: &'a Call<'_>, kind: Kind) -> Result<Self, ApiError> {
        let flag = |name| Ok::<_, ApiError>(call.params.flag(name)?.unwrap_or(false));
        Ok(Self {
            name: call.part("index"),
            routing: call.params.get("routing"),
            kind,
            require_alias: flag("require_alias")?,
            require_data_stream: flag("require_data_stream")?,
        })
    }

    /// Returns the index, created where there is none, and the routing of the document.
    ///
    /// # Errors
    /// 400 for a name that no index may have, and for what a data stream does not take, 404 where
    /// an alias or a data stream is required.
    pub fn open<'s>(
        &self,
        store: &'s mut Store,
    ) -> Result<(&'s mut Index, Option<String>), ApiError> {
        let existing = store.write_target(self.name)?;
        if self.require_alias && (existing.is_none() || store.indices.contains_key(self.name)) {
            return Err(ApiError::no_such_index(self.name));
        }
        let target = match existing {
            Some(target) => target,
            None => super::index::create_missing(store, self.name, self.require_data_stream)?,
        };
        self.check_stream(store, &target)?;
        let routing = store.index_routing(self.name, &target, self.routing)?;
        let index = store.indices.get_mut(&target);
        Ok((
            index.ok_or_else(|| ApiError::no_such_index(self.name))?,
            routing,
        ))
    }

    /// Returns the index of a deletion, which is not created.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and 404 where there is no index.
    pub fn existing<'s>(
        &self,
        store: &'s mut Store,
    ) -> Result<(&'s mut Index, Option<String>), ApiError> {
        if store.write_target(self.name)?.is_none() {
            return Err(ApiError::no_such_index(self.name));
        }
        self.open(store)
    }

    fn check_stream(&self, store: &Store, target: &str) -> Result<(), ApiError> {
        let Some(stream) = store.stream_of(target) else {
            if self.require_data_stream {
                return Err(ApiError::new(
                    StatusCode::NOT_FOUND,
                    "resource_not_found_exception",
                    format!(
                        "[require_data_stream] request flag is [true] and [{}] is not a data stream",
                        self.name
                    ),
                ));
            }
            return Ok(());
        };
        if self.name == target {
            return match self.kind {
                Kind::Create => Err(ApiError::illegal_argument(format!(
                    "index request with op_type=create targeting backing indices is disallowed, target corresponding data stream [{}] instead",
                    stream.name
                ))),
                Kind::Index => Err(ApiError::illegal_argument(format!(
                    "index request with op_type=index and no if_primary_term and if_seq_no set targeting backing indices is disallowed, target corresponding data stream [{}] instead",
                    stream.name
                ))),
                Kind::Change => Ok(()),
            };
        }
        if self.kind != Kind::Create {
            return Err(ApiError::illegal_argument(
                "only write ops with an op_type of create are allowed in data streams",
            ));
        }
        if self.routing.is_some() && !stream.custom_routing {
            return Err(ApiError::illegal_argument(format!(
                "index request targeting data stream [{}] specifies a custom routing but the [allow_custom_routing] setting was not enabled in the data stream's template.",
                self.name
            )));
        }
        Ok(())
    }
}

/// The longest id the genuine server takes is 512 bytes.
pub(crate) fn check_id(id: &str) -> Result<(), ApiError> {
    if id.len() <= 512 {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "action_request_validation_exception",
        format!(
            "Validation Failed: 1: id [{id}] is too long, must be no longer than 512 bytes but was: {};",
            id.len()
        ),
    ))
}

/// The response to a write.
pub(crate) fn written(call: &Call<'_>, index: &Index, document: &Document, result: &str) -> Json {
    let assigned = holders_of(call.shared, index, document.shard).len();
    let mut body = object! {
        "_index": &*index.name,
        "_id": document.id.as_str(),
        "_version": document.version,
        "result": result,
    };
    if matches!(call.params.get("refresh"), Some("" | "true")) {
        body.insert("forced_refresh", true);
    }
    let shards = json!({"total": index.replicas + 1, "successful": assigned, "failed": 0});
    body.insert("_shards", shards);
    body.insert("_seq_no", document.seq_no);
    body.insert("_primary_term", document.primary_term);
    if call.typed() {
        body.insert("_type", "_doc");
    }
    body
}

/// The response to a read.
pub(crate) fn shown(
    call: &Call<'_>,
    index: &Index,
    id: &str,
    found: Option<&Document>,
    filter: &SourceFilter,
) -> Json {
    let mut body = object! {"_index": &*index.name};
    if call.typed() {
        body.insert("_type", "_doc");
    }
    body.insert("_id", id);
    if let Some(document) = found {
        body.insert("_version", document.version);
        body.insert("_seq_no", document.seq_no);
        body.insert("_primary_term", document.primary_term);
        if let Some(routing) = &document.routing {
            body.insert("_routing", routing.as_str());
        }
    }
    body.insert("found", found.is_some());
    if let Some(source) = found.and_then(|document| filter.apply(index, document)) {
        body.insert("_source", source);
    }
    body
}

/// The conditions in a request's parameters.
///
/// # Errors
/// 400 for half a condition.
pub(crate) fn expected(call: &Call<'_>) -> Result<Expected, ApiError> {
    let params = &call.params;
    let seq_no_and_term = match (
        params.number("if_seq_no")?,
        params.number("if_primary_term")?,
    ) {
        // Terms begin with 1.
        (Some(seq_no), Some(term @ 1..)) => Some((seq_no, term)),
        (None, None | Some(0)) => None,
        _ => {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                "Validation Failed: 1: ifSeqNo and ifPrimaryTerm must be set together;",
            ));
        }
    };
    let version = match params.version()? {
        Some(-3) => None,
        Some(version) => Some(
            u64::try_from(version)
                .map_err(|_| invalid(&format!("illegal version value [{version}]")))?,
        ),
        None => None,
    };
    let external_version = match (version, params.get("version_type")) {
        (Some(version), Some("external" | "external_gt")) => Some((version, false)),
        (Some(version), Some("external_gte")) => Some((version, true)),
        (None, None | Some("internal")) => None,
        (Some(_), None | Some("internal")) => {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                "Validation Failed: 1: internal versioning can not be used for optimistic concurrency control. Please use `if_seq_no` and `if_primary_term` instead;",
            ));
        }
        (None, Some("external" | "external_gt" | "external_gte")) => {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                "Validation Failed: 1: illegal version value [-3] for version type [EXTERNAL];",
            ));
        }
        (_, Some(other)) => {
            return Err(ApiError::illegal_argument(format!(
                "No version type match [{other}]"
            )));
        }
    };
    Ok(Expected {
        absent: false,
        seq_no_and_term,
        external_version,
    })
}

/// `/index/_doc/id` with everything encoded that is not unreserved.
fn location(index: &str, id: &str, routing: Option<&str>) -> String {
    let encode = |text: &str| {
        text.bytes().fold(String::new(), |mut encoded, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                encoded.push_str(&format!("%{byte:02X}"));
            }
            encoded
        })
    };
    let query = routing
        .map(|routing| format!("?routing={}", encode(routing)))
        .unwrap_or_default();
    format!("/{}/_doc/{}{query}", encode(index), encode(id))
}
