//! Several reads in one request: `_mget` and `_msearch`.

use http::StatusCode;
use serde_json::{Map, Value};

use super::access::{Action, authorize};
use super::call::{Call, once_each};
use super::document::{check_version, check_version_type, lookup, shown};
use super::error::ApiError;
use super::params::read_flag;
use super::reply::Reply;
use super::router::{check_preference, is_pattern};
use super::search::run;
use super::source_filter::SourceFilter;
use super::state::{Use, count};
use crate::json::{Json, object};
use crate::store::Store;
use crate::strict::{Fields, Reader};
use crate::sync::lock;

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.required_object()?;
    let fields = Fields::new(Reader::Body, "mget", &body);
    let default = SourceFilter::from_params(&call.params)?.unwrap_or_default();
    let docs = fields.get("docs")?;
    let ids = read_ids(&fields)?;
    fields.finish().map_err(|_| {
        let name = fields
            .rest()
            .first()
            .map(|(name, _)| (*name).clone())
            .unwrap_or_default();
        ApiError::parsing(format!(
            "unknown key [{name}] for a START_ARRAY, expected [docs] or [ids]"
        ))
    })?;
    let store = lock(&call.shared.store);
    let mut documents = Vec::new();
    let listed = match docs {
        None => &[],
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(value) => return Err(fields.wrong("docs", value)),
    };
    for entry in listed {
        documents.push(Wanted::read(call, entry, &default)?.get(call, &store)?);
    }
    for id in ids {
        let wanted = Wanted {
            index: call.part("index").to_owned(),
            id,
            routing: None,
            version: None,
            filter: default.clone(),
        };
        documents.push(wanted.get(call, &store)?);
    }
    if documents.is_empty() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: no documents to get;",
        ));
    }
    Ok(Reply::ok(object! {"docs": documents}))
}

/// Reads the ids of documents in the index of the request; numbers are ids too.
fn read_ids(fields: &Fields<'_>) -> Result<Vec<String>, ApiError> {
    let items = match fields.get("ids")? {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(value) => return Err(fields.wrong("ids", value)),
    };
    let ids = items.iter().map(|item| match item {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Ok(text(item)),
        _ => Err(ApiError::illegal_argument(
            "ids array element should only contain ids",
        )),
    });
    ids.collect()
}

/// Reads the version that a document must have.
fn read_version(fields: &Fields<'_>) -> Result<Option<i64>, ApiError> {
    match fields.get("version")? {
        Some(Value::String(text)) => match text.parse() {
            Ok(version) => Ok(Some(version)),
            Err(_) => Err(ApiError::illegal_argument(format!(
                "Cannot parse [version] of the value [{text}]"
            ))),
        },
        _ => fields.integer("version"),
    }
}

/// A document that a request asks for.
struct Wanted {
    index: String,
    id: String,
    routing: Option<String>,
    version: Option<i64>,
    filter: SourceFilter,
}

impl Wanted {
    fn read(call: &Call<'_>, entry: &Value, default: &SourceFilter) -> Result<Self, ApiError> {
        let fields = Fields::section("docs", entry)
            .map_err(|error| ApiError::illegal_argument(error.reason))?;
        fields.unsupported(&["stored_fields"])?;
        let index = fields.raw("_index").filter(|index| !index.is_null());
        let index = index.map(text);
        let wanted = Self {
            index: index.unwrap_or_else(|| call.part("index").to_owned()),
            id: match fields.raw("_id") {
                None | Some(Value::Null) => String::new(),
                Some(_) => fields.text("_id")?.unwrap_or_default(),
            },
            routing: fields.text("routing")?,
            version: read_version(&fields)?,
            filter: match fields.get("_source")? {
                Some(filter) => SourceFilter::from_json(filter)?,
                None => default.clone(),
            },
        };
        check_version_type(fields.text("version_type")?.as_deref())?;
        fields
            .finish()
            .map_err(|error| ApiError::bad_request("parse_exception", error.reason))?;
        Ok(wanted)
    }

