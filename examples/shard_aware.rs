//! Requests for a document go to the node that holds its shard, and are not
//! forwarded by another one. Shows what that saves on an embedded cluster, or
//! on your own one, in an index that it creates and deletes:
//!
//!     cargo run --example shard_aware
//!     cargo run --example shard_aware -- http://localhost:9200 http://localhost:9201

use std::time::Duration;

use es_client::Elasticsearch;
use es_testkit::Cluster;
use es_transport::Body;
use examples::Result;
use serde_json::{Value, json};
use tokio::time::Instant;

const INDEX: &str = "shard-aware-example";

#[tokio::main]
async fn main() -> Result {
    let own: Vec<String> = std::env::args().skip(1).collect();
    let embedded = Cluster::builder()
        .nodes(3)
        .tls(false)
        .security(false)
        .start()
        .await?;
    let (urls, documents) = if own.is_empty() {
        (embedded.urls(), 100)
    } else {
        (own, 1_000)
    };
    let aware = Elasticsearch::builder()
        .nodes(&urls)
        .shard_aware(true)
        .build()?;
    let plain = Elasticsearch::builder().nodes(&urls).build()?;

    let settings = json!({"settings": {"number_of_shards": 3, "number_of_replicas": 0}});
    plain.indices().create(INDEX).body(&settings).send().await?;

    // The first request has the shards of the index fetched in the background.
    aware
        .index(INDEX)
        .id("0")
        .document(json!({"n": 0}))
        .send()
        .await?;
    tokio::time::sleep(Duration::from_millis(500)).await;

    for _ in 0..2 {
        measure("round robin", &plain, documents).await?;
        measure("shard-aware", &aware, documents).await?;
    }
    if urls == embedded.urls() {
        let nodes = embedded.nodes();
        let operations = nodes.iter().map(|node| node.shard_operations());
        let (local, forwarded) =
            operations.fold((0, 0), |sum, of| (sum.0 + of.local, sum.1 + of.forwarded));
        println!("both together: {local} served where they arrived, {forwarded} forwarded");
    }
    plain.indices().delete(INDEX).send().await?;
    Ok(())
}

/// Writes and reads documents; prints the median latencies and the bytes that
/// the nodes sent each other meanwhile.
async fn measure(name: &str, client: &Elasticsearch, documents: u32) -> Result {
    let before = bytes_between_nodes(client).await?;
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    for number in 0..documents {
        let id = number.to_string();
        let begun = Instant::now();
        client
            .index(INDEX)
            .id(&id)
            .document(json!({"n": number}))
            .send()
            .await?;
        writes.push(begun.elapsed());
        let begun = Instant::now();
        client.get::<Value>(INDEX, &id).send().await?;
        reads.push(begun.elapsed());
    }
    let between = match (before, bytes_between_nodes(client).await?) {
        (Some(before), Some(after)) => format!("{} bytes between nodes", after - before),
        _ => "bytes between nodes not counted".to_owned(),
    };
    let (write, read) = (median(&mut writes), median(&mut reads));
    println!("{name:<12} write {write:>7.1?}, read {read:>7.1?}, {between}");
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

async fn bytes_between_nodes(client: &Elasticsearch) -> Result<Option<u64>> {
    let path = "/_nodes/stats/transport?filter_path=nodes.*.transport.tx_size_in_bytes";
    let response = client
        .transport()
        .send(http::Request::get(path).body(Body::empty())?)
        .await?;
    let body: Value =
        serde_json::from_slice(&response.into_body().bytes().await?).unwrap_or_default();
    let nodes = body.get("nodes").and_then(Value::as_object);
    Ok(nodes.map(|nodes| {
        let sent = |node: &Value| node.pointer("/transport/tx_size_in_bytes")?.as_u64();
        nodes.values().filter_map(sent).sum()
    }))
}
