//! Hedged reads over sockets.

use es_testkit::Fault;
use es_transport::{
    attempt::{Outcome, RetryReason},
    events::Event,
    extensions::Attempts,
    layer::HedgeLayer,
    node::RoundRobin,
};

use crate::whole_stack::{
    cluster_support::{builder, get},
    eventually, nodes,
};

#[tokio::test]
async fn a_node_that_stands_still_delays_no_read() {
    let cluster = nodes(3).await;
    let transport = builder(cluster.urls())
        .node_selector(RoundRobin::starting_at(0))
        .hedge(HedgeLayer::new().max_percent(50))
        .build()
        .unwrap();
    // The latencies are known then.
    for _ in 0..150 {
        assert_eq!(transport.send(get("/_search")).await.unwrap().status(), 200);
    }
    let mut events = transport.events().unwrap().subscribe();
    // On a busy machine earlier reads are hedged, too, and may leave more connections.
    let closed = || {
        let counts = cluster.node(0).connections();
        counts.accepted - counts.open
    };
    let closed_before = closed();
    cluster.node(0).inject(Fault::hang());
    let still = cluster.url(0);
    let is_dropped = |Attempts(attempts): &Attempts| {
        attempts[0].node.as_deref() == Some(&*still) && attempts[0].outcome == Outcome::Dropped
    };
    // On a busy machine, hedges of other reads may take the turns of this node.
    let mut dropped = None;
    for _ in 0..30 {
        let response = transport.send(get("/_search")).await.unwrap();
        assert_eq!(response.status(), 200);
        let attempts = response.extensions().get::<Attempts>().cloned();
        dropped = dropped.or(attempts.filter(is_dropped));
        if dropped.is_some() {
            break;
        }
    }
    let Attempts(attempts) = dropped.expect("the read at the node that stands still");
    assert_eq!(attempts[0].retried, Some(RetryReason::Hedge));
    assert!(matches!(attempts[1].outcome, Outcome::Status(status) if status == 200));

    let is_hedge = |event: &Event| matches!(event, Event::Hedged { waiting_for: Some(node), .. } if **node == *still);
    assert!(std::iter::from_fn(|| events.try_recv()).any(|event| is_hedge(&event)));
    eventually("its connection is closed", || closed() > closed_before).await;
}
