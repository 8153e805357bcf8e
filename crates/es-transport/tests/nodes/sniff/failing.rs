//! Sniffs that fail, take long or are dropped.

use std::time::Duration;

use es_transport::sniff::SniffOptions;
use http::StatusCode;

use crate::sniff::{Cluster, SECOND, client, settle};

#[tokio::test(start_paused = true)]
async fn a_failed_sniff_fails_no_request_and_is_repeated() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.status.lock().unwrap() = StatusCode::FORBIDDEN;
    let client = client(
        &["http://seed"],
        &cluster,
        SniffOptions::default().on_start(true),
    );
    client.send().await.unwrap();
    assert_eq!(client.urls(), ["http://seed:80"]);
    let sniffs = cluster.sniffs();
    client.send().await.unwrap();
    assert_eq!(cluster.sniffs(), sniffs, "within the minimal delay");
    *cluster.0.status.lock().unwrap() = StatusCode::OK;
    tokio::time::sleep(11 * SECOND).await;
    client.send().await.unwrap();
    settle().await;
    assert_eq!(client.urls(), ["http://10.0.0.1:9200"]);
}

#[tokio::test(start_paused = true)]
async fn unusable_responses_leave_the_pool_as_it_is() {
    let cluster = Cluster::of(&[]);
    let client = client(&["http://seed"], &cluster, SniffOptions::default());
    for bad in [
        r#"{"nodes":{}}"#,
        "not json",
        r#"{"nodes":{"a":{"roles":["master"],"http":{"publish_address":"m:1"}}}}"#,
    ] {
        *cluster.0.response.lock().unwrap() = bad.to_owned();
        let error = client.sniffer.sniff().await.unwrap_err();
        assert!(error.is_sniff(), "{error}");
        assert_eq!(client.urls(), ["http://seed:80"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_is_skipped_and_time_is_limited() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.down.lock().unwrap() = vec!["a"];
    let client = client(&["http://a", "http://b"], &cluster, SniffOptions::default());
    client.sniffer.sniff().await.unwrap();
    assert_eq!(client.urls(), ["http://10.0.0.1:9200"]);

    *cluster.0.delay.lock().unwrap() = 3600 * SECOND;
    let start = tokio::time::Instant::now();
    let error = client.sniffer.sniff().await.unwrap_err();
    assert!(error.is_sniff() && start.elapsed() == 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_failed_periodic_sniff_is_repeated() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.status.lock().unwrap() = StatusCode::FORBIDDEN;
    let options = SniffOptions::default().every(3600 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    tokio::time::sleep(3601 * SECOND).await;
    *cluster.0.status.lock().unwrap() = StatusCode::OK;
    tokio::time::sleep(11 * SECOND).await;
    assert_eq!(client.urls(), ["http://10.0.0.1:9200"]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_lets_the_next_sniff_begin() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.delay.lock().unwrap() = SECOND;
    let client = client(
        &["http://seed"],
        &cluster,
        SniffOptions::default().before_requests(true),
    );
    assert!(
        tokio::time::timeout(SECOND / 2, client.send())
            .await
            .is_err()
    );
    tokio::time::sleep(10 * SECOND).await;
    client.send().await.unwrap();
    assert_eq!(
        (cluster.sniffs(), client.urls()),
        (2, vec!["http://10.0.0.1:9200".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn failing_sniffs_of_a_cluster_pause() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.status.lock().unwrap() = StatusCode::FORBIDDEN;
    let options = SniffOptions::default()
        .every(60 * SECOND)
        .min_delay(Duration::ZERO);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    tokio::time::sleep(61 * SECOND).await;
    let sniffs = cluster.sniffs();
    assert!(
        (30..=36).contains(&sniffs),
        "3 attempts in each of 10 sniffs a second: {sniffs}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_sniff_is_not_awaited_in_a_loop() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.delay.lock().unwrap() = 3 * SECOND;
    let options = SniffOptions::default()
        .every(SECOND)
        .min_delay(Duration::ZERO);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    client.sniffer.sniff().await.unwrap();
    assert_eq!(cluster.sniffs(), 1);
}
