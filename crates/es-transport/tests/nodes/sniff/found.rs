//! The treatment of the nodes that are found.

use es_transport::{Credentials, Node, sniff::SniffOptions};

use crate::sniff::{Cluster, client};

#[tokio::test(start_paused = true)]
async fn the_filter_leaves_out_and_rewrites_but_cannot_leave_tls() {
    let cluster = Cluster::of(&["a:1", "b:1", "c:1"]);
    let options = SniffOptions::default().filter(|node: Node| match node.host() {
        "a" => None,
        "b" => Some(
            node.at("outside", 9200)
                .unwrap()
                .with_facts(node.facts().clone()),
        ),
        _ => "http://plain".parse().ok(),
    });
    let client = client(&["https://seed"], &cluster, options);
    client.sniffer.sniff().await.unwrap();
    assert_eq!(client.urls(), ["https://outside:9200"]);
    assert_eq!(
        client.pool.nodes()[0].node().facts().id.as_deref(),
        Some("id-b:1")
    );
}

#[tokio::test(start_paused = true)]
async fn nodes_keep_the_credentials_of_their_own_urls() {
    let cluster = Cluster::of(&["a:80", "b:80", "c:80"]);
    let seeds = ["http://one:1@a", "http://two:2@b"];
    let client = client(&seeds, &cluster, SniffOptions::default().on_start(true));
    client.send().await.unwrap();
    let of = |user: &str, password: &str| Some(Credentials::basic(user, password).unwrap());
    let nodes = client.pool.nodes();
    let found: Vec<_> = nodes
        .iter()
        .map(|status| status.node().credentials().cloned())
        .collect();
    assert_eq!(found, [of("one", "1"), of("two", "2"), of("one", "1")]);
}
