//! The filtered cluster state of one index → its shards.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use serde::Deserialize;

use super::{Holder, HoldersById, IndexShards, Rule, Shard};

#[derive(Deserialize)]
struct State {
    metadata: Metadata,
    routing_table: RoutingTable,
}

#[derive(Deserialize)]
struct Metadata {
    indices: BTreeMap<String, Index>,
}

#[derive(Deserialize)]
struct Index {
    routing_num_shards: u32,
    #[serde(default)]
    state: Option<String>,
    settings: Settings,
}

#[derive(Deserialize)]
struct Settings {
    index: IndexSettings,
}

/// The server returns all values of settings as strings.
#[derive(Deserialize)]
struct IndexSettings {
    number_of_shards: String,
    #[serde(default)]
    routing_partition_size: Option<String>,
    #[serde(default)]
    mode: Option<String>,
}

#[derive(Deserialize)]
struct RoutingTable {
    indices: BTreeMap<String, Table>,
}

#[derive(Deserialize)]
struct Table {
    shards: BTreeMap<String, Vec<Copy>>,
}

#[derive(Deserialize)]
struct Copy {
    #[serde(default)]
    node: Option<String>,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    state: Option<String>,
}

impl IndexShards {
    /// Returns the open indices in a response to
    /// `GET /_cluster/state/metadata,routing_table/{name}` and their shards. An index of
    /// which anything is missing is left out.
    pub fn read_all(response: &[u8], holders: &mut HoldersById) -> BTreeMap<String, Self> {
        let Ok(state) = serde_json::from_slice::<State>(response) else {
            return BTreeMap::new();
        };
        let mut tables = state.routing_table.indices;
        let indices = state.metadata.indices.into_iter();
        let known = indices.filter_map(|(name, index)| {
            let shards = shards(index, tables.remove(&name)?, holders)?;
            Some((name, shards))
        });
        known.collect()
    }
}

fn shards(index: Index, table: Table, holders: &mut HoldersById) -> Option<IndexShards> {
    let settings = index.settings.index;
    let number_of_shards: usize = settings.number_of_shards.parse().ok()?;
    let partition_size = settings.routing_partition_size.as_deref().unwrap_or("1");
    let partition_size: NonZeroU32 = partition_size.parse().ok()?;
    let rule = match settings.mode.as_deref() {
        Some("time_series") => Rule::TimeSeries,
        _ if partition_size.get() > 1 => Rule::Partitions(partition_size),
        _ => Rule::Hash,
    };
    let is_open = index.state.as_deref().is_none_or(|state| state == "open");
    if !is_open || table.shards.len() != number_of_shards {
        return None;
    }
    let mut holder = |id: &str| {
        if let Some(known) = holders.get(id) {
            return Arc::clone(known);
        }
        let holder = Arc::new(Holder::new(id));
        holders.insert(Arc::clone(&holder.id), Arc::clone(&holder));
        holder
    };
    let shards = (0..number_of_shards).map(|number| {
        let copies = table.shards.get(&number.to_string())?;
        let mut shard = Shard::default();
        for copy in copies {
            // A copy that moves away serves until it is gone.
            let serves = matches!(copy.state.as_deref(), Some("STARTED" | "RELOCATING"));
            let Some(node) = copy.node.as_deref().filter(|_| serves) else {
                continue;
            };
            shard.add(holder(node), copy.primary);
        }
        Some(shard)
    });
    let shards = shards.collect::<Option<_>>()?;
    IndexShards::new(index.routing_num_shards, rule, shards)
}

#[cfg(test)]
mod tests {
    use super::{super::Holders, *};

    fn read(response: &str) -> Option<IndexShards> {
        IndexShards::read_all(response.as_bytes(), &mut HoldersById::default()).remove("products")
    }

    const STATE: &str = r#"{"state_uuid":"u","metadata":{"indices":{"products":{
        "routing_num_shards":1024,"state":"open","settings":{"index":{"number_of_shards":"2"}}}}},
        "routing_table":{"indices":{"products":{"shards":{
            "0":[{"state":"STARTED","primary":true,"node":"n1","relocating_node":null},
                 {"state":"INITIALIZING","primary":false,"node":"n2"}],
            "1":[{"state":"RELOCATING","primary":true,"node":"n2","relocating_node":"n3"},
                 {"state":"STARTED","primary":false,"node":"n1"},
                 {"state":"UNASSIGNED","primary":false,"node":null}]}}}}}"#;

    #[test]
    fn started_copies_are_found_by_shard() {
        let index = read(STATE).unwrap();
        let ids = |holders: Holders<'_>| {
            holders
                .nodes
                .iter()
                .map(|node| node.id.to_string())
                .collect::<Vec<_>>()
        };
        let zero = index.shard(0).unwrap();
        assert_eq!(
            (ids(zero.primary()), ids(zero.copies())),
            (vec!["n1".into()], vec!["n1".into()])
        );
        let one = index.shard(1).unwrap();
        assert_eq!(ids(one.primary()), ["n2"]);
        assert_eq!(ids(one.copies()), ["n2", "n1"]);
        assert!(index.shard(2).is_none());
    }

    #[test]
    fn the_indices_of_an_alias_are_found_by_their_names() {
        let state = STATE.replace("products", "products-1");
        let found = IndexShards::read_all(state.as_bytes(), &mut HoldersById::default());
        assert_eq!(found.keys().collect::<Vec<_>>(), ["products-1"]);
    }

    #[test]
    fn the_shard_of_time_series_is_in_the_id() {
        let series = r#""number_of_shards":"2","mode":"time_series""#;
        let index = read(&STATE.replace(r#""number_of_shards":"2""#, series)).unwrap();
        assert!(!index.is_by_hash());
        assert_eq!(index.shard_of(Some("a"), None), None);
    }

    #[test]
    fn anything_else_is_not_read() {
        let without = |text: &str, other: &str| read(&STATE.replace(text, other));
        assert!(without(r#""products":{"#, r#""concrete":{"#).is_none());
        assert!(without(r#""open""#, r#""close""#).is_none());
        assert!(without(r#""2""#, r#""3""#).is_none());
        assert!(without(r#""2""#, r#""many""#).is_none());
        assert!(without(r#""routing_num_shards":1024,"#, "").is_none());
        assert!(read("{}").is_none());
        assert!(read("<html>").is_none());
    }
}
