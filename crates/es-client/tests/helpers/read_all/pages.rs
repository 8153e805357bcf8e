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
    // 10, 100, 500 four times, and the rest.
    expected.extend(["POST /_search"; 7]);
    expected.push("DELETE /_pit");
    assert_eq!(arrived(&cluster), expected);

    let requests = cluster.node(0).requests();
    let body = |at: usize| serde_json::from_slice::<Value>(&requests[at].body).unwrap();
    assert_eq!(requests[0].target, "/i/_pit?keep_alive=300s");
    assert_eq!(
        requests[1].target,
        "/_search?allow_partial_search_results=false"
    );
    assert_eq!(body(1)["pit"]["keep_alive"], "300s");
    assert_eq!(body(1)["sort"], json!(["_shard_doc"]));
    assert_eq!(body(1)["search_after"], Value::Null);
    assert_eq!(body(2)["search_after"].as_array().unwrap().len(), 1);
    assert_eq!(body(8)["id"], body(7)["pit"]["id"]);
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
        let source = hit.unwrap().into_source().unwrap().unwrap();
        assert_eq!(source["x"], Value::Null);
        order.push(source["n"].as_u64().unwrap());
    }
    assert_eq!(order, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    let target = &cluster.node(0).requests()[0].target;
    assert_eq!(target, "/i,none/_pit?keep_alive=7s&ignore_unavailable=true");
    assert_eq!(times(&cluster, "POST /_search"), 4);
}

#[tokio::test]
async fn slices_are_read_at_once() {
    let (cluster, client) = cluster(2).await;
    let reading = client
        .helpers()
        .read_all::<Value>("i")
        .page_size(300)
        .slices(3);
    assert_eq!(numbers(reading.stream()).await.unwrap().len() as u64, COUNT);
    assert_eq!(times(&cluster, "DELETE /_pit"), 1);
    let searches = times(&cluster, "POST /_search");
    // About 782 of each: pages of 10, 100, 300 and 300, and a rest.
    assert!((12..=18).contains(&searches), "{searches}");
}

#[tokio::test]
async fn what_is_written_meanwhile_is_not_seen() {
    let (_cluster, client) = cluster(1).await;
    let mut stream = client
        .helpers()
        .read_all::<Value>("i")
        .page_size(100)
        .stream();
    assert!(stream.next().await.unwrap().is_ok());
    client
        .index("i")
        .id("new")
        .document(json!({"n": COUNT}))
        .await
        .unwrap();
    assert_eq!(numbers(stream).await.unwrap().len() as u64, COUNT - 1);
}

#[tokio::test]
async fn nothing_found_is_an_end() {
    let (cluster, client) = cluster(1).await;
    let reading = client
        .helpers()
        .read_all::<Value>("i")
        .query(&json!({"match_none": {}}));
    assert!(numbers(reading.stream()).await.unwrap().is_empty());
    assert_eq!(
        arrived(&cluster),
        ["POST /i/_pit", "POST /_search", "DELETE /_pit"]
    );
}

#[tokio::test]
async fn a_scroll_reads_the_same() {
    let (cluster, client) = cluster(1).await;
    let reading = client
        .helpers()
        .read_all::<Value>("i")
        .page_size(500)
        .by_scroll(true);
    assert_eq!(numbers(reading.stream()).await.unwrap().len() as u64, COUNT);
    let mut expected = vec!["POST /i/_search"];
    expected.extend(["POST /_search/scroll"; 4]);
    expected.push("DELETE /_search/scroll");
    assert_eq!(arrived(&cluster), expected);
    let first = &cluster.node(0).requests()[0].target;
    assert_eq!(
        first,
        "/i/_search?scroll=300s&allow_partial_search_results=false"
    );

    let sliced = client
        .helpers()
        .read_all::<Value>("i")
        .page_size(100)
        .by_scroll(true)
        .slices(2);
    assert_eq!(numbers(sliced.stream()).await.unwrap().len() as u64, COUNT);
}

