use std::time::Duration;

use bytes::Bytes;
use es_testkit::Fault;
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::*;

fn reading(client: &Elasticsearch) -> es_client::helpers::read_all::ReadAll<Value> {
    let reading = client.helpers().read_all::<Value>("i").page_size(200);
    reading.backoff(Duration::from_millis(10), Duration::from_millis(20))
}

fn respond(status: u16, body: &Value) -> Fault {
    let response = http::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("x-elastic-product", "Elasticsearch");
    Fault::response(response.body(Bytes::from(body.to_string())).unwrap())
}

#[tokio::test]
async fn pages_that_fail_for_a_moment_are_retried() {
    let (cluster, client) = cluster(2).await;
    let node = cluster.node(0);
    node.inject(Fault::status(429).times(3).on_path("/_search"));
    node.inject(
        Fault::reset()
            .after_processing()
            .times(2)
            .on_path("/_search"),
    );
    node.inject(Fault::status(503).times(2).on_path("/_search"));
    node.inject(Fault::cut_body().times(1).on_path("/_search"));
    assert_eq!(
        numbers(reading(&client).stream()).await.unwrap().len() as u64,
        COUNT
    );
    assert_eq!(times(&cluster, "DELETE /_pit"), 1);
}

#[tokio::test]
async fn a_node_lost_in_the_middle_loses_nothing() {
    let (cluster, client) = cluster(3).await;
    let mut stream = reading(&client).slices(3).stream();
    let mut seen = BTreeSet::new();
    while let Some(hit) = stream.next().await {
        seen.insert(hit.unwrap().id);
        if seen.len() == 700 {
            cluster.node(1).kill().await;
        }
    }
    assert_eq!(seen.len() as u64, COUNT);
}

#[tokio::test]
async fn what_was_read_before_an_error_comes_first() {
    let (cluster, client) = cluster(1).await;
    let lost = json!({"error": {"type": "search_context_missing_exception", "reason": "gone"}, "status": 404});
    let later = |request: &http::Request<Bytes>| {
        String::from_utf8_lossy(request.body()).contains("search_after")
    };
    cluster
        .node(0)
        .inject(respond(404, &lost).on_path("/_search").when(later));
    let mut stream = reading(&client).stream();
    for _ in 0..10 {
        stream.next().await.unwrap().unwrap();
    }
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(
        error.as_api().unwrap().kind.as_deref(),
        Some("search_context_missing_exception")
    );
    assert!(stream.next().await.is_none());
    assert_eq!(times(&cluster, "DELETE /_pit"), 1);
}

#[tokio::test]
async fn shards_that_fail_are_errors_unless_allowed() {
    let (cluster, client) = cluster(1).await;
    let partial = json!({"took": 1, "timed_out": false,
        "_shards": {"total": 3, "successful": 2, "skipped": 0, "failed": 1,
            "failures": [{"shard": 1, "index": "i", "reason": {"type": "x_exception", "reason": "why"}}]},
        "hits": {"hits": [{"_index": "i", "_id": "1", "_score": null, "_source": {"n": 1}, "sort": [1]}]}});
    cluster
        .node(0)
        .inject(respond(200, &partial).on_path("/_search").times(2));
    let error = numbers(reading(&client).stream()).await.unwrap_err();
    assert!(error.is_partial());
    assert_eq!(
        error.to_string(),
        "the response is incomplete: 1 of 3 shards failed: [i][1] x_exception: why"
    );
    let allowed = reading(&client).allow_partial_results(true);
    // The page has the hit of place 1; the next one goes on after it.
    let read = numbers(allowed.stream()).await.unwrap();
    assert!(read.len() > 1, "the short page was taken for the last");
    let asked = cluster
        .node(0)
        .requests()
        .into_iter()
        .filter(|r| r.path() == "/_search");
    let targets: Vec<_> = asked.map(|request| request.target).collect();
    assert_eq!(targets[0], "/_search?allow_partial_search_results=false");
    assert_eq!(targets[1], "/_search?allow_partial_search_results=true");

    let mut late = partial;
    late["timed_out"] = true.into();
    late["_shards"]["failed"] = 0.into();
    cluster.node(0).clear_faults();
    cluster
        .node(0)
        .inject(respond(200, &late).on_path("/_search"));
    assert!(
        numbers(reading(&client).stream())
            .await
            .unwrap_err()
            .is_partial()
    );
}

