//! Shards: where documents lie, which node holds what, and what a node forwards.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step is a failed test"
)]

use crate::support;

use es_testkit::Cluster;
use serde_json::{Value, json};
use support::Client;

async fn three_nodes() -> (Cluster, Client) {
    let cluster = Cluster::builder().nodes(3).start().await.unwrap();
    let mut client = Client::connect(&cluster.url(0)).await;
    let settings = json!({"settings": {"number_of_shards": 3, "number_of_replicas": 0}});
    client.ok("PUT", "/a", settings).await;
    (cluster, client)
}

async fn node_of(client: &mut Client, id: &str) -> Value {
    let target = format!("/a/_search_shards?routing={id}");
    client.ok("GET", &target, Value::Null).await["shards"][0][0]["node"].clone()
}

#[tokio::test]
async fn state_tells_where_shards_are() {
    let (_cluster, mut client) = three_nodes().await;
    let target = "/_cluster/state/metadata,routing_table/a?filter_path=state_uuid,metadata.indices.*.routing_num_shards,routing_table.indices.*.shards.*.node";
    let state = client.ok("GET", target, Value::Null).await;
    assert_eq!(state["metadata"]["indices"]["a"]["routing_num_shards"], 768);
    let shards = state["routing_table"]["indices"]["a"]["shards"]
        .as_object()
        .unwrap();
    let mut nodes: Vec<_> = shards
        .values()
        .map(|copies| copies[0]["node"].to_string())
        .collect();
    nodes.sort();
    nodes.dedup();
    assert_eq!(nodes.len(), 3);

    let version = "/_cluster/state/version?filter_path=state_uuid";
    let uuid = client.ok("GET", version, Value::Null).await;
    assert_eq!(uuid, json!({"state_uuid": state["state_uuid"]}));
    client.ok("PUT", "/b", Value::Null).await;
    assert_ne!(client.ok("GET", version, Value::Null).await, uuid);
}

#[tokio::test]
async fn a_lost_node_hands_its_shards_over() {
    let (cluster, mut client) = three_nodes().await;
    let before = client.ok("GET", "/a/_search_shards", Value::Null).await;
    cluster.node(2).kill().await;
    let after = client.ok("GET", "/a/_search_shards", Value::Null).await;
    assert_ne!(before["shards"], after["shards"]);
    assert_eq!(after["nodes"].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn nodes_count_what_they_forward() {
    let (cluster, mut client) = three_nodes().await;
    let names: Vec<String> = (0..3)
        .map(|node| cluster.node(node).id().to_owned())
        .collect();
    for id in ["x", "y", "z", "w"] {
        let holder = node_of(&mut client, id).await;
        let holder = names.iter().position(|name| *name == holder).unwrap();
        for node in 0..3 {
            cluster.node(node).clear_records();
            let mut client = Client::connect(&cluster.url(node)).await;
            client.ok("PUT", &format!("/a/_doc/{id}"), json!({})).await;
            client
                .ok(
                    "GET",
                    &format!("/a/_doc/{id}?preference=_local"),
                    Value::Null,
                )
                .await;
            let counts = cluster.node(node).shard_operations();
            let expected = if node == holder { (2, 0) } else { (0, 2) };
            assert_eq!((counts.local, counts.forwarded), expected, "{id} at {node}");
        }
    }
}

#[tokio::test]
async fn unknown_parameters_are_refused() {
    let (_cluster, mut client) = three_nodes().await;
    let unknown = client.call("GET", "/a/_search?sise=3", Value::Null).await;
    assert_eq!(unknown.status, 400);
    assert_eq!(
        unknown.json()["error"]["type"],
        "illegal_argument_exception"
    );
    let undone = client
        .call("GET", "/_cat/indices?h=index", Value::Null)
        .await;
    assert_eq!(undone.status, 400);
    let reason = undone.json()["error"]["reason"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        reason.starts_with("es-testkit does not support"),
        "{reason}"
    );
}
