//! Which node holds which shard: `_cluster/state` and `_search_shards`.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::Ordering;

use serde_json::{Map, Value, json};

use super::call::Call;
use super::cluster::holds_data;
use super::error::ApiError;
use super::reply::Reply;
use super::settings::shown_settings;
use crate::shared::{NodeFacts, Shared};
use crate::store::{Index, Store, holders};
use crate::sync::lock;

/// The ids of the nodes that hold a shard, the primary's first; a node that holds no data or has
/// left is none of them.
pub(crate) fn holders_of(shared: &Shared, index: &Index, shard: u32) -> Vec<String> {
    let nodes = lock(&shared.nodes);
    let listed: Vec<bool> = nodes.iter().map(|node| may_hold(node)).collect();
    let copies = usize::try_from(index.replicas)
        .unwrap_or(0)
        .saturating_add(1);
    let held = holders(&index.name, shard, copies, &listed);
    held.into_iter()
        .filter_map(|node| nodes.get(node).map(|node| node.id.clone()))
        .collect()
}

fn may_hold(node: &NodeFacts) -> bool {
    node.listed.load(Ordering::Relaxed) && holds_data(&lock(&node.changing).roles)
}

/// How a shard is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// By the primary.
    Write,
    /// By any copy in turn.
    Get,
    /// By any copy, the node's own one first.
    Search,
}

/// Counts one operation on a shard, as done here or forwarded.
pub(crate) fn count(call: &Call<'_>, index: &Index, shard: u32, how: Use) {
    let holders = holders_of(call.shared, index, shard);
    let own = holders.iter().position(|id| *id == call.node.id);
    let local = call.params.get("preference") == Some("_local");
    let node = call.node;
    let is_local = match how {
        Use::Write => own == Some(0),
        Use::Search => own.is_some(),
        Use::Get if local => own.is_some(),
        Use::Get => {
            let turn = node.local.load(Ordering::Relaxed) + node.forwarded.load(Ordering::Relaxed);
            own.is_some() && turn.checked_rem(holders.len()) == own
        }
    };
    let counter = if is_local {
        &node.local
    } else {
        &node.forwarded
    };
    counter.fetch_add(1, Ordering::Relaxed);
}

/// The copies of one shard, as the routing table shows them.
fn copies(shared: &Shared, index: &Index, shard: u32) -> Vec<Value> {
    let nodes = holders_of(shared, index, shard);
    let count = usize::try_from(index.replicas)
        .unwrap_or(0)
        .saturating_add(1);
    let copy = |number: usize| {
        let node = nodes.get(number);
        let mut shown = json!({
            "state": if node.is_some() { "STARTED" } else { "UNASSIGNED" },
            "primary": number == 0,
            "node": node,
            "relocating_node": null,
            "shard": shard,
            "index": &*index.name,
            "relocation_failure_info": {"failed_attempts": 0},
        });
        if let (Some(node), Some(fields)) = (node, shown.as_object_mut()) {
            let allocation =
                json!({"id": format!("{}-{shard}-{}", index.uuid, node.get(..6).unwrap_or(node))});
            fields.insert("allocation_id".to_owned(), allocation);
        }
        shown
    };
    (0..count).map(copy).collect()
}

/// A hash that changes when the state does.
fn state_uuid(shared: &Shared, store: &Store) -> (u64, String) {
    let mut hasher = DefaultHasher::new();
    let mut version = 1;
    for node in lock(&shared.nodes).iter() {
        (
            may_hold(node),
            node.listed.load(Ordering::Relaxed),
            &node.id,
        )
            .hash(&mut hasher);
    }
    for index in store.indices.values() {
        (&*index.name, &index.uuid, index.version).hash(&mut hasher);
        version += index.version;
    }
    let hash = hasher.finish();
    (
        version,
        format!("{hash:016x}{:06x}", hash.rotate_left(23) & 0xff_ffff),
    )
}

