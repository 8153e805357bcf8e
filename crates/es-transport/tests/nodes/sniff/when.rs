//! When a sniff begins.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use es_transport::sniff::SniffOptions;

use crate::sniff::{Cluster, SECOND, client, settle};

#[tokio::test(start_paused = true)]
async fn nothing_is_sniffed_by_default() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let client = client(&["http://seed"], &cluster, SniffOptions::default());
    client.send().await.unwrap();
    client.sniffer.invalidate();
    tokio::time::sleep(1000 * SECOND).await;
    client.send().await.unwrap();
    assert_eq!(cluster.sniffs(), 0);
}

#[tokio::test(start_paused = true)]
async fn on_start_the_first_request_waits() {
    let cluster = Cluster::of(&["10.0.0.1:9200", "[::1]:9201"]);
    let options = SniffOptions::default().on_start(true);
    let client = client(&["https://user:secret@seed/in"], &cluster, options);
    client.send().await.unwrap();
    assert_eq!(
        client.urls(),
        ["https://10.0.0.1:9200/in", "https://[::1]:9201/in"]
    );
    let requests = cluster.0.requests.lock().unwrap().clone();
    assert_eq!(requests[0], "https://seed:443/in/_nodes/http");
    assert!(requests[1] == "https://10.0.0.1:9200/in/" || requests[1] == "https://[::1]:9201/in/");
    assert!(
        client
            .pool
            .nodes()
            .iter()
            .all(|status| status.node().credentials().is_some())
    );
    tokio::time::sleep(1000 * SECOND).await;
    client.send().await.unwrap();
    assert_eq!(cluster.sniffs(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_request_waits_and_the_others_continue() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.delay.lock().unwrap() = SECOND;
    let client = client(
        &["http://seed"],
        &cluster,
        SniffOptions::default().on_start(true),
    );
    let start = tokio::time::Instant::now();
    let elapsed = async || {
        client.send().await.unwrap();
        start.elapsed()
    };
    let (first, second) = tokio::join!(elapsed(), elapsed());
    assert_eq!((first, second), (SECOND, Duration::ZERO));
    assert_eq!(cluster.sniffs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_node_starts_a_sniff() {
    let cluster = Cluster::of(&["b:80"]);
    *cluster.0.down.lock().unwrap() = vec!["a"];
    let options = SniffOptions::default().on_node_failure(true);
    let client = client(&["http://a", "http://b"], &cluster, options);
    assert!(client.send().await.unwrap_err().is_connect());
    settle().await;
    assert_eq!(
        (cluster.sniffs(), client.urls()),
        (1, vec!["http://b:80".to_owned()])
    );

    *cluster.0.down.lock().unwrap() = vec!["b"];
    cluster.publishes(&["c:80"]);
    assert!(client.send().await.is_err());
    settle().await;
    *cluster.0.down.lock().unwrap() = vec![];
    tokio::time::sleep(9 * SECOND).await;
    client.send().await.unwrap();
    settle().await;
    assert_eq!(cluster.sniffs(), 1);
    tokio::time::sleep(2 * SECOND).await;
    client.send().await.unwrap();
    settle().await;
    assert_eq!(
        (cluster.sniffs(), client.urls()),
        (2, vec!["http://c:80".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn before_requests_sniffs_once_per_delay() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default()
        .before_requests(true)
        .min_delay(30 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    for second in 0..100 {
        client.send().await.unwrap();
        assert_eq!(cluster.sniffs(), second / 30 + 1);
        tokio::time::sleep(SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_periodic_task_ends_with_the_last_clone() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default().every(60 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    assert_eq!(cluster.sniffs(), 0);
    tokio::time::sleep(185 * SECOND).await;
    assert_eq!(cluster.sniffs(), 3);

    let pool = Arc::downgrade(&client.pool);
    drop(client);
    settle().await;
    assert!(
        pool.upgrade().is_none(),
        "the task holds no part of the transport"
    );
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!(cluster.sniffs(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_when_the_transport_is_closed() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default().every(60 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    cluster.0.is_closed.store(true, Ordering::SeqCst);
    tokio::time::sleep(3600 * SECOND).await;
    let requests = cluster.0.requests.lock().unwrap();
    assert_eq!(
        requests
            .iter()
            .filter(|uri| uri.ends_with("/_nodes/http"))
            .count(),
        1
    );
}

#[test]
fn without_a_task_a_request_starts_an_overdue_sniff() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    // Made without a runtime, used in one runtime per call, as functions are.
    let options = SniffOptions::default().every(60 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    let call = |advance: Duration| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            tokio::time::pause();
            tokio::time::advance(advance).await;
            client.send().await.unwrap();
            settle().await;
        });
    };
    call(Duration::ZERO);
    assert_eq!(cluster.sniffs(), 0);
    call(61 * SECOND);
    assert_eq!(
        (cluster.sniffs(), client.urls()),
        (1, vec!["http://10.0.0.1:9200".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn invalidated_nodes_are_sniffed_with_a_request() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default().every(3600 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    settle().await;
    assert_eq!(cluster.sniffs(), 0);
    client.sniffer.invalidate();
    client.send().await.unwrap();
    settle().await;
    assert_eq!(cluster.sniffs(), 1);
}

#[tokio::test(start_paused = true)]
async fn invalidated_nodes_are_sniffed_in_the_background() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let client = client(
        &["http://seed"],
        &cluster,
        SniffOptions::default().on_node_failure(true),
    );
    let invalidate = client.sniffer.invalidate_hook();
    invalidate();
    settle().await;
    assert_eq!(
        (cluster.sniffs(), client.urls()),
        (1, vec!["http://10.0.0.1:9200".to_owned()])
    );
    // Within the minimal delay, a later request sniffs.
    invalidate();
    settle().await;
    client.send().await.unwrap();
    assert_eq!(cluster.sniffs(), 1);
    tokio::time::sleep(11 * SECOND).await;
    client.send().await.unwrap();
    settle().await;
    assert_eq!(cluster.sniffs(), 2);
    drop(client);
    invalidate();
}

#[tokio::test(start_paused = true)]
async fn times_may_exceed_any_clock() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default()
        .on_start(true)
        .on_node_failure(true)
        .every(Duration::MAX)
        .min_delay(Duration::MAX)
        .timeout(Duration::MAX);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    client.sniffer.invalidate();
    tokio::time::sleep(1000 * SECOND).await;
    client.send().await.unwrap();
    assert_eq!(cluster.sniffs(), 1);
    client.sniffer.sniff().await.unwrap();
    assert_eq!(cluster.sniffs(), 2);
}
