use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use es_client::Elasticsearch;
use tokio::time::{Instant, sleep};

use super::{
    attempts::Attempts,
    cluster::Cluster,
    documents::{assert_each_once, lasting, new_index},
    searches::{Searches, in_full},
    server::{builder, lacks, urls},
};

const DOCUMENTS: u64 = 20_000;

/// Freezes a node until `until` is done; searches and a bulk go on, and nothing
/// of them fails. Returns the number of the node.
async fn frozen(
    cluster: &Cluster,
    client: &Elasticsearch,
    name: &'static str,
    until: impl AsyncFnOnce(),
) -> usize {
    new_index(name, 1).await;
    let searches = Searches::begin(client, name);
    let over = Arc::new(AtomicBool::new(false));
    let node = cluster.follower().await;
    let freeze = async {
        sleep(Duration::from_secs(1)).await;
        let began = Instant::now();
        cluster.node(node, "pause").await;
        until().await;
        cluster.node(node, "resume").await;
        println!("frozen for {:.1?}", began.elapsed());
        cluster.is_green().await;
        over.store(true, Ordering::Relaxed);
    };
    let documents = lasting(DOCUMENTS, Arc::clone(&over));
    let bulk = client.helpers().bulk(name, documents).flush_operations(500);
    let (report, ()) = tokio::join!(async { bulk.await }, freeze);
    let searches = searches.end().await;
    println!("searches: {searches}");
    searches.assert_none_failed();
    let report = report.unwrap_or_else(|stopped| panic!("{stopped}: {}", in_full(&stopped.error)));
    println!(
        "bulk: {report}, {} operations retried by the helper",
        report.retried
    );
    assert_eq!(
        (report.operations, report.succeeded),
        (DOCUMENTS, DOCUMENTS)
    );
    let rewritten = assert_each_once(name, DOCUMENTS).await;
    println!("written again after a response was lost: {rewritten}");
    node
}

/// Every setting of the client is the default: an attempt may take 30 s.
#[tokio::test]
#[ignore = "needs a cluster"]
async fn node_frozen_for_a_moment_is_waited_for() {
    let cluster = Cluster::whole().await;
    if lacks(
        cluster.nodes() < 3,
        "three nodes, of which one can be missed",
    ) {
        return;
    }
    let client = builder().build().unwrap();
    frozen(&cluster, &client, "reliability-moment", async || {
        sleep(Duration::from_secs(8)).await;
    })
    .await;
}

/// The cluster throws such a node out only after half a minute, and until then
/// waits for it too, whichever node is asked.
#[tokio::test]
#[ignore = "needs a cluster"]
async fn node_frozen_until_given_up_fails_no_call() {
    let cluster = Cluster::whole().await;
    if lacks(
        cluster.nodes() < 3,
        "three nodes, of which one can be missed",
    ) {
        return;
    }
    let attempts = Attempts::default();
    let client = builder()
        .node_selector(attempts.clone())
        .request_timeout(Duration::from_secs(5))
        .retry_on_timeout(true)
        .max_retries(50)
        .total_timeout(Duration::from_secs(120))
        .build()
        .unwrap();
    let lost = async || cluster.has_lost_a_node().await;
    let node = frozen(&cluster, &client, "reliability-frozen", lost).await;
    println!("client: {attempts}");

    // Resumed, it is used again.
    let before = attempts.by_node();
    let began = Instant::now();
    let url = &urls()[node];
    while attempts.by_node().get(url) == before.get(url) {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{:?}",
            attempts.by_node()
        );
        client.ping().await.unwrap();
        sleep(Duration::from_millis(100)).await;
    }
    println!("used again after {:.1?}", began.elapsed());
}
