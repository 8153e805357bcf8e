//! Requests for a document go to the node that holds its shard, and are not
//! forwarded by another one.
//!
//!     cargo run --example shard_aware

use std::time::Duration;

use es_client::Elasticsearch;
use es_testkit::Cluster;
use examples::Result;
use serde_json::json;

#[tokio::main]
async fn main() -> Result {
    let cluster = Cluster::builder().nodes(3).tls(false).security(false).start().await?;
    let aware = Elasticsearch::builder().node(cluster.url(0)).shard_aware(true).build()?;
    let plain = Elasticsearch::builder().nodes(cluster.urls()).build()?;

    let settings = json!({"settings": {"number_of_shards": 3, "number_of_replicas": 0}});
    aware.indices().create("products").body(&settings).send().await?;

    // The first request has the shards of the index fetched in the background.
    aware.index("products").id("0").document(&json!({"n": 0})).send().await?;
    tokio::time::sleep(Duration::from_millis(200)).await;

    report(&cluster, "shard-aware", &aware).await?;
    report(&cluster, "round robin", &plain).await?;
    Ok(())
}

/// Writes and reads 100 documents and prints how many requests were forwarded.
async fn report(cluster: &Cluster, name: &str, client: &Elasticsearch) -> Result {
    cluster.nodes().iter().for_each(|node| node.clear_records());
    for number in 0..100 {
        let id = number.to_string();
        client.index("products").id(&id).document(&json!({"n": number})).send().await?;
        client.get::<serde_json::Value>("products", &id).send().await?;
    }
    let operations = cluster.nodes().iter().map(|node| node.shard_operations()).collect::<Vec<_>>();
    let local: usize = operations.iter().map(|of| of.local).sum();
    let forwarded: usize = operations.iter().map(|of| of.forwarded).sum();
    println!("{name:<12} {local:>4} served where they arrived, {forwarded:>4} forwarded");
    Ok(())
}
