//! Bulk: many writes in one request, each with an outcome of its own.

use http::StatusCode;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::call::{Call, once_each};
use super::document::{Kind, Target, check_id, check_refresh, refresh, status_of, written};
use super::error::ApiError;
use super::ingest::{self, Incoming, Plan, dropped};
use super::params::read_flag;
use super::reply::Reply;
use super::source_filter::SourceFilter;
use super::state::{Use, count};
use super::update::{Update, add_get};
use crate::json::{Json, object};
use crate::store::{Document, Expected, Index, NewSource, Store};
use crate::sync::lock;

struct Item<'b> {
    verb: &'static str,
    meta: Map<String, Value>,
    source: &'b [u8],
}

impl Item<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.meta.get(name).and_then(Value::as_str)
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.meta.get(name)? {
            Value::String(text) => text.parse().ok(),
            value => whole(value).and_then(|number| u64::try_from(number).ok()),
        }
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.meta.get(name) {
            Some(Value::String(text)) => Some(text == "true"),
            value => value.and_then(Value::as_bool),
        }
    }

    fn is_document(&self) -> bool {
        matches!(self.verb, "index" | "create")
    }

    fn update(&self) -> Result<Update, ApiError> {
        // The text after the update is ignored.
        let mut reader = serde_json::Deserializer::from_slice(self.source);
        Update::read(&Map::deserialize(&mut reader)?, self.source)
    }

    /// The part of the document that the response to an update shows.
    fn filter(&self, call: &Call<'_>) -> Result<Option<SourceFilter>, ApiError> {
        if let Some(filter) = self.meta.get("_source").filter(|filter| !filter.is_null()) {
            let filter = SourceFilter::from_json(filter).map_err(|error| {
                error
                    .retyped("parsing_exception", "parse_exception")
                    .rooted("parsing_exception")
            });
            return filter.map(Some);
        }
        match SourceFilter::from_params(&call.params)? {
            Some(filter) => Ok(Some(filter)),
            None => Ok(self.update()?.filter),
        }
    }

    /// The conditions of the write.
    fn expected(&self) -> Expected {
        let external_version = self.number("version").and_then(|version| {
            let or_equal = match self.text("version_type")? {
                "external" | "external_gt" => false,
                "external_gte" => true,
                _ => return None,
            };
            Some((version, or_equal))
        });
        Expected {
            absent: self.verb == "create",
            seq_no_and_term: self.number("if_seq_no").zip(self.number("if_primary_term")),
            external_version,
        }
    }

    /// Refuses invalid versions, sequence numbers and flags.
    fn check_numbers(&self) -> Result<(), ApiError> {
        let invalid = |reason: &str| {
            ApiError::bad_request(
                "action_request_validation_exception",
                format!("Validation Failed: 1: {reason};"),
            )
        };
        for name in ["version", "if_seq_no", "if_primary_term"] {
            let number = match self.meta.get(name) {
                None | Some(Value::Null) => continue,
                Some(Value::String(text)) => text.parse().ok(),
                Some(value) => whole(value),
            };
            match number {
                Some(0..) => {}
                Some(-3) if name == "version" => {}
                Some(_) if name == "version" => {
                    return Err(invalid("illegal version value for version type"));
                }
                _ => {
                    return Err(ApiError::illegal_argument(format!(
                        "[{name}] must be a whole number of at least 0"
                    )));
                }
            }
        }
        if self.text("pipeline") == Some("") {
            return Err(invalid("pipeline cannot be an empty string"));
        }
        if let Some(flag) = self.text("require_alias") {
            read_flag(flag)?;
        }
        Ok(())
    }

    /// Refuses conditions that do not go together.
    fn check_conditions(&self) -> Result<(), ApiError> {
        self.check_numbers()?;
        let version = self.number("version").is_some();
        let external = match self.text("version_type") {
            None | Some("internal") => false,
            Some("external" | "external_gt" | "external_gte") => true,
            Some(other) => {
                return Err(ApiError::illegal_argument(format!(
                    "No version type match [{other}]"
                )));
            }
        };
        if self.verb == "update" && (version || external) {
            return Err(ApiError::illegal_argument(
                "Update requests do not support versioning. Please use `if_seq_no` and `if_primary_term` instead",
            ));
        }
        let seq_no = self.number("if_seq_no").is_some();
        // Terms begin with 1.
        let term = self.number("if_primary_term").is_some_and(|term| term > 0);
        let refused = if self.verb == "create" && (version || external || seq_no) {
            "create operations support neither versions nor sequence numbers. use index instead"
        } else if version && !external {
            "internal versioning can not be used for optimistic concurrency control. Please use `if_seq_no` and `if_primary_term` instead"
        } else if external && !version {
            "illegal version value for an external version type"
        } else if seq_no != term {
            "ifSeqNo and ifPrimaryTerm must be set together"
        } else {
            return Ok(());
        };
        Err(ApiError::bad_request(
            "action_request_validation_exception",
            format!("Validation Failed: 1: {refused};"),
        ))
    }

    /// The target of the write; members of the item take precedence over the request's parameters.
    fn target<'a>(&'a self, call: &'a Call<'_>, index: &'a str) -> Result<Target<'a>, ApiError> {
        let kind = if self.is_document() {
            Kind::of(self.expected())
        } else {
            Kind::Change
        };
        let request = Target::of(call, kind)?;
        Ok(Target {
            name: index,
            routing: self.text("routing").or(request.routing),
            require_alias: self.flag("require_alias").unwrap_or(request.require_alias),
            require_data_stream: self
                .flag("require_data_stream")
                .unwrap_or(request.require_data_stream),
            ..request
        })
    }
}

