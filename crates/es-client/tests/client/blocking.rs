//! The blocking client: beside a runtime, within one, and where it must refuse.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use std::time::Duration;

use es_client::{Elasticsearch, SearchResponse, blocking};
use es_testkit::{Cluster, Fault};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// A cluster on a runtime of its own, and a blocking client of it.
fn start() -> (blocking::Elasticsearch, Cluster, Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let cluster = runtime
        .block_on(Cluster::builder().nodes(2).start())
        .unwrap();
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .build()
        .unwrap();
    (
        blocking::Elasticsearch::new(client).unwrap(),
        cluster,
        runtime,
    )
}

#[test]
fn export_resumes_from_its_token() {
    let (client, _cluster, _runtime) = start();
    let documents = (0..1_500).map(|n| json!({ "n": n }));
    let written = client.wait(client.helpers().bulk("i", documents));
    assert!(written.unwrap().is_complete());
    let reading = || client.helpers().read_all::<Value>("i").leave_open(true);
    let mut hits = client.iter(reading().stream());
    assert!(hits.resume_token().is_none());
    assert!(hits.by_ref().take(700).all(|hit| hit.is_ok()));
    let token = hits.resume_token().unwrap();
    drop(hits);
    let rest = client.iter(reading().resume(token).stream());
    assert_eq!(rest.map(Result::unwrap).count(), 800);
}

#[test]
fn every_call_and_helper_can_be_waited_for() {
    let (client, cluster, _runtime) = start();
    assert!(client.wait(client.ping()).unwrap());
    let documents = (0..3_000).map(|n| json!({ "n": n }));
    let report = client
        .wait(client.helpers().bulk("i", documents).make_ids(true))
        .unwrap();
    assert_eq!(report.succeeded, 3_000);
    let found: SearchResponse<Value> = client.wait(client.search("i").size(7)).unwrap();
    assert_eq!(found.hits().len(), 7);

    let all = client.helpers().read_all::<Value>("i").slices(2).stream();
    assert_eq!(client.iter(all).map(Result::unwrap).count(), 3_000);
    let outcomes = client
        .helpers()
        .bulk("j", [json!({"n": 1}), json!({"n": 2})])
        .stream();
    assert!(
        client
            .iter(outcomes)
            .all(|outcome| outcome.unwrap().result.is_ok())
    );

    let named = client.options().opaque_id("named");
    client.wait(named.info()).unwrap();
    let last = |node: usize| cluster.node(node).requests().pop();
    let ids =
        [last(0), last(1)].map(|r| r.and_then(|r| r.header("x-opaque-id").map(str::to_owned)));
    assert!(ids.contains(&Some("named".to_owned())));
}

#[test]
fn times_and_retries_work_without_a_runtime_in_the_caller() {
    let (client, cluster, _runtime) = start();
    cluster
        .nodes()
        .iter()
        .for_each(|node| node.inject(Fault::status(429).times(1)));
    client.wait(client.info()).unwrap();
    cluster
        .nodes()
        .iter()
        .for_each(|node| node.inject(Fault::hang()));
    let short = client.options().request_timeout(Duration::from_millis(50));
    assert!(client.wait(short.info()).unwrap_err().is_timeout());
}

#[test]
fn many_threads_share_one_client() {
    let (client, cluster, _runtime) = start();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let client = client.clone();
            scope.spawn(move || {
                for number in 0..20 {
                    let call = client.index("i").id(format!("{thread}-{number}"));
                    client.wait(call.document(json!({"n": number}))).unwrap();
                }
            });
        }
    });
    assert_eq!(cluster.request_count(), 160);
}

#[test]
fn an_iterator_that_is_dropped_closes_what_it_opened() {
    let (client, cluster, _runtime) = start();
    let documents = (0..100).map(|n| json!({ "n": n }));
    client
        .wait(client.helpers().bulk("i", documents))
        .map(drop)
        .unwrap();
    let mut hits = client.iter(
        client
            .helpers()
            .read_all::<Value>("i")
            .page_size(10)
            .stream(),
    );
    assert!(hits.next().unwrap().is_ok());
    drop(hits);
    let closed = || {
        let requests = cluster
            .nodes()
            .iter()
            .flat_map(|node| node.requests())
            .collect::<Vec<_>>();
        requests
            .iter()
            .any(|r| r.method == http::Method::DELETE && r.path() == "/_pit")
    };
    client
        .wait(async {
            while !closed() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok::<_, es_client::Error>(())
        })
        .unwrap();
}

#[test]
fn within_a_runtime_it_works_where_blocking_is_allowed_and_says_so_elsewhere() {
    let (client, cluster, runtime) = start();
    let count = || cluster.request_count();
    runtime.block_on(async {
        let clone = client.clone();
        let blocking = tokio::task::spawn_blocking(move || clone.wait(clone.ping()));
        assert!(blocking.await.unwrap().unwrap());
        assert!(tokio::task::block_in_place(|| client.wait(client.ping())).unwrap());
        // On this thread tokio lets one block until the next yield after that.
        tokio::task::yield_now().await;
        let before = count();

        let error = client.wait(client.ping()).unwrap_err();
        assert!(error.is_invalid());
        assert!(error.to_string().contains("spawn_blocking"), "{error}");
        let mut hits = client.iter(client.helpers().read_all::<Value>("i").stream());
        assert!(hits.next().unwrap().unwrap_err().is_invalid());
        assert!(hits.next().is_none());
        let stopped = client
            .wait(client.helpers().bulk("i", [json!({})]))
            .unwrap_err();
        assert!(stopped.error.is_invalid());
        assert_eq!(count(), before);

        // The task goes on as if nothing had been.
        assert!(client.ping().await.unwrap());
    });
}

#[tokio::test]
async fn a_cluster_on_the_same_thread_is_no_deadlock() {
    let cluster = Cluster::builder().start().await.unwrap();
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .build()
        .unwrap();
    let client = blocking::Elasticsearch::new(client).unwrap();
    assert!(client.wait(client.ping()).unwrap_err().is_invalid());
    let waits = tokio::task::spawn_blocking(move || client.wait(client.ping()));
    assert!(waits.await.unwrap().unwrap());
}
