//! Over real sockets.

use std::{collections::BTreeSet, time::Duration};

use es_client::{Elasticsearch, helpers::bulk::Operation};
use es_testkit::{Cluster, Fault};
use futures_util::StreamExt;
use serde_json::{Value, json};

/// An interval that does not end while a test runs: batches are full.
const MINUTE: Duration = Duration::from_secs(60);

fn client(cluster: &Cluster) -> Elasticsearch {
    Elasticsearch::builder()
        .nodes(cluster.urls())
        .build()
        .unwrap()
}

fn numbers(count: u64) -> impl Iterator<Item = Operation<Value>> {
    (0..count).map(|n| Operation::index(json!({ "n": n })).id(n.to_string()))
}

/// Number of operations that all nodes received, and how many different ones.
fn arrived(cluster: &Cluster) -> (usize, usize) {
    let mut all = Vec::new();
    for node in cluster.nodes() {
        for request in node
            .requests()
            .iter()
            .filter(|request| request.path().ends_with("_bulk"))
        {
            let lines: Vec<_> = request.body.split(|byte| *byte == b'\n').collect();
            all.extend(
                lines
                    .chunks(2)
                    .filter(|pair| pair.len() == 2)
                    .map(|pair| pair[1].to_vec()),
            );
        }
    }
    (all.len(), all.iter().collect::<BTreeSet<_>>().len())
}

async fn count(client: &Elasticsearch, index: &str) -> u64 {
    let path = format!("/{index}/_count");
    let response = client.request(http::Method::GET, &path, ()).await.unwrap();
    response.json::<Value>().unwrap()["count"].as_u64().unwrap()
}

#[tokio::test]
async fn everything_arrives_once() {
    let cluster = Cluster::builder().nodes(3).start().await.unwrap();
    let client = client(&cluster);
    let bulk = client
        .helpers()
        .bulk("i", numbers(12_345))
        .flush_interval(MINUTE);
    let report = bulk.await.unwrap();
    assert_eq!((report.operations, report.succeeded), (12_345, 12_345));
    assert_eq!((report.requests, report.retried), (3, 0));
    assert_eq!(arrived(&cluster), (12_345, 12_345));
    assert_eq!(count(&client, "i").await, 12_345);
}

#[tokio::test]
async fn a_node_lost_in_the_middle_loses_nothing() {
    let cluster = Cluster::builder().nodes(3).start().await.unwrap();
    let client = client(&cluster);
    let bulk = client
        .helpers()
        .bulk("i", numbers(4_000))
        .flush_operations(50);
    let mut stream = bulk.stream();
    let mut written = 0;
    while let Some(outcome) = stream.next().await {
        assert!(outcome.unwrap().result.is_ok());
        written += 1;
        if written == 1_000 {
            cluster.node(1).kill().await;
        }
    }
    assert_eq!(written, 4_000);
    assert_eq!(arrived(&cluster).1, 4_000);
    assert_eq!(count(&client, "i").await, 4_000);
}

#[tokio::test]
async fn lost_responses_duplicate_nothing() {
    let cluster = Cluster::builder().start().await.unwrap();
    let client = client(&cluster);
    let documents = (0..2_000).map(|n| json!({ "n": n }));
    let lost = || Fault::reset().after_processing().times(3).on_path("_bulk");

    cluster.node(0).inject(lost());
    let helpers = client.helpers();
    let bulk = helpers
        .bulk("made", documents.clone())
        .flush_operations(100)
        .make_ids(true);
    let report = bulk.await.unwrap();
    assert_eq!((report.succeeded, report.unknown), (2_000, 0));
    assert_eq!(arrived(&cluster), (2_300, 2_000));
    assert_eq!(count(&client, "made").await, 2_000);

    cluster.node(0).clear_records();
    cluster.node(0).inject(lost());
    let report = helpers
        .bulk("server", documents)
        .flush_operations(100)
        .await
        .unwrap();
    assert_eq!((report.succeeded, report.unknown), (1_700, 300));
    // They were written: the responses were lost, not the requests.
    assert_eq!(arrived(&cluster), (2_000, 2_000));
    assert_eq!(count(&client, "server").await, 2_000);
}

