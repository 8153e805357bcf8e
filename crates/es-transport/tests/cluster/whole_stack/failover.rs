//! Nodes that die and come back.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use es_testkit::{Cluster, Fault};
use es_transport::{
    Node, NodePool, Transport,
    attempt::{Outcome, RetryReason},
    connect::{Connections, Connector, TlsSettings},
    error::TimeoutPhase,
    extensions::Attempts,
    layer::SelectNodeLayer,
    node::RoundRobin,
};
use tower::{ServiceBuilder, ServiceExt};

use crate::whole_stack::{
    cluster_support::{builder, get, post},
    eventually, nodes, start,
};

/// Tasks that send until they are stopped; each failing call is a failed test.
fn run(transport: &Transport, stop: &Arc<AtomicBool>) -> Vec<tokio::task::JoinHandle<usize>> {
    let one = |_| {
        let (transport, stop) = (transport.clone(), Arc::clone(stop));
        tokio::spawn(async move {
            let mut sent = 0;
            while !stop.load(Ordering::SeqCst) {
                let request = if sent % 2 == 0 {
                    get("/")
                } else {
                    get("/_cluster/health")
                };
                assert_eq!(transport.send(request).await.unwrap().status(), 200);
                sent += 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            sent
        })
    };
    (0..4).map(one).collect()
}

#[tokio::test]
async fn a_node_dies_and_comes_back_during_a_run_without_one_failing_call() {
    let cluster = nodes(3).await;
    let short = Duration::from_millis(50);
    let transport = builder(cluster.urls())
        .dead_node_backoff(short, 4 * short)
        .build()
        .unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let tasks = run(&transport, &stop);
    let pool = transport.pool().unwrap();
    let node = cluster.node(1);
    for _ in 0..2 {
        let before = node.request_count();
        eventually("it is used", || node.request_count() > before + 10).await;
        node.kill().await;
        eventually("it is dead", || pool.live() == 2).await;
        tokio::time::sleep(2 * short).await;
        node.revive().await.unwrap();
        eventually("it is back", || pool.live() == 3).await;
    }
    stop.store(true, Ordering::SeqCst);
    for task in tasks {
        assert!(task.await.unwrap() > 10);
    }
}

#[tokio::test]
async fn nodes_that_drop_their_idle_connections_cost_no_call() {
    let cluster = nodes(2).await;
    let transport = builder(cluster.urls()).max_retries(0).build().unwrap();
    for _ in 0..10 {
        for _ in 0..2 {
            transport.send(post("/_refresh", "")).await.unwrap();
        }
        cluster
            .nodes()
            .iter()
            .for_each(es_testkit::NodeHandle::drop_idle_connections);
        eventually("they are closed", || {
            cluster
                .nodes()
                .iter()
                .all(|node| node.connections().open == 0)
        })
        .await;
    }
}

#[tokio::test]
async fn a_request_to_dead_nodes_is_tried_and_tells_every_attempt() {
    let cluster = nodes(3).await;
    let transport = builder(cluster.urls())
        .node_selector(RoundRobin::starting_at(0))
        .dead_node_backoff(Duration::from_secs(60), Duration::from_secs(60))
        .build()
        .unwrap();
    for node in cluster.nodes() {
        node.kill().await;
    }
    // Also by POST: nothing of it was ever sent.
    let error = transport
        .send(post("/events/_doc", "{}"))
        .await
        .unwrap_err();
    assert!(error.is_connect() && error.is_not_sent(), "{error}");
    // Two went on to a node that counted as alive; the three retries came after that.
    assert_eq!(error.attempts().len(), 3 + 3, "{error:?}");
    let tried = error
        .attempts()
        .iter()
        .map(|attempt| attempt.node.as_deref().unwrap());
    let tried: BTreeSet<_> = tried.take(3).collect();
    assert_eq!(tried.len(), 3, "each once before any twice");
    let (last, others) = error.attempts().split_last().unwrap();
    assert!(
        others
            .iter()
            .all(|a| a.retried == Some(RetryReason::NotSent)),
        "{error:?}"
    );
    assert_eq!(last.retried, None);
    assert!(
        error
            .attempts()
            .iter()
            .all(|a| matches!(&a.outcome, Outcome::Failed(_)))
    );
    assert!(error.to_string().contains("after 6 attempts"), "{error}");
    assert_eq!(transport.pool().unwrap().live(), 0);

    // All are dead for a minute, and a request is tried all the same.
    for node in cluster.nodes() {
        node.revive().await.unwrap();
    }
    assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
    assert_eq!(transport.pool().unwrap().live(), 1);
}

#[tokio::test]
async fn a_probe_that_is_given_up_lets_the_next_request_probe() {
    let cluster = nodes(2).await;
    let short = Duration::from_millis(20);
    let transport = builder(cluster.urls())
        .node_selector(RoundRobin::starting_at(0))
        .dead_node_backoff(short, short)
        .build()
        .unwrap();
    cluster.node(0).inject(Fault::status(503).once());
    cluster.node(0).inject(Fault::hang().once());
    transport.send(get("/")).await.unwrap();
    assert_eq!(transport.pool().unwrap().live(), 1);
    tokio::time::sleep(2 * short).await;

    let probe = tokio::spawn(transport.send(get("/")));
    eventually("it hangs", || cluster.node(0).request_count() == 2).await;
    // The others stay away while it is probed.
    transport.send(get("/")).await.unwrap();
    assert_eq!(cluster.node(0).request_count(), 2);
    probe.abort();
    assert!(probe.await.unwrap_err().is_cancelled());
    transport.send(get("/")).await.unwrap();
    assert_eq!(cluster.node(0).request_count(), 3);
    assert_eq!(transport.pool().unwrap().live(), 2);
}

/// The time of an attempt may be shorter than that of a connect.
#[tokio::test]
async fn a_request_that_gets_no_connection_in_its_time_goes_on_to_another_node() {
    let cluster = start(Cluster::builder().nodes(2).tls(true)).await;
    // Neither refuses nor responds: the handshake never ends.
    cluster.node(1).hang_connections();
    let transport = builder(cluster.urls())
        .ca_certs(cluster.ca_pem().as_bytes().to_vec())
        .basic_auth(cluster.username(), cluster.password())
        .request_timeout(Duration::from_millis(300))
        .node_selector(RoundRobin::starting_at(1))
        .build()
        .unwrap();
    // By POST: it was never sent, so it cannot be done twice.
    let response = transport.send(post("/events/_doc", "{}")).await.unwrap();
    assert_eq!(response.status(), 201);
    let attempts = &response.extensions().get::<Attempts>().unwrap().0;
    assert_eq!(attempts[0].retried, Some(RetryReason::NotSent));
    assert!(matches!(&attempts[0].outcome, Outcome::Failed(why) if why.contains("within 150ms")));
    // Slow to connect is weak evidence: a caller may be in a hurry.
    assert_eq!(transport.pool().unwrap().live(), 2);
    for _ in 0..4 {
        assert_eq!(
            transport
                .send(post("/events/_doc", "{}"))
                .await
                .unwrap()
                .status(),
            201
        );
    }
    assert_eq!(transport.pool().unwrap().live(), 1);
    assert_eq!(cluster.node(0).request_count(), 5);
}

#[tokio::test]
async fn a_wait_without_a_connection_is_weak_evidence() {
    let cluster = start(Cluster::builder().nodes(1).tls(true)).await;
    cluster.node(0).hang_connections();
    let pool = NodePool::new([cluster.url(0).parse::<Node>().unwrap()]).unwrap();
    let tls = TlsSettings::new().ssl_assert_fingerprint(cluster.ca_fingerprint());
    let connector = Connector::builder().tls(tls).build().unwrap();
    let stack = ServiceBuilder::new()
        .layer(SelectNodeLayer::new(
            Arc::clone(&pool),
            RoundRobin::default(),
        ))
        .service(
            Connections::builder()
                .acquire_timeout(Duration::from_millis(100))
                .build(connector),
        );
    for live in [1, 1, 0] {
        let error = stack.clone().oneshot(get("/")).await.unwrap_err();
        assert_eq!(
            error.timeout_phase(),
            Some(TimeoutPhase::Acquire),
            "{error}"
        );
        assert!(error.is_not_sent(), "{error}");
        assert_eq!(pool.live(), live);
    }
}
