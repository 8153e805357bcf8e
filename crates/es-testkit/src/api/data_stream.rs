//! Data streams: create, look at, delete.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::index;
use super::reply::Reply;
use super::template::{compose, of_stream};
use crate::dates::now_millis;
use crate::store::{DataStream, Store, matches_wildcard};
use crate::sync::lock;

pub(crate) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    let name = call.part("name");
    let mut store = lock(&call.shared.store);
    if store.streams.contains_key(name) {
        return Err(ApiError::bad_request(
            "resource_already_exists_exception",
            format!("data_stream [{name}] already exists"),
        ));
    }
    create_stream(&mut store, name)?;
    Ok(Reply::acknowledged())
}

/// Creates a data stream from its template and returns the name of its first index.
///
/// # Errors
/// 400 without a template, or for a name that no data stream may have.
pub(crate) fn create_stream(store: &mut Store, name: &str) -> Result<String, ApiError> {
    index::check_name(name)?;
    let Some((template, settings)) = of_stream(store, name) else {
        return Err(ApiError::illegal_argument(format!(
            "no matching index template found for data stream [{name}]"
        )));
    };
    let flag = |name: &str| settings.get(name).and_then(Value::as_bool).unwrap_or(false);
    let mut stream = DataStream {
        name: name.into(),
        indices: Vec::new(),
        generation: 0,
        hidden: flag("hidden"),
        custom_routing: flag("allow_custom_routing"),
        template,
        aliases: BTreeMap::new(),
    };
    if let Some(Value::Object(aliases)) = compose(store, name, &Map::new()).get("aliases") {
        for (alias, settings) in aliases {
            // Data streams have no routing: that of a template is ignored.
            let mut kept = super::alias::kept(alias, settings)?;
            if let Some(kept) = kept.as_object_mut() {
                kept.retain(|name, _| !name.ends_with("_routing"));
            }
            stream.aliases.insert(alias.clone(), kept);
        }
    }
    store.streams.insert(name.to_owned(), stream);
    let created = add_index(store, name);
    if created.is_err() {
        store.streams.remove(name);
    }
    created
}

/// Adds a backing index, which is written to from then on, and returns its name.
///
/// # Errors
/// 404 for a data stream that does not exist, 400 for a template of which no index can be made.
pub(crate) fn add_index(store: &mut Store, name: &str) -> Result<String, ApiError> {
    let stream = store
        .streams
        .get(name)
        .ok_or_else(|| ApiError::no_such_index(name))?;
    let backing = stream.next_index(now_millis());
    let custom_routing = stream.custom_routing;
    let mut body = body(&compose(store, name, &Map::new()));
    body.remove("aliases");
    if custom_routing {
        let required = json!({"_routing": {"required": true}});
        super::template::merge(body.entry("mappings").or_insert(Value::Null), &required);
    }
    let index = index::build(store, &backing, &body)?;
    make_backing(index, name);
    if let Some(stream) = store.streams.get_mut(name) {
        stream.generation += 1;
        stream.indices.push(backing.clone());
    }
    Ok(backing)
}

/// Returns the body of a backing index: that of its template, with a timestamp.
pub(super) fn body(template: &Map<String, Value>) -> Map<String, Value> {
    let mut body = json!({"mappings": {"properties": {"@timestamp": {"type": "date"}}}});
    super::template::merge(&mut body, &Value::Object(template.clone()));
    body.as_object().cloned().unwrap_or_default()
}

fn make_backing(index: &mut crate::store::Index, stream: &str) {
    index.data_stream = Some(stream.into());
    index.settings.insert("hidden".to_owned(), "true".into());
    let mut mapping = (*index.mapping).clone();
    mapping.needs_timestamp = true;
    index.mapping = mapping.into();
}

/// Refuses to delete the index that a data stream writes to.
///
/// # Errors
/// 400 for it.
pub(crate) fn check_deletion(store: &Store, index: &str) -> Result<(), ApiError> {
    let stream = store.stream_of(index);
    match stream.filter(|stream| stream.indices.last().is_some_and(|last| last == index)) {
        None => Ok(()),
        Some(stream) => Err(ApiError::illegal_argument(format!(
            "index [{index}] is the write index for data stream [{}] and cannot be deleted",
            stream.name
        ))),
    }
}

/// The data streams that the request names.
fn named(call: &Call<'_>, store: &Store) -> Result<Vec<String>, ApiError> {
    let mut found = Vec::new();
    for part in call.part("name").split(',') {
        let pattern = if matches!(part, "" | "_all") {
            "*"
        } else {
            part
        };
        let fits = |stream: &&DataStream| {
            matches_wildcard(pattern, &stream.name) && !(stream.hidden && pattern.starts_with('*'))
        };
        let before = found.len();
        found.extend(
            store
                .streams
                .values()
                .filter(fits)
                .map(|stream| stream.name.to_string()),
        );
        if found.len() == before && !pattern.contains('*') {
            return Err(ApiError::no_such_index(part));
        }
    }
    Ok(found)
}

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let store = lock(&call.shared.store);
    let names = named(call, &store)?;
    let nodes = call.shared.listed_nodes().len();
    let shown: Vec<Value> = names
        .iter()
        .filter(|name| call.identity.may_read(name))
        .filter_map(|name| store.streams.get(name))
        .map(|stream| show(&store, stream, nodes))
        .collect();
    Ok(Reply::ok(json!({"data_streams": shown})))
}

fn show(store: &Store, stream: &DataStream, nodes: usize) -> Value {
    let indices: Vec<_> = stream
        .indices
        .iter()
        .filter_map(|name| store.indices.get(name))
        .collect();
    let assigned = indices
        .iter()
        .all(|index| (index.replicas as usize) < nodes);
    let shown: Vec<Value> = indices
        .iter()
        .map(|index| {
            json!({
                "index_name": &*index.name,
                "index_uuid": index.uuid,
                "prefer_ilm": true,
                "managed_by": "Unmanaged",
                "index_mode": "standard",
            })
        })
        .collect();
    json!({
        "name": &*stream.name,
        "timestamp_field": {"name": "@timestamp"},
        "indices": shown,
        "generation": stream.generation,
        "status": if assigned { "GREEN" } else { "YELLOW" },
        "template": stream.template,
        "next_generation_managed_by": "Unmanaged",
        "prefer_ilm": true,
        "index_mode": "standard",
        "hidden": stream.hidden,
        "system": false,
        "allow_custom_routing": stream.custom_routing,
        "replicated": false,
        "rollover_on_write": false,
        "settings": {},
        "mappings": {},
    })
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut store = lock(&call.shared.store);
    for name in named(call, &store)? {
        if let Some(stream) = store.streams.remove(&name) {
            for index in &stream.indices {
                store.indices.remove(index);
            }
        }
    }
    Ok(Reply::acknowledged())
}
