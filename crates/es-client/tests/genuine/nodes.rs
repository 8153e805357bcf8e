//! Several nodes, how one is chosen, and how they are found.

use std::{collections::BTreeMap, time::Duration};

use es_client::Elasticsearch;
use es_transport::node::{Candidates, Random, RequestContext};

use crate::{
    server::{as_administrator, builder, client, first_node, is_secure, trusting_nodes, urls, var},
    table,
};

/// The number of nodes, as the table shows it.
fn counted() -> String {
    match urls().len() {
        1 => "of 1 node".to_owned(),
        nodes => format!("of {nodes} nodes"),
    }
}

/// Returns the number of responses of each node.
async fn responses(client: &Elasticsearch, calls: usize) -> BTreeMap<String, usize> {
    let mut responses = BTreeMap::new();
    for _ in 0..calls {
        let response = client.info().send().await.unwrap();
        *responses
            .entry(response.meta().node().unwrap().to_owned())
            .or_default() += 1;
    }
    responses
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn the_cluster_says_who_it_is() {
    let info = client().info().await.unwrap();
    assert_eq!(info.version.number, var("ES_VERSION"));
    assert!(client().ping().await.unwrap());
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn calls_go_to_the_nodes_in_turn_or_as_a_selector_says() {
    let expected: BTreeMap<_, _> = urls().into_iter().map(|url| (url, 10)).collect();
    assert_eq!(responses(&client(), 10 * urls().len()).await, expected);

    let last = |nodes: &Candidates<'_>, _: &RequestContext<'_>| nodes.len() - 1;
    let client = builder().node_selector(last).build().unwrap();
    assert_eq!(
        responses(&client, 10)
            .await
            .into_values()
            .collect::<Vec<_>>(),
        [10]
    );
    let random = responses(&builder().node_selector(Random).build().unwrap(), 60).await;
    assert_eq!(random.len(), urls().len(), "{random:?}");
    table::says("nodes in turn, own selector", counted());
}

/// The nodes that a client knows.
fn known(client: &Elasticsearch) -> Vec<String> {
    let pool = client.transport().pool().unwrap();
    let mut nodes: Vec<_> = pool
        .nodes()
        .iter()
        .map(|status| status.node().to_string())
        .collect();
    nodes.sort();
    nodes
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn one_node_leads_to_the_others() {
    let on_start = first_node().sniff_on_start(true).build().unwrap();
    on_start.info().await.unwrap();
    assert_eq!(known(&on_start), urls());
    // The nodes that were found are asked with the credentials and the trust of the first.
    assert_eq!(
        responses(&on_start, 10 * urls().len()).await.len(),
        urls().len()
    );

    let before = first_node().sniff_before_requests(true);
    let before = before
        .min_delay_between_sniffing(Duration::from_millis(1))
        .build()
        .unwrap();
    before.info().await.unwrap();
    assert_eq!(known(&before), urls());

    // Nobody listens on the first: that leads to the others, and it goes.
    let scheme = if is_secure() { "https" } else { "http" };
    let dead = format!("{scheme}://127.0.0.1:1");
    let seeds = [dead.clone(), urls()[0].clone()];
    let on_failure = as_administrator(trusting_nodes(&seeds)).sniff_on_node_failure(true);
    let on_failure = on_failure.build().unwrap();
    let within = async {
        while known(&on_failure) != urls() {
            on_failure.info().await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), within)
        .await
        .unwrap();
    table::says("sniffing: start, before requests, failure", counted());
}
