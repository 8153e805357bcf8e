use std::time::Duration;

use es_testkit::Fault;
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn every_document_comes_once_and_the_point_in_time_is_closed() {
    let (cluster, client) = cluster(1).await;
    let reading = client.helpers().read_all::<Value>("i").page_size(500);
    let seen = numbers(reading.stream()).await.unwrap();
    assert_eq!(seen, (0..COUNT).collect());
    let mut expected = vec!["POST /i/_pit"];
    expected.extend(["POST /_search"; 5]);
    expected.push("DELETE /_pit");
    assert_eq!(arrived(&cluster), expected);

    let requests = cluster.node(0).requests();
    let body = |at: usize| serde_json::from_slice::<Value>(&requests[at].body).unwrap();
    assert_eq!(requests[0].target, "/i/_pit?keep_alive=300s");
    assert_eq!(requests[1].target, "/_search?allow_partial_search_results=false");
    assert_eq!(body(1)["pit"]["keep_alive"], "300s");
    assert_eq!(body(1)["sort"], json!(["_shard_doc"]));
    assert_eq!(body(1)["search_after"], Value::Null);
    assert_eq!(body(2)["search_after"].as_array().unwrap().len(), 1);
    assert_eq!(body(6)["id"], body(5)["pit"]["id"]);
}

#[tokio::test]
async fn what_is_asked_for_is_passed_on() {
    let (cluster, client) = cluster(1).await;
    let reading = client
        .helpers()
        .read_all::<Value>(["i", "none"])
        .query(&json!({"range": {"n": {"lt": 10}}}))
        .source(&["n"])
        .sort(&json!([{"x": "desc"}]))
        .page_size(3)
        .keep_alive(Duration::from_secs(7))
        .ignore_unavailable(true);
    let mut stream = reading.stream();
    let mut order = Vec::new();
    while let Some(hit) = stream.next().await {
        let source = hit.unwrap().source.unwrap();
        assert_eq!(source["x"], Value::Null);
        order.push(source["n"].as_u64().unwrap());
    }
    assert_eq!(order, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    let target = &cluster.node(0).requests()[0].target;
    assert_eq!(target, "/i,none/_pit?ignore_unavailable=true&keep_alive=7s");
    assert_eq!(times(&cluster, "POST /_search"), 4);
}

#[tokio::test]
async fn slices_are_read_at_once() {
    let (cluster, client) = cluster(2).await;
    let reading = client.helpers().read_all::<Value>("i").page_size(300).slices(3);
    assert_eq!(numbers(reading.stream()).await.unwrap().len() as u64, COUNT);
    assert_eq!(times(&cluster, "DELETE /_pit"), 1);
    let searches = times(&cluster, "POST /_search");
    // About 782 of each: three pages, or a fourth that is short.
    assert!((9..=12).contains(&searches), "{searches}");
}

#[tokio::test]
async fn what_is_written_meanwhile_is_not_seen() {
    let (_cluster, client) = cluster(1).await;
    let mut stream = client.helpers().read_all::<Value>("i").page_size(100).stream();
    assert!(stream.next().await.unwrap().is_ok());
    client.index("i").id("new").document(json!({"n": COUNT})).await.unwrap();
    assert_eq!(numbers(stream).await.unwrap().len() as u64, COUNT - 1);
}

#[tokio::test]
async fn nothing_found_is_an_end() {
    let (cluster, client) = cluster(1).await;
    let reading = client.helpers().read_all::<Value>("i").query(&json!({"match_none": {}}));
    assert!(numbers(reading.stream()).await.unwrap().is_empty());
    assert_eq!(arrived(&cluster), ["POST /i/_pit", "POST /_search", "DELETE /_pit"]);
}

#[tokio::test]
async fn a_scroll_reads_the_same() {
    let (cluster, client) = cluster(1).await;
    let reading = client.helpers().read_all::<Value>("i").page_size(500).by_scroll(true);
    assert_eq!(numbers(reading.stream()).await.unwrap().len() as u64, COUNT);
    let mut expected = vec!["POST /i/_search"];
    expected.extend(["POST /_search/scroll"; 4]);
    expected.push("DELETE /_search/scroll");
    assert_eq!(arrived(&cluster), expected);
    let first = &cluster.node(0).requests()[0].target;
    assert_eq!(first, "/i/_search?scroll=300s&allow_partial_search_results=false");

    let sliced = client.helpers().read_all::<Value>("i").page_size(100).by_scroll(true).slices(2);
    assert_eq!(numbers(sliced.stream()).await.unwrap().len() as u64, COUNT);
}

#[tokio::test]
async fn a_dropped_stream_closes_what_it_opened() {
    let (cluster, client) = cluster(1).await;
    for by_scroll in [false, true] {
        cluster.node(0).clear_records();
        let reading = client.helpers().read_all::<Value>("i").page_size(10).by_scroll(by_scroll);
        let mut stream = reading.stream();
        for _ in 0..15 {
            stream.next().await.unwrap().unwrap();
        }
        drop(stream);
        let line = if by_scroll { "DELETE /_search/scroll" } else { "DELETE /_pit" };
        while times(&cluster, line) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let first_page = if by_scroll { "POST /i/_search" } else { "POST /_search" };
        assert!(times(&cluster, first_page) >= 1);
        assert!(arrived(&cluster).len() <= 6, "it read on");
    }
    // One that was never read opened nothing.
    cluster.node(0).clear_records();
    drop(client.helpers().read_all::<Value>("i").stream());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(arrived(&cluster).is_empty());
}

#[tokio::test]
async fn a_stream_dropped_while_it_opens_closes_what_was_opened() {
    let (cluster, client) = cluster(1).await;
    cluster.node(0).inject(Fault::delay(Duration::from_millis(100)).once().on_path("/i/_pit"));
    let mut stream = client.helpers().read_all::<Value>("i").stream();
    tokio::select! {
        biased;
        _ = stream.next() => panic!("it was not delayed"),
        () = until(&cluster, "POST /i/_pit", 1) => drop(stream),
    }
    until(&cluster, "DELETE /_pit", 1).await;
    assert_eq!(arrived(&cluster), ["POST /i/_pit", "DELETE /_pit"]);
}

#[tokio::test]
async fn a_stream_dropped_while_it_closes_is_closed_all_the_same() {
    let (cluster, client) = cluster(1).await;
    let closes = |request: &http::Request<bytes::Bytes>| request.method() == http::Method::DELETE;
    cluster.node(0).inject(Fault::status(503).once().when(closes));
    let mut stream = client.helpers().read_all::<Value>("i").page_size(10_000).stream();
    for _ in 0..COUNT {
        stream.next().await.unwrap().unwrap();
    }
    tokio::select! {
        biased;
        _ = stream.next() => panic!("it did not wait"),
        () = until(&cluster, "DELETE /_pit", 1) => drop(stream),
    }
    until(&cluster, "DELETE /_pit", 2).await;
}

/// Waits until a request has arrived so many times.
async fn until(cluster: &Cluster, line: &str, count: usize) {
    let arrives = async {
        while times(cluster, line) < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), arrives).await.unwrap();
}
