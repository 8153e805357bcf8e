use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use tokio::time::{Instant, sleep};

use super::{
    attempts::Attempts,
    cluster::Cluster,
    documents::{assert_each_once, lasting, new_index},
    searches::{Searches, in_full},
    server::builder,
};

const DOWN: Duration = Duration::from_secs(20);
const DOCUMENTS: u64 = 20_000;

/// Nodes are killed, not stopped, and start only when the time is over.
#[tokio::test]
#[ignore = "needs a cluster"]
async fn outage_of_all_nodes_is_waited_for() {
    let cluster = Cluster::whole().await;
    let name = "reliability-down";
    new_index(name, u32::from(cluster.nodes() > 1)).await;
    let attempts = Attempts::default();
    let plain = builder().node_selector(attempts.clone()).build().unwrap();
    let statuses = [401, 429, 502, 503, 504].map(|status| StatusCode::from_u16(status).unwrap());
    let waits = plain
        .options()
        .max_retries(50)
        .total_timeout(Duration::from_secs(300));
    let waits = waits.retry_on_status(statuses).into_client();
    let searches = Searches::begin(&waits, name);

    let over = Arc::new(AtomicBool::new(false));
    let outage = async {
        sleep(Duration::from_secs(2)).await;
        cluster.each("kill").await;
        let down = Instant::now();
        let refused = plain.ping().await;
        let refused = (refused, down.elapsed());
        sleep(DOWN).await;
        cluster.each("start").await;
        cluster.is_green().await;
        println!("down until all nodes were back: {:.1?}", down.elapsed());
        over.store(true, Ordering::Relaxed);
        refused
    };
    let documents = lasting(DOCUMENTS, Arc::clone(&over));
    // By default it lasts for 75 s; on a busy machine nodes take longer to start.
    let bulk = plain
        .helpers()
        .bulk(name, documents)
        .flush_operations(500)
        .max_retries(20);
    let (report, refused) = tokio::join!(async { bulk.await }, outage);
    let searches = searches.end().await;
    println!("client: {attempts}");
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

    // With default settings the error comes soon.
    let (refused, after) = refused;
    let refused = refused.unwrap_err();
    println!(
        "with default settings, after {after:.1?}: {}",
        in_full(&refused)
    );
    assert!(refused.as_transport().unwrap().is_connect(), "{refused:?}");
    assert!(after < Duration::from_secs(10), "{after:?}");
}
