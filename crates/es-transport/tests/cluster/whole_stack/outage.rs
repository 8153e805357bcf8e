//! A cluster that is wholly down, and comes back.

use std::time::Duration;

use es_testkit::{Cluster, Fault};
use es_transport::Transport;
use http::StatusCode;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::whole_stack::{SECOND, cluster_support::get};

#[tokio::test(start_paused = true)]
async fn with_retries_and_a_deadline_every_caller_waits_for_it() {
    let cluster = Cluster::builder().nodes(3).simulated().unwrap();
    let transport = Transport::builder()
        .nodes(cluster.urls())
        .http_service(cluster.service())
        .max_retries(30)
        .total_timeout(120 * SECOND)
        .build()
        .unwrap();
    for node in cluster.nodes() {
        node.refuse().await;
    }
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        let transport = transport.clone();
        callers.spawn(async move { transport.send(get("/")).await });
    }
    sleep(40 * SECOND).await;
    for node in cluster.nodes() {
        node.revive().await.unwrap();
    }
    for response in callers.join_all().await {
        assert_eq!(response.unwrap().status(), StatusCode::OK);
    }
    // The wait before an attempt is 10 s at most.
    assert!(
        began.elapsed() <= 50 * SECOND + Duration::from_millis(10),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn who_sets_nothing_is_told_soon() {
    let cluster = Cluster::builder().nodes(3).simulated().unwrap();
    let transport = Transport::builder()
        .nodes(cluster.urls())
        .http_service(cluster.service())
        .build()
        .unwrap();
    for node in cluster.nodes() {
        node.refuse().await;
    }
    let began = Instant::now();
    let error = transport.send(get("/")).await.unwrap_err();
    assert!(error.is_connect() && error.is_not_sent());
    // Two more were refused on the way to a node that counted as alive.
    assert_eq!(error.attempts().len(), 2 + 4);
    assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
}

/// A search of an index that has lost shards gets 503 from every node.
#[tokio::test(start_paused = true)]
async fn an_index_that_is_red_does_no_harm_to_the_others() {
    let cluster = Cluster::builder().nodes(3).simulated().unwrap();
    let transport = Transport::builder()
        .nodes(cluster.urls())
        .http_service(cluster.service())
        .build()
        .unwrap();
    cluster.node(0).refuse().await;
    for node in &cluster.nodes()[1..] {
        node.inject(Fault::status(503).on_path("/red/"));
    }
    for _ in 0..300 {
        // Whatever its retries cost, the other call has some left.
        let red = transport.send(get("/red/_search")).await;
        assert!(red.is_err() || red.is_ok_and(|response| response.status() == 503));
        let began = Instant::now();
        let response = transport.send(get("/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
        sleep(Duration::from_millis(20)).await;
    }
}