#[tokio::test]
async fn bodies_stay_below_what_the_server_takes() {
    let cluster = Cluster::builder()
        .max_content_length(10_000)
        .start()
        .await
        .unwrap();
    let client = client(&cluster);
    let report = client
        .helpers()
        .bulk("i", numbers(3_000))
        .max_in_flight(1)
        .await
        .unwrap();
    assert_eq!((report.succeeded, report.failed), (3_000, 0));
    assert_eq!(count(&client, "i").await, 3_000);
    let refused = cluster
        .node(0)
        .requests()
        .iter()
        .filter(|r| r.raw_body.is_empty())
        .count();
    assert!(refused < 40, "{refused} requests were too large");
}

#[tokio::test]
async fn a_dropped_stream_sends_nothing_more() {
    let cluster = Cluster::builder().start().await.unwrap();
    let client = client(&cluster);
    let mut stream = client
        .helpers()
        .bulk("i", numbers(100_000))
        .flush_operations(100)
        .stream();
    for _ in 0..150 {
        stream.next().await.unwrap().unwrap();
    }
    drop(stream);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (all, different) = arrived(&cluster);
    assert_eq!(all, different);
    assert!(all <= 100 * (2 + 4), "{all} arrived");
    assert_eq!(arrived(&cluster).0, all);
}

#[tokio::test]
async fn poisoned_documents_come_with_their_lines() {
    let cluster = Cluster::builder().start().await.unwrap();
    let client = client(&cluster);
    client.index("i").document(json!({"n": 1})).await.unwrap();
    let operations = (0..10).map(|n| {
        let value = if n == 6 { json!("seven") } else { json!(n) };
        Operation::index(json!({ "n": value })).id(n.to_string())
    });
    let report = client.helpers().bulk("i", operations).await.unwrap();
    assert_eq!((report.succeeded, report.failed), (9, 1));
    let failure = &report.failures[0];
    assert_eq!((failure.number, failure.id.as_deref()), (6, Some("6")));
    let error = failure.result.as_ref().unwrap_err();
    assert_eq!(error.status(), Some(400));
    assert_eq!(
        error.operation(),
        "{\"index\":{\"_id\":\"6\"}}\n{\"n\":\"seven\"}\n"
    );
}

#[tokio::test]
async fn bodies_are_compressed_while_they_are_written() {
    let cluster = Cluster::builder().start().await.unwrap();
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .http_compress(true)
        .build()
        .unwrap();
    // Halves and what is retried are compressed, too.
    cluster
        .node(0)
        .inject(Fault::status(413).once().on_path("_bulk"));
    cluster
        .node(0)
        .inject(Fault::status(429).once().on_path("_bulk"));
    let bulk = client
        .helpers()
        .bulk("i", numbers(12_345))
        .flush_interval(MINUTE);
    let report = bulk.max_in_flight(1).await.unwrap();
    assert_eq!((report.succeeded, report.retried), (12_345, 2_500));
    assert_eq!(count(&client, "i").await, 12_345);
    let requests = cluster.node(0).requests();
    let bulks: Vec<_> = requests
        .iter()
        .filter(|request| request.path() == "/i/_bulk")
        .collect();
    assert!(
        bulks
            .iter()
            .all(|request| request.header("content-encoding") == Some("gzip"))
    );
    let sum =
        |length: fn(&es_testkit::Recorded) -> usize| bulks.iter().map(|r| length(r)).sum::<usize>();
    let (plain, sent) = (
        sum(|request| request.body.len()),
        sum(|request| request.raw_body.len()),
    );
    assert_eq!(plain as u64, report.bytes);
    assert!(sent * 4 < plain, "{sent} of {plain}");
    // Too small to be worth it, one goes as it is.
    let report = client.helpers().bulk("i", numbers(1)).await.unwrap();
    assert!(report.is_complete());
    assert_eq!(
        cluster
            .node(0)
            .requests()
            .pop()
            .unwrap()
            .header("content-encoding"),
        None
    );
}
