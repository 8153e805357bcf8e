use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use es_client::helpers::bulk::Effect;
use futures_util::StreamExt;

use super::{
    attempts::Attempts,
    cluster::Cluster,
    documents::{assert_each_once, lasting, new_index},
    searches::{Searches, in_full},
    server::{builder, lacks},
};

const DOCUMENTS: u64 = 200_000;

/// Every setting of the client is the default.
#[tokio::test]
#[ignore = "needs a cluster"]
async fn rolling_restart_fails_no_call() {
    let cluster = Cluster::whole().await;
    if lacks(
        cluster.nodes() < 3,
        "three nodes, of which one can be missed",
    ) {
        return;
    }
    let name = "reliability-rolling";
    new_index(name, 1).await;
    let attempts = Attempts::default();
    let client = builder().node_selector(attempts.clone()).build().unwrap();
    let searches = Searches::begin(&client, name);

    // Which node is down, or none.
    let whole = cluster.nodes();
    let (down, over) = (
        Arc::new(AtomicUsize::new(whole)),
        Arc::new(AtomicBool::new(false)),
    );
    let restart = async {
        for node in 0..whole {
            down.store(node, Ordering::Relaxed);
            cluster.node(node, "stop").await;
            cluster.node(node, "start").await;
            down.store(whole, Ordering::Relaxed);
            cluster.is_green().await;
        }
        over.store(true, Ordering::Relaxed);
    };
    // Number of documents written while each node was down, and in between.
    let mut written = vec![0_u64; whole + 1];
    let mut effects = [0_u64; 2];
    let bulk = async {
        let documents = lasting(DOCUMENTS, Arc::clone(&over));
        let mut outcomes = client
            .helpers()
            .bulk(name, documents)
            .flush_operations(500)
            .stream();
        while let Some(outcome) = outcomes.next().await {
            let outcome = outcome.unwrap_or_else(|error| panic!("{}", in_full(&error)));
            let done = outcome.result.unwrap_or_else(|error| panic!("{error}"));
            assert!(
                matches!(done.effect, Effect::Created | Effect::Updated),
                "{done:?}"
            );
            written[down.load(Ordering::Relaxed)] += 1;
            effects[usize::from(done.effect == Effect::Updated)] += 1;
        }
        outcomes.report().clone()
    };
    let (report, ()) = tokio::join!(bulk, restart);
    let searches = searches.end().await;
    println!(
        "bulk: {report}, {} operations retried by the helper",
        report.retried
    );
    println!("written while each node was down, and in between: {written:?}");
    println!("client: {attempts}");
    println!("searches: {searches}");
    println!("served by node: {:?}", attempts.by_node());

    assert_eq!(
        (report.operations, report.succeeded),
        (DOCUMENTS, DOCUMENTS)
    );
    assert!(written.iter().all(|count| *count > 0), "{written:?}");
    let rewritten = assert_each_once(name, DOCUMENTS).await;
    println!("written again after a response was lost: {rewritten}");
    assert_eq!(effects, [DOCUMENTS - rewritten, rewritten]);
    searches.assert_none_failed();
}