pub(crate) fn state(call: &Call<'_>) -> Result<Reply, ApiError> {
    let asked: BTreeSet<&str> = match call.part("metric") {
        "" | "_all" => BTreeSet::from(METRICS),
        list => list.split(',').collect(),
    };
    let store = lock(&call.shared.store);
    let indices: Vec<&Index> = call
        .indices(&store)?
        .iter()
        .filter_map(|name| store.indices.get(name))
        .collect();
    let (version, uuid) = state_uuid(call.shared, &store);
    let listed = call.shared.listed_nodes();
    let settings = &call.shared.settings;
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("cluster_name", settings.cluster_name.as_str().into());
    put("cluster_uuid", settings.cluster_uuid.as_str().into());
    if asked.len() > 1 || !(asked.contains("master_node") || asked.contains("blocks")) {
        put("version", version.into());
        put("state_uuid", uuid.into());
    }
    if asked.contains("master_node") {
        let master = listed.first().map(|node| node.id.clone());
        put("master_node", master.into());
    }
    if asked.contains("blocks") {
        put("blocks", json!({}));
    }
    if asked.contains("nodes") {
        let nodes = listed
            .iter()
            .map(|node| (node.id.clone(), node_entry(node)));
        put("nodes", Value::Object(nodes.collect()));
    }
    if asked.contains("metadata") {
        let shown = by_name(&indices, |index| metadata(call, index));
        put(
            "metadata",
            json!({"cluster_uuid": settings.cluster_uuid, "indices": shown}),
        );
    }
    if asked.contains("routing_table") {
        let shown = by_name(&indices, |index| {
            let shards = (0..index.shards)
                .map(|shard| (shard.to_string(), copies(call.shared, index, shard).into()));
            json!({"shards": shards.collect::<Map<_, _>>()})
        });
        put("routing_table", json!({"indices": shown}));
    }
    Ok(Reply::ok(body))
}

fn by_name(indices: &[&Index], show: impl Fn(&Index) -> Value) -> Map<String, Value> {
    let shown = indices.iter();
    shown
        .map(|index| (index.name.to_string(), show(index)))
        .collect()
}

const METRICS: [&str; 6] = [
    "version",
    "master_node",
    "blocks",
    "nodes",
    "metadata",
    "routing_table",
];

fn node_entry(node: &NodeFacts) -> Value {
    let facts = lock(&node.changing);
    json!({
        "name": node.name,
        "ephemeral_id": node.id,
        "transport_address": facts.publish_address,
        "external_id": node.name,
        "attributes": facts.attributes,
        "roles": facts.roles,
    })
}

fn metadata(call: &Call<'_>, index: &Index) -> Value {
    json!({
        "version": index.version,
        "mapping_version": index.version,
        "settings_version": 1,
        "aliases_version": 1,
        "routing_num_shards": index.routing_shards,
        "state": "open",
        "settings": shown_settings(call, index),
        "mappings": {"_doc": index.mapping.to_json()},
        "aliases": index.aliases.keys().collect::<Vec<_>>(),
        "primary_terms": (0..index.shards).map(|shard| (shard.to_string(), 1.into())).collect::<Map<String, Value>>(),
    })
}

pub(crate) fn search_shards(call: &Call<'_>) -> Result<Reply, ApiError> {
    if call.params.get("preference").is_some() {
        return Err(ApiError::unsupported(
            "the query parameter [preference] of [_search_shards]",
        ));
    }
    if !call.body.is_empty() {
        return Err(ApiError::unsupported("a body of [_search_shards]"));
    }
    let store = lock(&call.shared.store);
    let source = call.searched(&store, call.part("index"))?;
    // The genuine server shows the filters as it has parsed them.
    if let Some((index, _)) = source
        .indices
        .iter()
        .find(|(_, restriction)| !restriction.filters.is_empty())
    {
        return Err(ApiError::unsupported(format!(
            "[_search_shards] through an alias of [{}] with a filter",
            index.name
        )));
    }
    let mut groups = Vec::new();
    let mut named = BTreeSet::new();
    for (index, restriction) in &source.indices {
        for shard in index.shards_for(restriction.routing.as_ref()) {
            named.extend(holders_of(call.shared, index, shard));
            let assigned = copies(call.shared, index, shard);
            groups.push(
                assigned
                    .into_iter()
                    .filter(|copy| copy.get("node") != Some(&Value::Null))
                    .collect(),
            );
        }
    }
    let nodes: Map<String, Value> = call
        .shared
        .listed_nodes()
        .iter()
        .filter(|node| named.contains(&node.id))
        .map(|node| (node.id.clone(), node_entry(node)))
        .collect();
    let shown: Map<String, Value> = source
        .indices
        .iter()
        .map(|(index, restriction)| {
            let aliases = &restriction.aliases;
            let shown = if aliases.is_empty() {
                json!({})
            } else {
                json!({"aliases": aliases})
            };
            (index.name.to_string(), shown)
        })
        .collect();
    Ok(Reply::ok(
        json!({"nodes": nodes, "indices": shown, "shards": Value::Array(groups)}),
    ))
}