    fn get(&self, call: &Call<'_>, store: &Store) -> Result<Json, ApiError> {
        let (index, id) = (self.index.as_str(), self.id.as_str());
        let routing = self.routing.as_deref().or(call.params.get("routing"));
        let invalid = |what: &str| {
            ApiError::bad_request(
                "action_request_validation_exception",
                format!("Validation Failed: 1: {what} is missing for doc 0;"),
            )
        };
        if index.is_empty() {
            return Err(invalid("index"));
        }
        if id.is_empty() {
            return Err(invalid("id"));
        }
        let found = authorize(&call.identity, Action::Read, "_mget", &[index.to_owned()])
            .and_then(|()| lookup(store, index, id, routing))
            .and_then(|(index, shard)| {
                count(call, index, shard, Use::Get);
                let document = index.document(shard, id).map(AsRef::as_ref);
                check_version(index, document, self.version)?;
                Ok(shown(call, index, id, document, &self.filter))
            });
        Ok(found.unwrap_or_else(|error| {
            let cause = error.to_json().get("error").cloned().unwrap_or_default();
            object! {"_index": index, "_id": id, "error": cause}
        }))
    }
}

/// Ids may be numbers too.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The members of a header.
const HEADER: [&str; 11] = [
    "index",
    "indices",
    "search_type",
    "request_cache",
    "preference",
    "routing",
    "allow_partial_search_results",
    "expand_wildcards",
    "ignore_unavailable",
    "allow_no_indices",
    "ccs_minimize_roundtrips",
];

pub(crate) fn search(call: &Call<'_>) -> Result<Reply, ApiError> {
    if call.body.last() != Some(&b'\n') {
        return Err(ApiError::illegal_argument(
            "The msearch request must be terminated by a newline [\\n]",
        ));
    }
    let mut lines = call.body.split(|byte| *byte == b'\n');
    let mut store = lock(&call.shared.store);
    store.expire();
    let mut responses = Vec::new();
    while let (Some(header), Some(body)) = (lines.next(), lines.next()) {
        if body.is_empty() {
            break;
        }
        let header = header_of(header)?;
        if let Some(name) = header.keys().find(|name| !HEADER.contains(&name.as_str())) {
            return Err(ApiError::illegal_argument(format!(
                "key [{name}] is not supported in the metadata section"
            )));
        }
        if let Some(kind) = header.get("search_type").and_then(Value::as_str) {
            super::params::check_search_type(kind)?;
        }
        if let Some(flag) = header.get("request_cache") {
            read_flag(&text(flag))?;
        }
        let Value::Object(body) = once_each(serde_json::from_slice(body)?)? else {
            return Err(ApiError::parsing("Expected [START_OBJECT]"));
        };
        let index = match header.get("index") {
            None => call.part("index").to_owned(),
            Some(value) => index_list(value)?,
        };
        responses.push(part(call, &mut store, &index, &body, &header)?);
    }
    if responses.is_empty() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: no requests added;",
        ));
    }
    Ok(Reply::chunked(object! {"took": 1, "responses": responses}))
}

/// An empty header line stands for one without fields.
fn header_of(line: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match once_each(serde_json::from_slice(line)?)? {
        Value::Object(header) => Ok(header),
        _ => Err(ApiError::bad_request(
            "x_content_parse_exception",
            "[1:1] a header is an object",
        )),
    }
}

fn index_list(value: &Value) -> Result<String, ApiError> {
    match value {
        Value::Null => Err(ApiError::bad_request(
            "parse_exception",
            "Expected a list of strings but got null",
        )),
        Value::Array(names) if names.contains(&Value::Null) => Err(ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "null_pointer_exception",
            "index must not be null",
        )),
        Value::Array(names) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            Ok(names.join(","))
        }
        value => Ok(text(value)),
    }
}

fn part(
    call: &Call<'_>,
    store: &mut Store,
    index: &str,
    body: &Map<String, Value>,
    header: &Map<String, Value>,
) -> Result<Json, ApiError> {
    let preference = header.get("preference").and_then(Value::as_str);
    match check_preference(call, preference) {
        Err(error) if error.is_unsupported() => return Err(error),
        Err(error) => return Ok(error.to_json().into()),
        Ok(()) => {}
    }
    // Wildcards find only what the caller may read.
    let spelled = index
        .split(',')
        .filter(|name| !name.is_empty() && !is_pattern(name));
    let names: Vec<String> = spelled.map(str::to_owned).collect();
    let outcome = authorize(&call.identity, Action::Read, "_msearch", &names)
        .and_then(|()| run(call, store, index, body, header));
    match outcome {
        Ok(mut response) => {
            response.insert("status", 200);
            Ok(response)
        }
        // A search that cannot be read is an error of all of them.
        Err(error) if error.status == StatusCode::BAD_REQUEST && !error.in_search => Err(error),
        Err(error) => Ok(error.to_json().into()),
    }
}
