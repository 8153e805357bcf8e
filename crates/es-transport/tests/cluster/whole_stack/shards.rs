//! Requests for a document go to a node that holds its shard.

use es_testkit::{Cluster, Recorded};
use es_transport::{
    Transport,
    events::Event,
    node::{NodeSelector, RoundRobin},
    shard_aware::ShardAware,
};
use http::Request;

use crate::whole_stack::{
    cluster_support::{builder, get, post},
    eventually, nodes,
};

async fn create_index(transport: &Transport, name: &str, shards: u32, replicas: u32) {
    let body = format!(
        r#"{{"settings":{{"number_of_shards":{shards},"number_of_replicas":{replicas}}}}}"#
    );
    let request = Request::put(format!("/{name}"))
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap();
    assert_eq!(transport.send(request).await.unwrap().status(), 200);
}

fn aware(cluster: &Cluster, inner: impl NodeSelector) -> Transport {
    builder(cluster.urls())
        .node_selector(inner)
        .shard_aware(true)
        .build()
        .unwrap()
}

fn forwarded(cluster: &Cluster) -> usize {
    cluster
        .nodes()
        .iter()
        .map(|node| node.shard_operations().forwarded)
        .sum()
}

fn requests(cluster: &Cluster) -> Vec<Recorded> {
    cluster
        .nodes()
        .iter()
        .flat_map(|node| node.requests())
        .collect()
}

fn with_query(cluster: &Cluster, query: &str) -> usize {
    let requests = requests(cluster);
    requests
        .iter()
        .filter(|request| request.target.ends_with(query))
        .count()
}

/// Waits until the map has been fetched and checked.
async fn learn(cluster: &Cluster, transport: &Transport, index: &str) {
    transport
        .send(get(&format!("/{index}/_doc/none")))
        .await
        .unwrap();
    let path = format!("/{index}/_search_shards");
    eventually("the map is checked", || {
        requests(cluster)
            .iter()
            .filter(|request| request.path() == path)
            .count()
            == 3
    })
    .await;
    // The last response is still to be read.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
}

