//! Indices: create, look at, delete, refresh.

use std::time::{SystemTime, UNIX_EPOCH};

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::search::shards;
use crate::store::{Index, ResolveOptions, Store, routing_shards};
use crate::sync::lock;

/// Milliseconds since 1970 by the wall clock.
pub(crate) fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Makes an empty index.
///
/// # Errors
/// 400 for a name that no index may have.
pub(crate) fn create_empty<'s>(
    store: &'s mut Store,
    name: &str,
) -> Result<&'s mut Index, ApiError> {
    check_name(name)?;
    let uuid = store.next_id();
    let index = Index::new(name, uuid, now_millis().unsigned_abs());
    Ok(store.indices.entry(name.to_owned()).or_insert(index))
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let problem = if name.chars().any(char::is_uppercase) {
        "must be lowercase"
    } else if name.starts_with(['_', '-', '+']) {
        "must not start with '_', '-', or '+'"
    } else if name.contains(['*', '?', '"', '<', '>', '|', ' ', ',', '\\', '/', '#']) {
        "must not contain the following characters ['?','*','<','>','|',' ','\"',',','\\','/','#']"
    } else if name.len() > 255 {
        "index name is too long"
    } else if name == "." || name == ".." || name.is_empty() {
        "must not be '.' or '..' or empty"
    } else {
        return Ok(());
    };
    Err(ApiError::bad_request(
        "invalid_index_name_exception",
        format!("Invalid index name [{name}], {problem}"),
    )
    .with("index", name)
    .with("index_uuid", "_na_"))
}

pub(crate) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    let name = call.part("index");
    let body = call.object()?;
    let mut store = lock(&call.shared.store);
    if store.indices.contains_key(name) {
        let uuid = store.indices.get(name).map(|index| index.uuid.clone()).unwrap_or_default();
        return Err(ApiError::bad_request(
            "resource_already_exists_exception",
            format!("index [{name}/{uuid}] already exists"),
        )
        .with("index", name)
        .with("index_uuid", uuid));
    }
    check_name(name)?;
    let uuid = store.next_id();
    let mut index = Index::new(name, uuid, now_millis().unsigned_abs());
    for (key, value) in &body {
        match (key.as_str(), value) {
            ("mappings", Value::Object(mapping)) => index.mapping.merge(mapping)?,
            ("settings", Value::Object(settings)) => {
                index.settings = flatten(settings);
                set_shards(&mut index)?;
            }
            ("aliases", Value::Object(aliases)) => {
                index.aliases =
                    aliases.iter().map(|(name, alias)| (name.clone(), alias.clone())).collect();
            }
            _ => {
                return Err(ApiError::parsing(format!("unknown key [{key}] for create index")));
            }
        }
    }
    store.indices.insert(name.to_owned(), index);
    let reply =
        Reply::ok(json!({"acknowledged": true, "shards_acknowledged": true, "index": name}));
    Ok(if name.starts_with('.') {
        reply.warning(format!(
            "index name [{name}] starts with a dot '.', in the next major version, index names starting with a dot are reserved for hidden indices and system indices"
        ))
    } else {
        reply
    })
}

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let store = lock(&call.shared.store);
    if *call.method == Method::HEAD {
        let options = ResolveOptions { require_some: true, ..call.resolve_options() };
        let status = if store.resolve(call.part("index"), options).is_ok() {
            StatusCode::OK
        } else {
            StatusCode::NOT_FOUND
        };
        return Ok(Reply::json(status, json!({})));
    }
    each(
        call,
        &store,
        |index| json!({"aliases": index.aliases, "mappings": index.mapping.to_json(), "settings": shown_settings(index)}),
    )
}

pub(crate) fn settings(call: &Call<'_>) -> Result<Reply, ApiError> {
    each(call, &lock(&call.shared.store), |index| json!({"settings": shown_settings(index)}))
}

