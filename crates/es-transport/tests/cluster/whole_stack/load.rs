//! How selectors spread a load over simulated nodes, by a paused clock.

use std::time::Duration;

use es_testkit::{Cluster, Latency, SimulatedCluster};
use es_transport::{
    NodeSelector, Transport,
    node::{LeastInFlight, PeakEwma, RoundRobin},
};

use crate::whole_stack::cluster_support::get;

const NODES: usize = 10;
const REQUESTS: usize = 1_000;

/// Nodes that take 5 ms on average, except for the first, which takes 200 times as long.
fn one_slow() -> SimulatedCluster {
    let quick = Latency::Exponential {
        mean: Duration::from_millis(5),
    };
    let cluster = Cluster::builder()
        .nodes(NODES)
        .latency(quick)
        .seed(7)
        .simulated()
        .unwrap();
    cluster
        .node(0)
        .set_latency(Latency::Constant(Duration::from_secs(1)));
    cluster
}

/// Sends a request every millisecond; how many each node got.
async fn spread(cluster: &SimulatedCluster, selector: impl NodeSelector) -> Vec<usize> {
    let transport = Transport::builder()
        .nodes(cluster.urls())
        .http_service(cluster.service())
        .node_selector(selector)
        .build()
        .unwrap();
    let mut sent = Vec::new();
    for _ in 0..REQUESTS {
        sent.push(tokio::spawn(transport.send(get("/"))));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for request in sent {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
    cluster
        .nodes()
        .iter()
        .map(es_testkit::NodeHandle::request_count)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn round_robin_is_even_whatever_they_take() {
    let counts = spread(&one_slow(), RoundRobin::default()).await;
    assert_eq!(counts, [REQUESTS / NODES; NODES]);
}

#[tokio::test(start_paused = true)]
async fn two_choices_avoid_a_slow_node_and_spread_the_rest() {
    let counts = spread(&one_slow(), PeakEwma::default()).await;
    let (slow, others) = counts.split_first().unwrap();
    // It is asked once or twice until its first response has come.
    assert!(*slow < REQUESTS / 50, "{counts:?}");
    let even = REQUESTS / (NODES - 1);
    assert!(
        others
            .iter()
            .all(|count| (even / 2..even * 2).contains(count)),
        "{counts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_least_in_flight_keeps_off_a_node_that_does_not_respond() {
    let counts = spread(&one_slow(), LeastInFlight).await;
    assert!(counts[0] < REQUESTS / 50, "{counts:?}");
}
