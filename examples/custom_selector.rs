//! A node selector of one's own: a type with state, or just a closure.
//!
//!     cargo run --example custom_selector

use es_client::Elasticsearch;
use es_testkit::Cluster;
use es_transport::node::{Candidates, NodeSelector, RequestContext};
use examples::{Result, Tally};
use http::Method;

/// Writes go to the first node that lives, reads to any other.
#[derive(Debug)]
struct WritesToTheFirst;

impl NodeSelector for WritesToTheFirst {
    fn select(&self, nodes: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        match request.method() {
            &Method::GET | &Method::HEAD => 1 + request.path().len() % (nodes.len() - 1).max(1),
            _ => 0,
        }
    }
}

#[tokio::main]
async fn main() -> Result {
    let cluster = Cluster::builder().nodes(3).tls(false).security(false).start().await?;

    let by_type =
        Elasticsearch::builder().nodes(cluster.urls()).node_selector(WritesToTheFirst).build()?;
    let mut tally = Tally::default();
    for number in 0..10 {
        let document = serde_json::json!({"number": number});
        tally.count(by_type.index("numbers").document(&document).send().await?.meta());
    }
    println!("Ten writes:\n{tally}");

    let by_closure = Elasticsearch::builder()
        .nodes(cluster.urls())
        .node_selector(|nodes: &Candidates<'_>, _: &RequestContext<'_>| nodes.least_in_flight())
        .build()?;
    let mut tally = Tally::default();
    for _ in 0..10 {
        tally.count(by_closure.info().send().await?.meta());
    }
    println!("Ten calls to whichever node has the least to do:\n{tally}");
    Ok(())
}
