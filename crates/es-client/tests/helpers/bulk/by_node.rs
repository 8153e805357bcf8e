//! Operations grouped by the node of their primary.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use es_client::{Elasticsearch, helpers::bulk::Operation};
use es_testkit::{Cluster, Fault};
use futures_util::stream;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::bulk::mock::{Fate, Mock, by_id};

async fn nodes() -> (Cluster, Elasticsearch) {
    let builder = Cluster::builder().nodes(3).tls(false).security(false);
    let cluster = builder.start().await.unwrap();
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .shard_aware(true)
        .build()
        .unwrap();
    (cluster, client)
}

async fn create(client: &Elasticsearch, index: &'static str, shards: u32, replicas: u32) {
    let settings = json!({"settings": {
        "number_of_shards": shards, "number_of_replicas": replicas
    }});
    let indices = client.indices();
    indices.create(index).body(&settings).send().await.unwrap();
}

/// Creates an index whose shards the client knows.
async fn create_known(client: &Elasticsearch, shards: u32, replicas: u32) {
    create(client, "numbers", shards, replicas).await;
    // The first request has the shards fetched.
    client.count("numbers").send().await.unwrap();
    let known = async {
        while client
            .transport()
            .write_node("numbers", Some("1"), None)
            .is_none()
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), known)
        .await
        .unwrap();
}

fn forwarded(cluster: &Cluster) -> usize {
    let nodes = cluster.nodes();
    nodes
        .iter()
        .map(|node| node.shard_operations().forwarded)
        .sum()
}

fn documents(count: u64) -> impl Iterator<Item = Operation<Value>> {
    (0..count).map(|n| Operation::index(json!({"n": n})).id(n.to_string()))
}

async fn number_of_documents(client: &Elasticsearch) -> u64 {
    let indices = client.indices();
    indices.refresh("numbers").send().await.unwrap();
    let response = client.count("numbers").send().await.unwrap();
    response.json::<Value>().unwrap()["count"].as_u64().unwrap()
}

#[tokio::test]
async fn each_request_is_for_one_node() {
    let (cluster, client) = nodes().await;
    create_known(&client, 6, 0).await;
    let before = forwarded(&cluster);
    let bulk = client.helpers().bulk("numbers", documents(3_000));
    assert!(bulk.flush_operations(500).await.unwrap().is_complete());
    assert_eq!(forwarded(&cluster), before);
    assert_eq!(number_of_documents(&client).await, 3_000);

    let before = forwarded(&cluster);
    let bulk = client
        .helpers()
        .bulk("numbers", documents(3_000))
        .by_node(false);
    assert!(bulk.flush_operations(500).await.unwrap().is_complete());
    assert!(forwarded(&cluster) > before + 1_000);

    // A single request in flight is for all nodes, so that all of them work.
    let before = forwarded(&cluster);
    let bulk = client.helpers().bulk("numbers", documents(3_000));
    assert!(bulk.max_in_flight(1).await.unwrap().is_complete());
    assert!(forwarded(&cluster) > before + 1_000);
}

#[tokio::test]
async fn default_routing_value_counts() {
    let (cluster, client) = nodes().await;
    create_known(&client, 6, 0).await;
    let before = forwarded(&cluster);
    let bulk = client.helpers().bulk("numbers", documents(600));
    assert!(bulk.routing("r").await.unwrap().is_complete());
    assert_eq!(forwarded(&cluster), before);
}

#[tokio::test]
async fn an_index_that_only_operations_name_is_fetched() {
    let (cluster, client) = nodes().await;
    create(&client, "numbers", 6, 0).await;
    let nothing_is_forwarded = async {
        loop {
            let before = forwarded(&cluster);
            let named = documents(600).map(|operation| operation.in_index("numbers"));
            let bulk = client.helpers().bulk("others", named);
            assert!(bulk.await.unwrap().is_complete());
            if forwarded(&cluster) == before {
                break;
            }
        }
    };
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, nothing_is_forwarded)
        .await
        .unwrap();
}

#[tokio::test]
async fn ids_that_are_made_and_routing_values_count() {
    let (cluster, client) = nodes().await;
    create_known(&client, 6, 0).await;
    let before = forwarded(&cluster);
    let routed = (0..600_u64).map(|n| Operation::index(json!({"n": n})).routing(format!("r{n}")));
    assert!(
        client
            .helpers()
            .bulk("numbers", routed)
            .await
            .unwrap()
            .is_complete()
    );
    let plain = (0..600_u64).map(|n| Operation::index(json!({"n": n})));
    let bulk = client.helpers().bulk("numbers", plain).make_ids(true);
    assert!(bulk.await.unwrap().is_complete());
    assert_eq!(forwarded(&cluster), before);
    assert_eq!(number_of_documents(&client).await, 1_200);
}