pub(crate) fn bulk(call: &Call<'_>) -> Result<Reply, ApiError> {
    check_refresh(call)?;
    let items = parse(&call.body)?;
    check_items(call, &items)?;
    let mut store = lock(&call.shared.store);
    let mut errors = false;
    let mut ingested = false;
    let outcomes: Vec<Json> = items
        .iter()
        .map(|item| {
            let (outcome, failed) = carry_out(call, &mut store, item, &mut ingested);
            errors |= failed;
            Json::Object(vec![(item.verb.to_owned(), outcome)])
        })
        .collect();
    let mut response = object! {"errors": errors, "took": 1};
    if ingested {
        response.insert("ingest_took", 0);
    }
    response.insert("items", outcomes);
    Ok(Reply::chunked(response))
}

/// Refuses the whole request for what can be seen to be wrong with an item before any is carried
/// out.
fn check_items(call: &Call<'_>, items: &[Item<'_>]) -> Result<(), ApiError> {
    for item in items {
        let named = item
            .meta
            .get("_index")
            .and_then(Value::as_str)
            .unwrap_or_else(|| call.part("index"));
        if named.is_empty() && item.text("_index").is_none() {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                "Validation Failed: 1: index is missing;",
            ));
        }
        item.check_conditions()?;
        let has_id = item.meta.get("_id").is_some_and(|id| !id.is_null());
        if !has_id && !item.is_document() {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                "Validation Failed: 1: id is missing;",
            ));
        }
        if item.verb == "update" {
            item.update()?;
            item.filter(call)?;
        }
    }
    Ok(())
}

fn parse(body: &[u8]) -> Result<Vec<Item<'_>>, ApiError> {
    if body.is_empty() {
        return Err(ApiError::bad_request(
            "parse_exception",
            "request body is required",
        ));
    }
    if body.last() != Some(&b'\n') {
        return Err(ApiError::illegal_argument(
            "The bulk request must be terminated by a newline [\\n]",
        ));
    }
    let mut lines = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.iter().all(u8::is_ascii_whitespace));
    let mut items = Vec::new();
    let mut number = 0;
    while let Some(line) = lines.next() {
        number += 1;
        let (verb, meta) = action(line, number)?;
        let source = match verb {
            "delete" => &[],
            _ => match lines.next() {
                Some(source) => source,
                // An action without its line is left out.
                None => break,
            },
        };
        items.push(Item { verb, meta, source });
    }
    if items.is_empty() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: no requests added;",
        ));
    }
    Ok(items)
}

fn action(line: &[u8], number: usize) -> Result<(&'static str, Map<String, Value>), ApiError> {
    let malformed = |what: &str| {
        ApiError::illegal_argument(format!("Malformed action/metadata line [{number}], {what}"))
    };
    let mut values = serde_json::Deserializer::from_slice(line).into_iter::<Json>();
    let first = values.next().transpose()?.map(once_each).transpose()?;
    let Some(Value::Object(mut fields)) = first else {
        return Err(malformed("expected START_OBJECT"));
    };
    if values.next().transpose()?.is_some() {
        return Err(malformed("unexpected data after the closing brace"));
    }
    for verb in ["index", "create", "update", "delete"] {
        match fields.remove(verb) {
            Some(Value::Object(meta)) => {
                check_meta(&meta, number)?;
                let creates = meta.get("op_type").is_some_and(|kind| kind == "create");
                let verb = if verb == "index" && creates {
                    "create"
                } else {
                    verb
                };
                if let Some(other) = fields.keys().next() {
                    return Err(malformed(&format!(
                        "expected END_OBJECT but found [{other}]"
                    )));
                }
                return Ok((verb, meta));
            }
            Some(_) => return Err(malformed("expected START_OBJECT")),
            None => {}
        }
    }
    Err(malformed(
        "expected field [create], [delete], [index] or [update]",
    ))
}

const META: [&str; 13] = [
    "_index",
    "_id",
    "op_type",
    "routing",
    "version",
    "version_type",
    "if_seq_no",
    "if_primary_term",
    "require_alias",
    "require_data_stream",
    "pipeline",
    "retry_on_conflict",
    "_source",
];