/// `{"index name": f(index), ..}` for the indices of the request.
pub(crate) fn each(
    call: &Call<'_>,
    store: &Store,
    show: impl Fn(&Index) -> Value,
) -> Result<Reply, ApiError> {
    let names = call.indices(store)?;
    let visible = names.iter().filter(|name| call.identity.may_read(name));
    let shown: Map<String, Value> =
        visible.filter_map(|name| Some((name.clone(), show(store.indices.get(name)?)))).collect();
    Ok(Reply::ok(Value::Object(shown)))
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    let expression = call.part("index");
    if expression == "_all" || expression.contains('*') {
        return Err(ApiError::illegal_argument(
            "Wildcard expressions or all indices are not allowed",
        ));
    }
    let mut store = lock(&call.shared.store);
    let options = ResolveOptions { refuse_aliases: true, ..call.resolve_options() };
    for name in store.resolve(expression, options)? {
        store.indices.remove(&name);
    }
    Ok(Reply::acknowledged())
}

/// Documents are visible at once, so there is nothing to do but to answer.
pub(crate) fn refresh(call: &Call<'_>) -> Result<Reply, ApiError> {
    let names = call.indices(&lock(&call.shared.store))?;
    Ok(Reply::ok(json!({"_shards": shards(names.len())})))
}

/// Takes the numbers of shards and replicas from an index's settings.
fn set_shards(index: &mut Index) -> Result<(), ApiError> {
    let number = |name: &str, least: u32, most: u32| match index.settings.get(name) {
        None => Ok(None),
        Some(value) => {
            let number = value.as_str().and_then(|text| text.parse::<u32>().ok());
            match number.filter(|number| (least..=most).contains(number)) {
                Some(number) => Ok(Some(number)),
                None => Err(ApiError::illegal_argument(format!(
                    "Failed to parse value {value} for setting [index.{name}] must be >= {least} and <= {most}"
                ))),
            }
        }
    };
    let shards = number("number_of_shards", 1, 1024)?;
    let replicas = number("number_of_replicas", 0, 1024)?;
    let split = number("number_of_routing_shards", 1, i32::MAX.unsigned_abs())?;
    index.shards = shards.unwrap_or(index.shards);
    index.replicas = replicas.unwrap_or(index.replicas);
    index.routing_shards = split.unwrap_or_else(|| routing_shards(index.shards));
    if index.routing_shards % index.shards != 0 {
        return Err(ApiError::illegal_argument(format!(
            "the number of source shards [{}] must be a factor of [{}]",
            index.shards, index.routing_shards
        )));
    }
    Ok(())
}

/// Settings by dotted names below `index`, as the server keeps them.
fn flatten(settings: &Map<String, Value>) -> Map<String, Value> {
    let mut flat = Map::new();
    for (name, value) in settings {
        let name = name.strip_prefix("index.").unwrap_or(name);
        match value {
            Value::Object(inner) if name == "index" => flat.extend(flatten(inner)),
            Value::Object(inner) => {
                flat.extend(
                    flatten(inner)
                        .into_iter()
                        .map(|(below, value)| (format!("{name}.{below}"), value)),
                );
            }
            // Every setting is shown as text.
            Value::Number(_) | Value::Bool(_) => {
                flat.insert(name.to_owned(), value.to_string().into());
            }
            value => {
                flat.insert(name.to_owned(), value.clone());
            }
        }
    }
    flat
}

pub(crate) fn shown_settings(index: &Index) -> Value {
    let mut shown = Map::new();
    shown.insert("number_of_shards".to_owned(), "1".into());
    shown.insert("number_of_replicas".to_owned(), "1".into());
    for (name, value) in &index.settings {
        nest(&mut shown, name, value);
    }
    shown.insert("uuid".to_owned(), index.uuid.as_str().into());
    shown.insert("creation_date".to_owned(), index.created_at.to_string().into());
    shown.insert("provided_name".to_owned(), (*index.name).into());
    json!({"index": shown})
}

fn nest(into: &mut Map<String, Value>, name: &str, value: &Value) {
    match name.split_once('.') {
        None => {
            into.insert(name.to_owned(), value.clone());
        }
        Some((first, rest)) => {
            if let Value::Object(inner) = into.entry(first.to_owned()).or_insert_with(|| json!({}))
            {
                nest(inner, rest, value);
            }
        }
    }
}