#[tokio::test]
async fn a_dropped_stream_closes_what_it_opened() {
    let (cluster, client) = cluster(1).await;
    for by_scroll in [false, true] {
        cluster.node(0).clear_records();
        let reading = client
            .helpers()
            .read_all::<Value>("i")
            .page_size(10)
            .by_scroll(by_scroll);
        let mut stream = reading.stream();
        for _ in 0..15 {
            stream.next().await.unwrap().unwrap();
        }
        drop(stream);
        let line = if by_scroll {
            "DELETE /_search/scroll"
        } else {
            "DELETE /_pit"
        };
        while times(&cluster, line) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let first_page = if by_scroll {
            "POST /i/_search"
        } else {
            "POST /_search"
        };
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
    cluster.node(0).inject(
        Fault::delay(Duration::from_millis(100))
            .once()
            .on_path("/i/_pit"),
    );
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
    cluster
        .node(0)
        .inject(Fault::status(503).once().when(closes));
    let mut stream = client
        .helpers()
        .read_all::<Value>("i")
        .page_size(10_000)
        .stream();
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
    tokio::time::timeout(Duration::from_secs(10), arrives)
        .await
        .unwrap();
}

/// 200 documents of 50 kB each, behind 200 of 20 bytes.
#[tokio::test]
async fn pages_adapt_to_bytes() {
    let (cluster, client) = cluster(1).await;
    let text = "x".repeat(50_000);
    let documents = (0..400_u64).map(move |n| {
        let text = if n < 200 { "" } else { text.as_str() };
        Operation::index(json!({"n": n, "text": text})).id(format!("{n:03}"))
    });
    assert!(
        client
            .helpers()
            .bulk("large", documents)
            .await
            .unwrap()
            .is_complete()
    );
    cluster.node(0).clear_records();
    let reading = client
        .helpers()
        .read_all::<Value>("large")
        .page_bytes(1_000_000);
    let seen = numbers(reading.sort(&json!(["n"])).stream()).await.unwrap();
    assert_eq!(seen, (0..400).collect());
    let requests = cluster.node(0).requests();
    let searches = requests
        .iter()
        .filter(|request| request.path() == "/_search");
    let sizes: Vec<_> = searches
        .map(|request| serde_json::from_slice::<Value>(&request.body).unwrap()["size"].clone())
        .collect();
    assert_eq!(sizes[..3], [10, 100, 1_000]);
    // The third page had all that was large, which is known from then on.
    let small = client
        .helpers()
        .read_all::<Value>("large")
        .page_bytes(1_000_000);
    cluster.node(0).clear_records();
    let seen = numbers(small.sort(&json!([{"n": "desc"}])).stream())
        .await
        .unwrap();
    assert_eq!(seen.len(), 400);
    let requests = cluster.node(0).requests();
    let largest = requests
        .iter()
        .filter(|request| request.path() == "/_search")
        .map(|request| {
            serde_json::from_slice::<Value>(&request.body).unwrap()["size"]
                .as_u64()
                .unwrap()
        });
    let sizes: Vec<_> = largest.collect();
    assert!(
        sizes[1..10].iter().all(|size| (15..=20).contains(size)),
        "{sizes:?}"
    );
}

#[tokio::test]
async fn vectors_are_asked_for_where_the_server_knows_how() {
    let (cluster, client) = cluster(1).await;
    let source = |at: usize| {
        let requests = cluster.node(0).requests();
        let searches: Vec<_> = requests
            .iter()
            .filter(|request| request.path() == "/_search")
            .collect();
        serde_json::from_slice::<Value>(&searches[at].body).unwrap()["_source"].clone()
    };
    let reading = || client.helpers().read_all::<Value>("i").page_size(10_000);
    for (reading, expected) in [
        (reading(), json!({"exclude_vectors": false})),
        (
            reading().source(&["n"]),
            json!({"includes": ["n"], "exclude_vectors": false}),
        ),
        (
            reading().source(&json!({"excludes": ["x"]})),
            json!({"excludes": ["x"], "exclude_vectors": false}),
        ),
        (reading().include_vectors(false), json!(true)),
    ] {
        cluster.node(0).clear_records();
        assert_eq!(numbers(reading.stream()).await.unwrap().len() as u64, COUNT);
        assert_eq!(source(0), expected);
    }

    // As servers before 9.2 say.
    let reason = "Unknown key for a VALUE_BOOLEAN in [exclude_vectors].";
    let refusal = json!({"error": {"type": "parsing_exception", "reason": reason}, "status": 400});
    let knows_not = |request: &http::Request<bytes::Bytes>| {
        String::from_utf8_lossy(request.body()).contains("exclude_vectors")
    };
    cluster.node(0).clear_records();
    cluster.node(0).inject(
        Fault::status(400)
            .body(refusal.to_string())
            .on_path("/_search")
            .when(knows_not),
    );
    assert_eq!(
        numbers(reading().stream()).await.unwrap().len() as u64,
        COUNT
    );
    assert_eq!((source(1), source(2)), (json!(true), json!(true)));
    // 10, again, 100, 1,000, and the rest.
    assert_eq!(times(&cluster, "POST /_search"), 5);
    // Slices that are refused at the same time.
    assert_eq!(
        numbers(reading().slices(3).stream()).await.unwrap().len() as u64,
        COUNT
    );
}

#[tokio::test]
async fn stream_is_resumed_after_the_last_hit_that_was_read() {
    let (cluster, client) = cluster(1).await;
    for (slices, pause_at) in [(1, 0), (1, 1), (1, 10), (1, 777), (3, 1_234)] {
        let reading = || client.helpers().read_all::<Value>("i").page_size(100);
        let mut stream = reading().slices(slices).stream();
        assert!(stream.resume_token().is_none());
        let mut seen = BTreeSet::new();
        for _ in 0..=pause_at {
            seen.insert(stream.next().await.unwrap().unwrap().id);
        }
        let token = stream.resume_token().unwrap().to_string();
        assert_eq!(stream.pause().unwrap().to_string(), token);
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(times(&cluster, "DELETE /_pit"), 0);

        let mut resumed = reading().resume(token.parse().unwrap()).stream();
        while let Some(hit) = resumed.next().await {
            let id = hit.unwrap().id;
            assert!(seen.insert(id.clone()), "{id} came twice");
        }
        assert_eq!(seen.len() as u64, COUNT);
        until(&cluster, "DELETE /_pit", 1).await;
        cluster.node(0).clear_records();
    }
    assert!(
        "{}".parse::<es_client::helpers::read_all::ResumeToken>()
            .unwrap_err()
            .is_invalid()
    );
}

#[tokio::test]
async fn stream_is_resumed_after_an_error() {
    let (cluster, client) = cluster(1).await;
    let reading = || {
        let all = client.helpers().read_all::<Value>("i");
        all.page_size(500).leave_open(true)
    };
    let mut stream = reading().stream();
    stream.next().await.unwrap().unwrap();
    cluster.inject(&Fault::status(403).on_path("_search"));
    let mut before = 1;
    while let Some(Ok(_)) = stream.next().await {
        before += 1;
    }
    assert!(before < COUNT);
    let token = stream.resume_token().unwrap();
    cluster.clear_faults();
    let rest = numbers(reading().resume(token).stream()).await.unwrap();
    assert_eq!(rest, (before..COUNT).collect());
}

#[tokio::test]
async fn token_of_another_search_is_refused() {
    let (_cluster, client) = cluster(1).await;
    let mut stream = client.helpers().read_all::<Value>("i").stream();
    stream.next().await.unwrap().unwrap();
    let token = stream.pause().unwrap();
    let read = |index| client.helpers().read_all::<Value>(index);
    let others = [
        (read("j"), "is of `i`, not of `j`"),
        (read("i").sort(&["n"]), "another query, sort"),
        (
            read("i").query(&json!({"exists": {"field": "n"}})),
            "another query",
        ),
        (read("i").routing("a"), "another query"),
    ];
    for (other, reason) in others {
        let mut other = other.resume(token.clone()).stream();
        let error = other.next().await.unwrap().unwrap_err();
        assert!(error.is_invalid(), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn reader_may_pause_longer_than_a_request() {
    let (cluster, _) = cluster(1).await;
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .request_timeout(Duration::from_millis(1_000))
        .build()
        .unwrap();
    let path = "_search";
    cluster
        .node(0)
        .inject(Fault::delay(Duration::from_millis(20)).on_path(path));
    for by_scroll in [true, false] {
        let reading = client
            .helpers()
            .read_all::<Value>("i")
            .page_size(300)
            .max_retries(0);
        let mut stream = reading.by_scroll(by_scroll).stream();
        let mut seen = 0;
        while let Some(hit) = stream.next().await {
            hit.unwrap();
            seen += 1;
            if seen % 800 == 0 {
                tokio::time::sleep(Duration::from_millis(1_500)).await;
            }
        }
        assert_eq!(seen, COUNT);
    }
}

#[tokio::test]
async fn settings_that_break_paging_are_refused() {
    let (cluster, client) = cluster(1).await;
    let reading = || client.helpers().read_all::<Value>("i");
    for reading in [
        reading().page_size(0),
        reading().search_property("size", &10),
        reading().search_property("aggs", &json!({})),
    ] {
        assert!(numbers(reading.stream()).await.unwrap_err().is_invalid());
    }
    assert!(arrived(&cluster).is_empty());
}
