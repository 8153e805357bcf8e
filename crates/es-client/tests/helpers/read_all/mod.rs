//! Reading all: every hit once, whatever fails; and nothing left open.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

mod documents;
mod faults;
mod pages;

use std::collections::BTreeSet;

use es_client::{Elasticsearch, helpers::bulk::Operation, types::Hit};
use es_testkit::Cluster;
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};

const COUNT: u64 = 2_345;

/// A cluster with documents that are numbered from 0.
async fn cluster(nodes: usize) -> (Cluster, Elasticsearch) {
    let cluster = Cluster::builder().nodes(nodes).start().await.unwrap();
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .build()
        .unwrap();
    let documents = (0..COUNT)
        .map(|n| Operation::index(json!({"n": n, "x": n as f64 / 7.0})).id(n.to_string()));
    assert!(
        client
            .helpers()
            .bulk("i", documents)
            .await
            .unwrap()
            .is_complete()
    );
    cluster
        .nodes()
        .iter()
        .for_each(es_testkit::NodeHandle::clear_records);
    (cluster, client)
}

/// The numbers of all hits; none comes twice.
async fn numbers(
    mut stream: impl Stream<Item = es_client::Result<Hit<Value>>> + Unpin,
) -> es_client::Result<BTreeSet<u64>> {
    let mut seen = BTreeSet::new();
    while let Some(hit) = stream.next().await {
        let number = hit?.into_source()?.unwrap()["n"].as_u64().unwrap();
        assert!(seen.insert(number), "{number} came twice");
    }
    Ok(seen)
}

/// Returns the method and path of each request that arrived, in order.
fn arrived(cluster: &Cluster) -> Vec<String> {
    let mut requests: Vec<_> = cluster
        .nodes()
        .iter()
        .flat_map(|node| node.requests())
        .collect();
    requests.sort_by_key(|request| request.at);
    requests
        .iter()
        .map(|request| format!("{} {}", request.method, request.path()))
        .collect()
}

fn times(cluster: &Cluster, line: &str) -> usize {
    arrived(cluster).iter().filter(|seen| *seen == line).count()
}