#[tokio::test]
async fn page_without_hits_or_a_position_is_an_error() {
    let (cluster, client) = cluster(1).await;
    let unsorted = json!([{"_index": "i", "_id": "1", "_source": {"n": 1}}]);
    for hits in [
        json!({}),
        json!({"hits": null}),
        json!({ "hits": unsorted }),
    ] {
        cluster.node(0).clear_faults();
        cluster
            .node(0)
            .inject(respond(200, &json!({ "hits": hits })).on_path("/_search"));
        let error = numbers(reading(&client).stream()).await.unwrap_err();
        assert!(error.is_decode(), "{hits}: {error}");
    }

    cluster.node(0).clear_faults();
    cluster
        .node(0)
        .inject(respond(200, &json!({"hits": {"hits": unsorted}})).on_path("/_search"));
    let error = numbers(reading(&client).by_scroll(true).stream())
        .await
        .unwrap_err();
    assert!(error.is_decode(), "{error}");
}

#[tokio::test]
async fn skipped_clusters_are_errors_unless_allowed() {
    let (cluster, client) = cluster(1).await;
    let page = json!({"_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "_clusters": {"total": 2, "successful": 1, "skipped": 1},
        "hits": {"hits": [{"_index": "i", "_id": "1", "_source": {"n": 1}, "sort": [1]}]}});
    cluster
        .node(0)
        .inject(respond(200, &page).on_path("/_search").times(2));
    let error = numbers(reading(&client).stream()).await.unwrap_err();
    assert!(error.is_partial());
    assert_eq!(
        error.to_string(),
        "the response is incomplete: 1 of 2 clusters are missing"
    );
    let allowed = reading(&client).allow_partial_results(true);
    assert!(numbers(allowed.stream()).await.unwrap().contains(&1));
}

#[tokio::test]
async fn retries_have_an_end() {
    let (cluster, client) = cluster(1).await;
    cluster
        .node(0)
        .inject(Fault::status(429).on_path("/_search"));
    let error = numbers(reading(&client).max_retries(2).stream())
        .await
        .unwrap_err();
    assert!(error.is_too_many_requests());
    assert_eq!(times(&cluster, "POST /_search"), 3);
    assert_eq!(times(&cluster, "DELETE /_pit"), 1);

    cluster.node(0).inject(Fault::status(429).on_path("/_pit"));
    cluster.node(0).clear_records();
    let error = numbers(reading(&client).max_retries(2).stream())
        .await
        .unwrap_err();
    assert!(error.is_too_many_requests());
    assert_eq!(arrived(&cluster), ["POST /i/_pit"; 3]);
}

#[tokio::test]
async fn a_server_without_points_in_time_is_read_by_scroll() {
    let unknown = [
        respond(
            400,
            &json!({"error": "no handler found for uri [/i/_pit] and method [POST]"}),
        ),
        respond(
            405,
            &json!({"error": "Incorrect HTTP method for uri [/i/_pit]", "status": 405}),
        ),
    ];
    for unknown in unknown {
        let (cluster, client) = cluster(1).await;
        cluster.node(0).inject(unknown.on_path("/_pit"));
        assert_eq!(
            numbers(reading(&client).stream()).await.unwrap().len() as u64,
            COUNT
        );
        assert_eq!(times(&cluster, "POST /_search/scroll"), 11);
        assert_eq!(times(&cluster, "DELETE /_search/scroll"), 1);
    }
}

#[tokio::test]
async fn an_index_that_is_not_there_is_an_error_not_a_scroll() {
    let (cluster, client) = cluster(1).await;
    let error = numbers(client.helpers().read_all("none").stream())
        .await
        .unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(arrived(&cluster), ["POST /none/_pit"]);
}

#[tokio::test]
async fn a_page_of_a_scroll_is_never_left_out_in_silence() {
    let (cluster, client) = cluster(2).await;
    let next = |request: &http::Request<Bytes>| {
        request.method() == http::Method::POST && request.uri().path() == "/_search/scroll"
    };
    let lost = || Fault::reset().after_processing().once().when(next);
    cluster.nodes().iter().for_each(|node| node.inject(lost()));
    let mut stream = reading(&client).by_scroll(true).stream();
    let mut seen = 0;
    let error = loop {
        match stream.next().await.unwrap() {
            Ok(_) => seen += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(seen, 200);
    assert!(
        error.as_transport().is_some_and(|error| error.is_io()),
        "{error}"
    );
    assert_eq!(times(&cluster, "POST /_search/scroll"), 1);
    assert_eq!(times(&cluster, "DELETE /_search/scroll"), 1);

    // A refusal is none: the server has not moved on.
    cluster
        .nodes()
        .iter()
        .for_each(es_testkit::NodeHandle::clear_faults);
    cluster
        .node(0)
        .inject(Fault::status(429).times(2).on_path("/_search/scroll"));
    let seen = numbers(reading(&client).by_scroll(true).stream())
        .await
        .unwrap();
    assert_eq!(seen.len() as u64, COUNT);
}
