//! Sniffing, selectors that read what it tells, and a process that was frozen.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use es_testkit::Cluster;
use es_transport::{
    RequestOptions, Transport,
    connect::SuspendDetector,
    node::{Candidates, PreferAttribute, RequestContext, Sticky},
};

use crate::whole_stack::{
    cluster_support::{builder, get, with},
    eventually, nodes, start,
};

/// Number of requests that each node got, sniffing aside.
fn counts(cluster: &Cluster) -> Vec<usize> {
    let of = |node: &es_testkit::NodeHandle| {
        node.requests()
            .iter()
            .filter(|request| request.path() == "/")
            .count()
    };
    cluster.nodes().iter().map(of).collect()
}

async fn send(transport: &Transport, times: usize) {
    for _ in 0..times {
        assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn the_own_zone_is_preferred_after_a_sniff() {
    let zones = Cluster::builder()
        .nodes(4)
        .node_attribute(0, "zone", "a")
        .node_attribute(1, "zone", "b")
        .node_attribute(2, "zone", "b")
        .node_attribute(3, "zone", "a");
    let cluster = start(zones).await;
    let transport = builder([cluster.url(0)])
        .node_selector(PreferAttribute::new("zone", "b"))
        .sniff_on_start(true)
        .build()
        .unwrap();
    send(&transport, 20).await;
    assert_eq!(transport.pool().unwrap().len(), 4);
    assert_eq!(counts(&cluster), [0, 10, 10, 0]);
    // It spills over when nobody of it is left.
    cluster.node(1).kill().await;
    cluster.node(2).kill().await;
    send(&transport, 10).await;
    let counts = counts(&cluster);
    assert_eq!(counts[0] + counts[3], 10, "{counts:?}");
}

#[tokio::test]
async fn a_sticky_client_stays_until_its_node_dies() {
    let cluster = nodes(3).await;
    let transport = builder([cluster.url(0)])
        .node_selector(Sticky::default())
        .sniff_on_start(true)
        .build()
        .unwrap();
    send(&transport, 10).await;
    let chosen = counts(&cluster)
        .iter()
        .position(|&count| count == 10)
        .expect("one got them all");
    cluster.node(chosen).kill().await;
    send(&transport, 10).await;
    let mut others = counts(&cluster);
    others.remove(chosen);
    others.sort_unstable();
    assert_eq!(others, [0, 10]);

    // A hint leads to the same node every time.
    let hinted = |hint: &str| with(get("/"), RequestOptions::new().selector_hint(hint));
    for session in ["one", "two", "three", "four"] {
        let mut nodes = Vec::new();
        for _ in 0..4 {
            let response = transport.send(hinted(session)).await.unwrap();
            nodes.push(response.into_body().node().unwrap().clone());
        }
        nodes.dedup();
        assert_eq!(nodes.len(), 1, "{session}");
    }
}

#[tokio::test]
async fn a_closure_is_a_selector() {
    let cluster = nodes(3).await;
    let last = |nodes: &Candidates<'_>, _: &RequestContext<'_>| nodes.len() - 1;
    let transport = builder(cluster.urls()).node_selector(last).build().unwrap();
    send(&transport, 5).await;
    assert_eq!(counts(&cluster), [0, 0, 5]);
}

#[tokio::test]
async fn nodes_that_left_are_let_go_and_new_ones_used() {
    let cluster = nodes(2).await;
    let transport = builder(cluster.urls()).build().unwrap();
    send(&transport, 4).await;
    cluster.add_node().await.unwrap();
    cluster.node(0).set_listed(false);
    transport.sniff().await.unwrap();
    eventually("its connections are closed", || {
        cluster.node(0).connections().open == 0
    })
    .await;
    send(&transport, 4).await;
    assert_eq!(counts(&cluster), [2, 4, 2]);
}

#[derive(Clone, Debug)]
struct Manual(Arc<Mutex<SystemTime>>);

impl SuspendDetector for Manual {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

#[tokio::test]
async fn after_a_thaw_connections_are_new_and_the_nodes_are_asked_for() {
    let cluster = nodes(2).await;
    let clock = Manual(Arc::new(Mutex::new(SystemTime::UNIX_EPOCH)));
    let transport = |sniffs| {
        builder([cluster.url(0)])
            .suspend_detector(clock.clone())
            .sniff_on_node_failure(sniffs)
            .build()
            .unwrap()
    };
    let looks = || {
        let all: Vec<_> = cluster
            .nodes()
            .iter()
            .flat_map(|node| node.requests())
            .collect();
        all.iter()
            .filter(|request| request.path() == "/_nodes/http")
            .count()
    };
    for sniffs in [false, true] {
        let transport = transport(sniffs);
        cluster.node(0).clear_records();
        send(&transport, 2).await;
        assert_eq!((cluster.node(0).connections().accepted, looks()), (1, 0));
        // Nothing ran for an hour.
        *clock.0.lock().unwrap() += Duration::from_secs(3_600);
        send(&transport, 1).await;
        if sniffs {
            eventually("the other node is found", || {
                transport.pool().unwrap().len() == 2
            })
            .await;
        }
        assert!(cluster.node(0).connections().accepted >= 2);
        assert_eq!(looks(), usize::from(sniffs));
        // Neither hook nor sniffer keeps the other alive.
        drop(transport);
        eventually("all is closed", || {
            cluster
                .nodes()
                .iter()
                .all(|node| node.connections().open == 0)
        })
        .await;
    }
}
