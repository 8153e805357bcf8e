//! The form without sockets: same behaviour, paused clock.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step is a failed test"
)]

use std::time::Duration;

use bytes::Bytes;
use es_testkit::{Capacity, Cluster, Fault, Latency, SimulatedCluster, SimulatedError};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use std::error::Error as _;
use std::io::ErrorKind;
use tokio::time::{Instant, timeout};
use tower::ServiceExt as _;

type Outcome = Result<Response<Full<Bytes>>, SimulatedError>;

async fn call(
    cluster: &SimulatedCluster,
    node: usize,
    method: &str,
    path: &str,
    body: &str,
) -> Outcome {
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", cluster.node(node).url()))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap();
    cluster.service().oneshot(request).await
}

async fn json_of(outcome: Outcome) -> Value {
    let body = outcome
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_nodes_share_one_store() {
    let cluster = Cluster::builder().nodes(1_000).simulated().unwrap();
    assert_eq!(
        call(&cluster, 0, "PUT", "/a/_doc/1", "{\"n\":1}")
            .await
            .unwrap()
            .status(),
        201
    );
    let got = json_of(call(&cluster, 999, "GET", "/a/_doc/1", "").await).await;
    assert_eq!(got["_source"], json!({"n": 1}));
    let info = json_of(call(&cluster, 999, "GET", "/", "").await).await;
    assert_eq!(info["name"], cluster.node(999).name());
    let listed = json_of(call(&cluster, 3, "GET", "/_nodes/http", "").await).await;
    assert_eq!(listed["_nodes"]["total"], 1_000);
    assert_eq!(
        (
            cluster.node(999).request_count(),
            cluster.node(5).request_count()
        ),
        (2, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn time_passes_by_the_clock_of_tokio() {
    let latency = Latency::Constant(Duration::from_secs(3));
    let cluster = Cluster::builder()
        .nodes(2)
        .latency(latency)
        .simulated()
        .unwrap();
    cluster.node(1).set_latency(Latency::None);
    cluster
        .node(1)
        .inject(Fault::delay(Duration::from_secs(60)).once());
    for (node, seconds) in [(0, 3), (1, 60), (1, 0)] {
        let before = Instant::now();
        call(&cluster, node, "GET", "/", "").await.unwrap();
        assert_eq!(before.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_node_refuses_and_drops_what_is_under_way() {
    let cluster = Cluster::builder().nodes(2).simulated().unwrap();
    cluster.node(0).inject(Fault::hang().once());
    let (outcome, ()) = tokio::join!(call(&cluster, 0, "GET", "/", ""), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cluster.node(0).kill().await;
    });
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.is_connect(), error.io_kind()),
        (false, Some(ErrorKind::ConnectionReset))
    );
    let error = call(&cluster, 0, "GET", "/", "").await.unwrap_err();
    assert_eq!(
        (error.is_connect(), error.io_kind()),
        (true, Some(ErrorKind::ConnectionRefused))
    );
    assert!(error.source().unwrap().is::<std::io::Error>());
    let listed = json_of(call(&cluster, 1, "GET", "/_nodes/http", "").await).await;
    assert_eq!(listed["_nodes"]["total"], 1);
    cluster.node(0).revive().await.unwrap();
    assert_eq!(
        call(&cluster, 0, "GET", "/", "").await.unwrap().status(),
        200
    );
    let unknown = Request::get("http://10.9.9.9:9200/")
        .body(Full::<Bytes>::default())
        .unwrap();
    assert!(
        cluster
            .service()
            .oneshot(unknown)
            .await
            .unwrap_err()
            .is_connect()
    );
}

#[tokio::test(start_paused = true)]
async fn faults_become_the_errors_of_a_client() {
    let cluster = Cluster::builder().simulated().unwrap();
    let node = cluster.node(0);
    let cases = [
        (Fault::reset(), ErrorKind::ConnectionReset),
        (Fault::close(), ErrorKind::UnexpectedEof),
        (Fault::reset_in_body(), ErrorKind::ConnectionReset),
        (Fault::cut_body(), ErrorKind::UnexpectedEof),
        (Fault::garbage(), ErrorKind::InvalidData),
        (Fault::endless_headers(), ErrorKind::InvalidData),
    ];
    for (fault, kind) in cases {
        let what = format!("{fault:?}");
        node.inject(fault.once());
        let error = call(&cluster, 0, "GET", "/", "").await.unwrap_err();
        assert_eq!(
            (error.is_connect(), error.io_kind()),
            (false, Some(kind)),
            "{what}"
        );
    }
    for fault in [Fault::hang(), Fault::endless_body()] {
        node.inject(fault.once());
        let waited = timeout(Duration::from_secs(3600), call(&cluster, 0, "GET", "/", "")).await;
        assert!(waited.is_err());
    }
    node.inject(Fault::status(503).once());
    assert_eq!(
        call(&cluster, 0, "GET", "/", "").await.unwrap().status(),
        503
    );
    node.inject(Fault::close_after_response().once());
    assert_eq!(
        call(&cluster, 0, "GET", "/", "").await.unwrap().status(),
        200
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run() {
    async fn run(seed: u64) -> Vec<u128> {
        let latency = Latency::LogNormal {
            median: Duration::from_millis(20),
            sigma: 0.7,
        };
        let cluster = Cluster::builder()
            .nodes(3)
            .latency(latency)
            .seed(seed)
            .simulated()
            .unwrap();
        let mut times = Vec::new();
        for request in 0..12 {
            let before = Instant::now();
            call(&cluster, request % 3, "GET", "/", "").await.unwrap();
            times.push(before.elapsed().as_millis());
        }
        times
    }
    let first = run(1).await;
    assert_eq!(first, run(1).await);
    assert_ne!(first, run(2).await);
    assert_ne!(first[0], first[1], "nodes do not think in step");
}

#[tokio::test(start_paused = true)]
async fn security_holds_without_sockets_too() {
    let cluster = Cluster::builder()
        .user("elastic", "pw")
        .simulated()
        .unwrap();
    assert_eq!(
        call(&cluster, 0, "GET", "/", "").await.unwrap().status(),
        401
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_with_all_its_workers_busy_lets_some_wait_and_refuses_the_rest() {
    let latency = Latency::Constant(Duration::from_secs(1));
    let settings = Cluster::builder()
        .latency(latency)
        .capacity(Capacity::new(2, 3));
    let cluster = settings.simulated().unwrap();
    let begun = Instant::now();
    let sent = (0..7).map(|_| async {
        let response = call(&cluster, 0, "GET", "/", "").await.unwrap();
        (response.status().as_u16(), begun.elapsed().as_secs())
    });
    let responses = futures_util::future::join_all(sent).await;
    let done = [
        (200, 1),
        (200, 1),
        (200, 2),
        (200, 2),
        (200, 3),
        (429, 0),
        (429, 0),
    ];
    assert_eq!(responses, done);

    // A request that is given up makes room, and the cluster still tells its nodes.
    let first = call(&cluster, 0, "GET", "/", "");
    let more =
        (0..4).map(|_| timeout(Duration::from_millis(10), call(&cluster, 0, "GET", "/", "")));
    let (_, given_up, nodes) = tokio::join!(
        first,
        futures_util::future::join_all(more),
        call(&cluster, 0, "GET", "/_nodes/http", "")
    );
    assert!(given_up.iter().all(Result::is_err) && nodes.unwrap().status() == 200);
    assert_eq!(
        call(&cluster, 0, "GET", "/", "").await.unwrap().status(),
        200
    );
    assert_eq!(cluster.node(0).connections().open, 0);

    cluster.node(0).set_capacity(None);
    let many = (0..50).map(|_| call(&cluster, 0, "GET", "/", ""));
    let responses = futures_util::future::join_all(many).await;
    assert!(
        responses
            .into_iter()
            .all(|response| response.unwrap().status() == 200)
    );
}

#[tokio::test(start_paused = true)]
async fn connections_that_nobody_welcomes() {
    let cluster = Cluster::builder().nodes(3).simulated().unwrap();
    cluster.node(0).hang_connections();
    cluster.node(1).reset_connections();
    cluster.node(2).refuse().await;
    let begun = Instant::now();
    let error = call(&cluster, 0, "GET", "/", "").await.unwrap_err();
    assert_eq!(
        (error.is_connect(), error.io_kind()),
        (true, Some(ErrorKind::TimedOut))
    );
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    let error = call(&cluster, 1, "GET", "/", "").await.unwrap_err();
    assert_eq!(
        (error.is_connect(), error.io_kind()),
        (false, Some(ErrorKind::ConnectionReset))
    );
    assert!(
        call(&cluster, 2, "GET", "/", "")
            .await
            .unwrap_err()
            .is_connect()
    );
    assert_eq!(cluster.node(2).connections().refused, 1);
    cluster.node(0).serve_connections();
    assert_eq!(
        call(&cluster, 0, "GET", "/", "").await.unwrap().status(),
        200
    );
    assert_eq!(cluster.node(0).connections().accepted, 1);
}

#[tokio::test(start_paused = true)]
async fn nodes_join_and_zones_are_kept() {
    let cluster = Cluster::builder()
        .nodes(4)
        .zones(["a", "b", "c"])
        .simulated()
        .unwrap();
    let joined = cluster.add_node().unwrap();
    assert_eq!(joined.attribute("zone").as_deref(), Some("b"));
    let names = |zone| {
        cluster
            .zone(zone)
            .iter()
            .map(|node| node.name().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (names("a"), names("b")),
        (
            vec!["node-0".into(), "node-3".into()],
            vec!["node-1".into(), "node-4".into()]
        )
    );
    let listed = json_of(call(&cluster, 4, "GET", "/_nodes/http", "").await).await;
    assert_eq!(
        listed["nodes"][joined.id()]["attributes"],
        json!({"zone": "b"})
    );

    let id = |seed| {
        Cluster::builder()
            .seed(seed)
            .simulated()
            .unwrap()
            .node(0)
            .id()
            .to_owned()
    };
    assert_eq!(id(1), id(1));
    assert_ne!(id(1), id(2));
    assert_eq!(id(1).len(), joined.id().len());
}