#[tokio::test]
async fn order_of_a_document_is_kept() {
    let (_cluster, client) = nodes().await;
    create_known(&client, 6, 0).await;
    let versions = (0..3_000_u64).map(|n| {
        let id = (n % 100).to_string();
        Operation::index(json!({"n": n})).id(id)
    });
    let bulk = client.helpers().bulk("numbers", versions).keep_order(true);
    assert!(bulk.flush_operations(50).await.unwrap().is_complete());
    for id in 0..100_u64 {
        let path = format!("/numbers/_doc/{id}");
        let found = client.request(Method::GET, &path, ()).await.unwrap();
        let document = found.json::<Value>().unwrap();
        assert_eq!(document["_source"]["n"], 2_900 + id);
    }
}

#[tokio::test]
async fn lost_node_costs_no_document() {
    let (cluster, client) = nodes().await;
    create_known(&client, 6, 1).await;
    let mut sink = client
        .helpers()
        .bulk_sink("numbers")
        .flush_operations(100)
        .open();
    for (n, operation) in (0..).zip(documents(4_000)) {
        if n == 1_000 {
            cluster.node(1).kill().await;
        }
        sink.add(operation).await.unwrap();
    }
    let report = sink.close().await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(number_of_documents(&client).await, 4_000);
}

#[tokio::test(start_paused = true)]
async fn as_many_requests_as_nodes_are_in_flight() {
    let most_in_flight = async |nodes: usize, max_in_flight: Option<usize>| {
        let mock = Mock::default();
        let client = mock.client_of_nodes(nodes, move |id| {
            let node = id.parse::<usize>().ok()? % nodes;
            Some(node.to_string().into())
        });
        let bulk = client.helpers().bulk("i", stream::iter(documents(10_000)));
        let bulk = bulk.flush_operations(50);
        let bulk = match max_in_flight {
            Some(requests) => bulk.max_in_flight(requests),
            None => bulk,
        };
        assert!(bulk.await.unwrap().is_complete());
        mock.state().most_in_flight
    };
    assert_eq!(most_in_flight(8, None).await, 8);
    assert_eq!(most_in_flight(3, None).await, 4);
    assert_eq!(most_in_flight(8, Some(2)).await, 2);
}

/// Batches of several nodes are smaller than that of one.
#[tokio::test(start_paused = true)]
async fn requests_of_nodes_grow_again_after_a_413() {
    let mock = Mock::new(|request, _| match request {
        20 => Fate::Status(413),
        _ => Fate::Succeeds,
    });
    let client = mock.client_of_nodes(3, |id| {
        let node = id.parse::<u64>().ok()? % 8;
        Some(node.to_string().into())
    });
    let bulk = client.helpers().bulk("i", stream::iter(documents(20_000)));
    let bulk = bulk.flush_operations(usize::MAX).flush_bytes(20_000);
    assert!(bulk.max_in_flight(2).await.unwrap().is_complete());
    let sizes = mock.sizes();
    let middle = |from: usize| sizes[from..from + 10].iter().sum::<usize>();
    let (before, after) = (middle(10), middle(sizes.len() - 30));
    assert!(after * 10 > before * 9, "{sizes:?}");
}

/// A proxy limits compressed bodies; the requests of several runs of one client share its
/// connections.
#[tokio::test(start_paused = true)]
async fn compressed_requests_of_nodes_stay_below_a_limit() {
    let cluster = Cluster::builder().nodes(3).simulated().unwrap();
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .http_service(cluster.service())
        .http_compress(true)
        .node_selector(by_id(|id| Some((id.len() % 3).to_string().into())))
        .build()
        .unwrap();
    let sizes = Arc::new(Mutex::new(Vec::new()));
    for node in cluster.nodes() {
        let sizes = Arc::clone(&sizes);
        let is_too_large = move |request: &Request<Bytes>| {
            sizes.lock().unwrap().push(request.body().len());
            request.body().len() > 2_000
        };
        node.inject(Fault::status(413).on_path("_bulk").when(is_too_large));
    }
    let run = |name: &'static str| {
        let documents = (0..4_000_u64).map(move |n| {
            let id = format!("{name}{}", "x".repeat(n as usize % 7));
            Operation::create(json!({"n": n})).id(format!("{id}{n}"))
        });
        let bulk = client.helpers().bulk(name, stream::iter(documents));
        let bulk = bulk.flush_bytes(100_000).max_bytes_per_second(1e6);
        tokio::spawn(bulk.into_future())
    };
    for run in [run("a"), run("b"), run("c")] {
        let report = run.await.unwrap().unwrap();
        assert!(report.is_complete(), "{report}");
        assert_eq!((report.succeeded, report.unknown), (4_000, 0));
    }
    let sizes = sizes.lock().unwrap();
    let refused = sizes.iter().filter(|size| **size > 2_000).count();
    assert!(refused > 0 && refused * 2 < sizes.len(), "{sizes:?}");
}