async fn index(transport: &Transport, path: &str) {
    let status = transport
        .send(post(path, r#"{"n":1}"#))
        .await
        .unwrap()
        .status();
    assert!(status.is_success(), "{path}: {status}");
}

#[tokio::test]
async fn documents_are_read_and_written_where_they_lie() {
    let cluster = nodes(3).await;
    let transport = aware(&cluster, RoundRobin::default());
    create_index(&transport, "products", 3, 0).await;
    learn(&cluster, &transport, "products").await;
    let before = forwarded(&cluster);
    for number in 0..60 {
        index(&transport, &format!("/products/_doc/{number}")).await;
        index(
            &transport,
            &format!("/products/_doc/a%20%C3%A4{number}?routing=r{number}"),
        )
        .await;
        let read = get(&format!("/products/_doc/{number}"));
        assert_eq!(transport.send(read).await.unwrap().status(), 200);
        let routed = get(&format!(
            "/products/_doc/a%20%C3%A4{number}?routing=r{number}"
        ));
        assert_eq!(transport.send(routed).await.unwrap().status(), 200);
    }
    assert_eq!(forwarded(&cluster), before);

    let plain = builder(cluster.urls()).build().unwrap();
    for number in 0..60 {
        plain
            .send(get(&format!("/products/_doc/{number}")))
            .await
            .unwrap();
    }
    assert!(
        forwarded(&cluster) > before + 20,
        "round robin has most of them forwarded"
    );
}

#[tokio::test]
async fn an_alias_of_one_index_is_followed() {
    let cluster = nodes(3).await;
    let transport = aware(&cluster, RoundRobin::default());
    create_index(&transport, "products-1", 3, 0).await;
    let alias = post(
        "/_aliases",
        r#"{"actions":[{"add":{"index":"products-1","alias":"products"}}]}"#,
    );
    assert_eq!(transport.send(alias).await.unwrap().status(), 200);
    transport.send(get("/products/_doc/none")).await.unwrap();
    eventually("the alias is known", || {
        requests(&cluster)
            .iter()
            .any(|request| request.path() == "/_alias/products")
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let before = forwarded(&cluster);
    for number in 0..60 {
        index(&transport, &format!("/products/_doc/{number}")).await;
        transport
            .send(get(&format!("/products/_doc/{number}")))
            .await
            .unwrap();
    }
    assert_eq!(forwarded(&cluster), before);
}

#[tokio::test]
async fn reads_go_to_any_copy_and_stay_there() {
    let cluster = nodes(3).await;
    let transport = aware(&cluster, RoundRobin::default());
    create_index(&transport, "orders", 1, 1).await;
    index(&transport, "/orders/_doc/1?refresh=true").await;
    learn(&cluster, &transport, "orders").await;
    cluster.nodes().iter().for_each(|node| node.clear_records());
    for _ in 0..20 {
        transport.send(get("/orders/_doc/1")).await.unwrap();
        transport.send(get("/orders/_search")).await.unwrap();
    }
    assert_eq!(forwarded(&cluster), 0);
    let counts: Vec<_> = cluster
        .nodes()
        .iter()
        .map(|node| node.request_count())
        .collect();
    assert_eq!(
        counts.iter().filter(|count| **count == 20).count(),
        2,
        "{counts:?}"
    );
    assert_eq!(with_query(&cluster, "?preference=_local"), 40);

    // A preference of the caller's own stays.
    let own = get("/orders/_search?preference=me");
    transport.send(own).await.unwrap();
    assert_eq!(with_query(&cluster, "?preference=me"), 1);
}

#[tokio::test]
async fn searches_of_all_shards_go_to_the_nodes_of_most() {
    const SEARCHES: usize = 60;
    let cluster = nodes(5).await;
    let transport = aware(&cluster, RoundRobin::default());
    // Index, shards and replicas, and the fewest nodes that each hold half of the shards.
    let indices = [
        ("few", 2, 0, 1),
        ("copied", 2, 1, 2),
        ("all", 2, 4, 5),
        ("many", 5, 0, 5),
    ];
    for (name, shards, replicas, fewest) in indices {
        create_index(&transport, name, shards, replicas).await;
        learn(&cluster, &transport, name).await;
        cluster.nodes().iter().for_each(|node| node.clear_records());
        for number in 0..SEARCHES {
            let endpoint = if number % 2 == 0 { "_search" } else { "_count" };
            let search = get(&format!("/{name}/{endpoint}"));
            assert_eq!(transport.send(search).await.unwrap().status(), 200);
        }
        let nodes = cluster.nodes();
        let is_of_index = |request: &Recorded| request.path().starts_with(&format!("/{name}/"));
        let used = nodes
            .iter()
            .filter(|node| node.requests().iter().any(is_of_index));
        let most = (shards * (replicas + 1)).min(5);
        assert!((fewest..=most).contains(&(used.count() as u32)), "{name}");
        let local = with_query(&cluster, "?preference=_local");
        assert_eq!(local, if replicas > 0 { SEARCHES } else { 0 }, "{name}");
        let holders = transport.read_nodes(name, None, None).len();
        assert_eq!(holders, if name == "all" { 5 } else { 0 }, "{name}");
        // At most one of two shards is on another node.
        let limit = if name == "many" {
            4 * SEARCHES
        } else {
            SEARCHES
        };
        assert!(forwarded(&cluster) <= limit, "{name}");
    }
}

#[tokio::test]
async fn an_unknown_index_is_left_to_the_inner_selector() {
    let cluster = nodes(2).await;
    let transport = builder(cluster.urls())
        .sniff_on_start(true)
        .node_selector(ShardAware::new(RoundRobin::default()))
        .build()
        .unwrap();
    let mut events = transport.events().unwrap().subscribe();
    for _ in 0..6 {
        assert_eq!(
            transport
                .send(get("/missing/_doc/1"))
                .await
                .unwrap()
                .status(),
            404
        );
    }
    let told = async {
        loop {
            if let Some(Event::ShardsUnknown { index, .. }) = events.recv().await {
                return index;
            }
        }
    };
    let told = tokio::time::timeout(std::time::Duration::from_secs(10), told)
        .await
        .unwrap();
    assert_eq!(&*told, "missing");
    for node in cluster.nodes() {
        let requests = node.requests();
        let documents = requests
            .iter()
            .filter(|request| request.path() == "/missing/_doc/1");
        assert!(documents.count() > 0);
    }
}

#[tokio::test]
async fn the_map_does_not_keep_the_transport() {
    let cluster = nodes(1).await;
    let transport = aware(&cluster, RoundRobin::default());
    transport.send(get("/products/_doc/1")).await.unwrap();
    let weak = transport.downgrade();
    drop(transport);
    eventually("the transport is gone", || weak.upgrade().is_none()).await;
}
