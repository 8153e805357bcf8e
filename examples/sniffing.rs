//! Sniffing: the client is given one node, and finds the others by itself.
//!
//!     cargo run --example sniffing

use es_client::Elasticsearch;
use es_testkit::Cluster;
use es_transport::connect::Pem;
use examples::{Result, Tally};

#[tokio::main]
async fn main() -> Result {
    let cluster = Cluster::builder().nodes(3).tls(true).start().await?;

    let client = Elasticsearch::builder()
        .node(cluster.url(0))
        .ca_certs(Pem::bytes(cluster.ca_pem().to_owned()))
        .basic_auth("elastic", cluster.password())
        .sniff_on_start(true)
        .sniff_on_node_failure(true)
        .build()?;
    println!("Known before the first call: {:?}", nodes(&client));

    // The first call waits for the cluster to be asked for its nodes.
    client.info().await?;
    println!("Known after the first call:  {:?}", nodes(&client));

    let mut tally = Tally::default();
    for _ in 0..30 {
        tally.count(client.info().send().await?.meta());
    }
    println!("30 calls:\n{tally}");

    cluster.add_node().await?;
    client.transport().sniff().await?;
    println!("Known after a node joined:   {:?}", nodes(&client));
    Ok(())
}

fn nodes(client: &Elasticsearch) -> Vec<String> {
    let pool = client.transport().pool();
    let nodes = pool.map(|pool| pool.nodes()).unwrap_or_default();
    nodes
        .iter()
        .map(|status| status.node().to_string())
        .collect()
}
