//! A node selector of one's own: a constraint, a preference, and a closure.
//!
//!     cargo run --example custom_selector

use es_client::Elasticsearch;
use es_testkit::Cluster;
use es_transport::{
    Node,
    node::{Candidates, LeastInFlight, NodeSelector, RequestContext, SubsetCache, selector_fn},
};
use examples::{Result, Tally};

/// Writes go to the nodes of one tier only; reads prefer the other nodes.
struct SeparateWrites {
    tier: &'static str,
    others: SubsetCache,
}

impl SeparateWrites {
    fn is_writer(&self, node: &Node) -> bool {
        node.attribute("tier") == Some(self.tier)
    }
}

impl NodeSelector for SeparateWrites {
    /// A constraint: not even a retry or a probe breaks it.
    fn eligible(&self, node: &Node, request: &RequestContext<'_>) -> bool {
        request.method().is_safe() || self.is_writer(node)
    }

    /// A preference: if no other node is live, reads go to the writers.
    fn select(&self, nodes: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        if !request.method().is_safe() {
            return nodes.least_in_flight();
        }
        self.others
            .narrow(nodes, |node| !self.is_writer(node))
            .select(&LeastInFlight, request)
            .unwrap_or_else(|| nodes.least_in_flight())
    }
}

#[tokio::main]
async fn main() -> Result {
    let cluster = Cluster::builder()
        .nodes(3)
        .tls(false)
        .security(false)
        .start()
        .await?;
    let writer = cluster
        .url(0)
        .parse::<Node>()?
        .with_attribute("tier", "ingest");

    let client = Elasticsearch::builder()
        .add_node(writer)
        .nodes([cluster.url(1), cluster.url(2)])
        .node_selector(SeparateWrites {
            tier: "ingest",
            others: SubsetCache::default(),
        })
        .build()?;

    let mut tally = Tally::default();
    for number in 0..10 {
        let document = serde_json::json!({"number": number});
        tally.count(
            client
                .index("numbers")
                .document(&document)
                .send()
                .await?
                .meta(),
        );
    }
    println!("Ten writes:\n{tally}");

    let mut tally = Tally::default();
    for _ in 0..10 {
        tally.count(client.info().send().await?.meta());
    }
    println!("Ten reads:\n{tally}");

    // Without a writer, a write fails before anything is sent.
    let pool = client
        .transport()
        .pool()
        .ok_or("the transport has a pool")?;
    pool.remove(&cluster.url(0))?;
    let document = serde_json::json!({"number": 10});
    let refused = client.index("numbers").document(&document).send().await;
    println!(
        "A write without a writer: {:?}",
        refused.map(drop).map_err(examples::Report::from)
    );

    let by_closure = Elasticsearch::builder()
        .nodes(cluster.urls())
        .node_selector(selector_fn(|nodes, request| {
            request.path().len() % nodes.len()
        }))
        .build()?;
    let mut tally = Tally::default();
    for _ in 0..10 {
        tally.count(by_closure.info().send().await?.meta());
    }
    println!("Ten calls by a closure:\n{tally}");
    Ok(())
}
