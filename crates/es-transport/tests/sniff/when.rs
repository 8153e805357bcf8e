//! When it looks.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use es_transport::sniff::SniffOptions;

use crate::{Cluster, SECOND, client, settle};

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_by_default() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let client = client(&["http://seed"], &cluster, SniffOptions::default());
    client.send().await.unwrap();
    client.sniffer.expire();
    tokio::time::sleep(1000 * SECOND).await;
    client.send().await.unwrap();
    assert_eq!(cluster.looks(), 0);
}

#[tokio::test(start_paused = true)]
async fn on_start_the_first_request_waits_and_goes_to_a_found_node() {
    let cluster = Cluster::of(&["10.0.0.1:9200", "[::1]:9201"]);
    let options = SniffOptions::default().on_start(true);
    let client = client(&["https://user:secret@seed/in"], &cluster, options);
    client.send().await.unwrap();
    assert_eq!(client.urls(), ["https://10.0.0.1:9200/in", "https://[::1]:9201/in"]);
    let asked = cluster.0.asked.lock().unwrap().clone();
    assert_eq!(asked[0], "https://seed:443/in/_nodes/http");
    assert!(asked[1] == "https://10.0.0.1:9200/in/" || asked[1] == "https://[::1]:9201/in/");
    assert!(client.pool.nodes().iter().all(|(node, _)| node.credentials().is_some()));
    tokio::time::sleep(1000 * SECOND).await;
    client.send().await.unwrap();
    assert_eq!(cluster.looks(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_request_waits_and_the_others_go_on() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    *cluster.0.delay.lock().unwrap() = SECOND;
    let client = client(&["http://seed"], &cluster, SniffOptions::default().on_start(true));
    let start = tokio::time::Instant::now();
    let elapsed = async || {
        client.send().await.unwrap();
        start.elapsed()
    };
    let (first, second) = tokio::join!(elapsed(), elapsed());
    assert_eq!((first, second), (SECOND, Duration::ZERO));
    assert_eq!(cluster.looks(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_node_starts_a_look_now_or_when_the_delay_is_over() {
    let cluster = Cluster::of(&["b:80"]);
    *cluster.0.down.lock().unwrap() = vec!["a"];
    let options = SniffOptions::default().on_node_failure(true);
    let client = client(&["http://a", "http://b"], &cluster, options);
    assert!(client.send().await.unwrap_err().is_connect());
    settle().await;
    assert_eq!((cluster.looks(), client.urls()), (1, vec!["http://b:80".to_owned()]));

    *cluster.0.down.lock().unwrap() = vec!["b"];
    cluster.publishes(&["c:80"]);
    assert!(client.send().await.is_err());
    settle().await;
    *cluster.0.down.lock().unwrap() = vec![];
    tokio::time::sleep(9 * SECOND).await;
    client.send().await.unwrap();
    settle().await;
    assert_eq!(cluster.looks(), 1);
    tokio::time::sleep(2 * SECOND).await;
    client.send().await.unwrap();
    settle().await;
    assert_eq!((cluster.looks(), client.urls()), (2, vec!["http://c:80".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn before_requests_looks_at_most_once_per_delay() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default().before_requests(true).min_delay(30 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    for second in 0..100 {
        client.send().await.unwrap();
        assert_eq!(cluster.looks(), second / 30 + 1);
        tokio::time::sleep(SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn from_time_to_time_a_task_looks_and_dies_with_the_last_clone() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default().every(60 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    assert_eq!(cluster.looks(), 0);
    tokio::time::sleep(185 * SECOND).await;
    assert_eq!(cluster.looks(), 3);

    let pool = Arc::downgrade(&client.pool);
    drop(client);
    settle().await;
    assert!(pool.upgrade().is_none(), "the task holds no part of the transport");
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!(cluster.looks(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_when_the_transport_is_closed() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default().every(60 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    cluster.0.is_closed.store(true, Ordering::SeqCst);
    tokio::time::sleep(3600 * SECOND).await;
    let asked = cluster.0.asked.lock().unwrap();
    assert_eq!(asked.iter().filter(|uri| uri.ends_with("/_nodes/http")).count(), 1);
}

#[test]
fn without_a_task_an_overdue_look_rides_on_a_request() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    // Made without a runtime, used in one runtime per call, as functions are.
    let options = SniffOptions::default().every(60 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    let call = |advance: Duration| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            tokio::time::pause();
            tokio::time::advance(advance).await;
            client.send().await.unwrap();
            settle().await;
        });
    };
    call(Duration::ZERO);
    assert_eq!(cluster.looks(), 0);
    call(61 * SECOND);
    assert_eq!((cluster.looks(), client.urls()), (1, vec!["http://10.0.0.1:9200".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn what_may_be_old_is_looked_at_with_the_next_request() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default().every(3600 * SECOND);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    settle().await;
    assert_eq!(cluster.looks(), 0);
    client.sniffer.expire();
    client.send().await.unwrap();
    settle().await;
    assert_eq!(cluster.looks(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_may_be_old_is_asked_for_at_once_in_the_background() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let client = client(&["http://seed"], &cluster, SniffOptions::default().on_node_failure(true));
    let expiry = client.sniffer.expiry();
    expiry();
    settle().await;
    assert_eq!((cluster.looks(), client.urls()), (1, vec!["http://10.0.0.1:9200".to_owned()]));
    // Within the minimal delay, a later request looks.
    expiry();
    settle().await;
    client.send().await.unwrap();
    assert_eq!(cluster.looks(), 1);
    tokio::time::sleep(11 * SECOND).await;
    client.send().await.unwrap();
    settle().await;
    assert_eq!(cluster.looks(), 2);
    drop(client);
    expiry();
}

#[tokio::test(start_paused = true)]
async fn times_may_be_longer_than_any_clock() {
    let cluster = Cluster::of(&["10.0.0.1:9200"]);
    let options = SniffOptions::default()
        .on_start(true)
        .on_node_failure(true)
        .every(Duration::MAX)
        .min_delay(Duration::MAX)
        .timeout(Duration::MAX);
    let client = client(&["http://seed"], &cluster, options);
    client.send().await.unwrap();
    client.sniffer.expire();
    tokio::time::sleep(1000 * SECOND).await;
    client.send().await.unwrap();
    assert_eq!(cluster.looks(), 1);
    client.sniffer.sniff().await.unwrap();
    assert_eq!(cluster.looks(), 2);
}
