//! The course of the request: other nodes, retries, and none at all.

use es_testkit::{Cluster, Fault};
use es_transport::{RequestOptions, attempt::Outcome, extensions::Attempts};
use http::StatusCode;
use tokio::time::timeout;

use crate::bad_responses::{
    PATIENCE, SHORT,
    cluster_support::{builder, get, post, quick_retry, send_and_read, with},
    one_node,
};

/// Faults of a node that another node can make good.
fn passing_faults() -> Vec<Fault> {
    vec![
        Fault::garbage(),
        Fault::close(),
        Fault::reset(),
        Fault::cut_body(),
        Fault::reset_in_body(),
        Fault::status(502),
        Fault::status(503),
        Fault::status(504),
    ]
}

#[tokio::test]
async fn other_nodes_are_still_used() {
    for fault in passing_faults() {
        let cluster = Cluster::builder().nodes(2).start().await.unwrap();
        let transport = builder(cluster.urls()).build().unwrap();
        cluster.node(0).inject(fault.clone());
        for _ in 0..6 {
            let sent = timeout(PATIENCE, transport.send(get("/"))).await.unwrap();
            let response = sent.unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
            assert_eq!(response.status(), 200, "{fault:?}");
        }
        assert_eq!(
            cluster.node(0).request_count(),
            1,
            "{fault:?}: it is left alone"
        );
        assert_eq!(cluster.node(1).request_count(), 6, "{fault:?}");
    }
}

#[tokio::test]
async fn the_trail_tells_what_happened_at_each_node() {
    let cluster = Cluster::builder().nodes(3).start().await.unwrap();
    let transport = builder(cluster.urls()).build().unwrap();
    // Whichever node comes first breaks, and so does the second.
    cluster.node(0).inject(Fault::garbage());
    cluster.node(1).inject(Fault::garbage());
    let mut trails = 0;
    for _ in 0..6 {
        let response = transport.send(get("/")).await.unwrap();
        let Some(Attempts(attempts)) = response.extensions().get() else {
            continue;
        };
        trails += 1;
        let (last, failed) = attempts.split_last().unwrap();
        assert_eq!(last.outcome, Outcome::Status(StatusCode::OK));
        assert_eq!(last.node.as_deref(), Some(&*cluster.url(2)));
        for attempt in failed {
            let Outcome::Failed(message) = &attempt.outcome else {
                panic!("{attempt:?}")
            };
            assert!(message.contains("not an HTTP response"), "{message}");
            assert!(attempt.retried.is_some());
        }
    }
    assert!((1..=2).contains(&trails), "{trails}");
    assert_eq!(transport.pool().unwrap().live(), 1);
}

#[tokio::test]
async fn what_was_taken_and_broke_is_not_retried_by_post() {
    let cluster = Cluster::builder().nodes(2).start().await.unwrap();
    let transport = builder(cluster.urls()).build().unwrap();
    for node in cluster.nodes() {
        node.inject(Fault::cut_body());
    }
    let error = transport
        .send(post("/events/_doc", "{}"))
        .await
        .unwrap_err();
    assert!(error.is_io(), "{error}");
    assert_eq!((error.attempts().len(), cluster.request_count()), (1, 1));
}

#[tokio::test]
async fn a_broken_response_is_retried_within_the_total_time() {
    let cluster = one_node().await;
    let retry = quick_retry().max_retries(1_000).retry_on_timeout(true);
    let transport = builder(cluster.urls())
        .standard_retry(retry)
        .request_timeout(SHORT / 4)
        // Room for a second attempt, however busy the machine is.
        .total_timeout(5 * SHORT)
        .build()
        .unwrap();
    for fault in [Fault::hang(), Fault::garbage(), Fault::status(503)] {
        cluster.node(0).clear_faults();
        cluster.node(0).inject(fault.clone());
        let started = tokio::time::Instant::now();
        let outcome = timeout(PATIENCE, send_and_read(&transport, get("/")))
            .await
            .unwrap();
        assert!(started.elapsed() < 20 * SHORT, "{fault:?}");
        if let Err(error) = outcome {
            assert!(error.attempts().len() > 1, "{fault:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_path_that_leads_elsewhere_is_an_error_before_anything_is_sent() {
    let (cluster, elsewhere) = (one_node().await, one_node().await);
    let transport = builder([format!("{}/prefix", cluster.url(0))])
        .build()
        .unwrap();
    let host = elsewhere.url(0);
    let other_host = host.trim_start_matches("http:");
    for bad in [
        &*host,
        &format!("{host}/_search"),
        other_host,
        "//",
        "/../_search",
        "/a/%2E%2e/b",
    ] {
        let options = RequestOptions::default();
        let error = transport.send(with(get(bad), options)).await.unwrap_err();
        assert!(error.is_request() && error.is_not_sent(), "{bad}: {error}");
    }
    assert_eq!((cluster.request_count(), elsewhere.request_count()), (0, 0));
    assert_eq!(
        (
            cluster.node(0).connections().accepted,
            transport.pool().unwrap().live()
        ),
        (0, 1)
    );
}