fn check_meta(meta: &Map<String, Value>, number: usize) -> Result<(), ApiError> {
    for (name, value) in meta.iter().filter(|(_, value)| !value.is_null()) {
        if name == "dynamic_templates" {
            return Err(ApiError::unsupported(format!("[{name}] in a bulk action")));
        }
        if !META.contains(&name.as_str()) {
            return Err(ApiError::illegal_argument(format!(
                "Action/metadata line [{number}] contains an unknown parameter [{name}]"
            )));
        }
        let is_simple = match value {
            Value::Object(_) => name == "_source",
            value => !value.is_array(),
        };
        if !is_simple {
            return Err(ApiError::illegal_argument(format!(
                "Malformed action/metadata line [{number}], expected a simple value for field [{name}] but found [{}]",
                crate::strict::token(value)
            )));
        }
    }
    Ok(())
}

/// Returns a number without its fraction.
fn whole(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|number| number as i64))
}

/// The item's outcome, and whether it failed.
fn carry_out(
    call: &Call<'_>,
    store: &mut Store,
    item: &Item<'_>,
    ingested: &mut bool,
) -> (Json, bool) {
    let index = item.text("_index").unwrap_or_else(|| call.part("index"));
    let id = match item.meta.get("_id") {
        Some(Value::String(id)) => id.clone(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => store.next_id(),
    };
    let mut named = Named {
        index: index.to_owned(),
        id: item.meta.get("_id").map(|_| id.clone()),
        ingested: false,
    };
    let written = write(call, store, item, index, &id, &mut named);
    *ingested |= named.ingested;
    match written {
        Ok((mut outcome, status)) => {
            outcome.insert("status", status.as_u16());
            (outcome, false)
        }
        Err(error) => {
            let outcome = json!({"_index": named.index, "_id": named.id, "status": error.status.as_u16(), "error": error.cause()});
            (outcome.into(), true)
        }
    }
}

/// The index and id that a failed item shows: those of the request until the index is found.
struct Named {
    index: String,
    id: Option<String>,
    /// Whether the item has a pipeline.
    ingested: bool,
}

fn write(
    call: &Call<'_>,
    store: &mut Store,
    item: &Item<'_>,
    index: &str,
    id: &str,
    named: &mut Named,
) -> Result<(Json, StatusCode), ApiError> {
    check_id(id)?;
    if item.text("_id") == Some("") {
        return Err(ApiError::illegal_argument(
            "if _id is specified it must not be empty",
        ));
    }
    let mut target = item.target(call, index)?;
    let plan = plan(call, store, item, index)?;
    let changed = if plan.is_empty() {
        None
    } else {
        named.ingested = true;
        let own_id = named.id.clone();
        named.id.get_or_insert_with(|| "auto-generated".to_owned());
        let incoming = Incoming {
            index: index.to_owned(),
            id: own_id,
            routing: target.routing.map(str::to_owned),
            source: NewSource::read(item.source)?,
        };
        match incoming.through(plan, store)? {
            Some(changed) => Some(changed),
            None => return Ok((dropped(index, named.id.as_deref()).into(), StatusCode::OK)),
        }
    };
    let mut id = id.to_owned();
    if let Some(changed) = &changed {
        target.name = &changed.index;
        target.routing = changed.routing.as_deref();
        id = changed.id.clone().unwrap_or(id);
    }
    let (index, routing) = match item.verb {
        "delete" if item.expected().external_version.is_none() => target.existing(store)?,
        _ => target.open(store)?,
    };
    (named.index, named.id) = (index.name.to_string(), Some(id.clone()));
    let shard = index.shard_of(&id, routing.as_deref());
    count(call, index, shard, Use::Write);
    // An invalid filter is refused before the document is written.
    let filter = match item.verb {
        "update" => item.filter(call)?,
        _ => None,
    };
    let (document, result) = perform(index, item, &id, routing, changed)?;
    refresh(call, index);
    let mut body = written(call, index, &document, result);
    add_get(&mut body, filter.as_ref(), index, &document);
    Ok((body, status_of(result)))
}

/// Writes, and says what came of it.
fn perform(
    index: &mut Index,
    item: &Item<'_>,
    id: &str,
    routing: Option<String>,
    changed: Option<Incoming>,
) -> Result<(Document, &'static str), ApiError> {
    let expected = item.expected();
    match item.verb {
        "delete" => {
            let (gone, existed) = index.remove(id, routing.as_deref(), expected)?;
            Ok((gone, if existed { "deleted" } else { "not_found" }))
        }
        "update" => item.update()?.apply(index, id, routing, expected),
        _ => {
            let source = match changed {
                Some(changed) => changed.source,
                None => NewSource::read(item.source)?,
            };
            let (document, new) = index.put(id, source, routing, expected)?;
            let result = if new { "created" } else { "updated" };
            Ok(((*document).clone(), result))
        }
    }
}

/// The pipelines of an item.
fn plan(call: &Call<'_>, store: &Store, item: &Item<'_>, index: &str) -> Result<Plan, ApiError> {
    let asked = item.text("pipeline").or(call.params.get("pipeline"));
    if item.verb == "update" {
        ingest::refuse(store, index, asked)?;
    }
    if item.is_document() {
        Plan::of(store, index, asked)
    } else {
        Ok(Plan::default())
    }
}
