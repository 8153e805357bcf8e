//! Pools that are shared and changed while transports use them, and their events.

use es_testkit::Fault;
use es_transport::{
    Node, NodePool, Transport, attempt::RetryReason, events::Event, node::RoundRobin,
};
use tower::{ServiceBuilder, limit::ConcurrencyLimitLayer, load_shed::LoadShedLayer};

use crate::whole_stack::{
    cluster_support::{builder, get},
    eventually, nodes,
};

fn node(url: &str) -> Node {
    url.parse().unwrap()
}

#[tokio::test]
async fn two_transports_share_what_they_know() {
    let cluster = nodes(2).await;
    let pool = NodePool::new([node(&cluster.url(0)), node(&cluster.url(1))]).unwrap();
    let build = || {
        Transport::builder()
            .node_pool(pool.clone())
            .build()
            .unwrap()
    };
    let (one, other) = (build(), build());

    cluster.node(0).refuse().await;
    for _ in 0..4 {
        assert_eq!(one.send(get("/")).await.unwrap().status(), 200);
    }
    assert_eq!(other.pool().unwrap().live(), 1);
    let seen = cluster.node(0).connections().accepted;
    assert_eq!(other.send(get("/")).await.unwrap().status(), 200);
    assert_eq!(cluster.node(0).connections().accepted, seen);
}

#[tokio::test]
async fn a_removed_node_gets_no_request_and_no_connection() {
    let cluster = nodes(3).await;
    let transport = builder(cluster.urls()).build().unwrap();
    for _ in 0..3 {
        transport.send(get("/")).await.unwrap();
    }
    let pool = transport.pool().unwrap();
    pool.remove(&cluster.url(1)).unwrap().expect("it was there");
    eventually("its connection is closed", || {
        cluster.node(1).connections().open == 0
    })
    .await;
    cluster.node(1).clear_records();
    for _ in 0..6 {
        transport.send(get("/")).await.unwrap();
    }
    assert_eq!(cluster.node(1).request_count(), 0);
}

#[test]
fn settings_of_a_given_pool_are_errors() {
    let pool = NodePool::new([node("http://a:9200")]).unwrap();
    let with_pool = || Transport::builder().node_pool(pool.clone());
    let second = std::time::Duration::from_secs(1);
    let refused = [
        with_pool().node("http://b:9200").build(),
        with_pool()
            .cloud_id("x:Y2xvdWQuZXhhbXBsZS5vcmckYWJj")
            .build(),
        with_pool().dead_node_backoff(second, 2 * second).build(),
        with_pool().ssl_assert_fingerprint("A5".repeat(32)).build(),
    ];
    let settings = refused.map(|result| result.unwrap_err().setting());
    let wanted = [
        "nodes",
        "cloud_id",
        "dead_node_backoff",
        "ssl_assert_fingerprint",
    ];
    assert_eq!(settings, wanted.map(Some));
}

#[tokio::test]
async fn a_transport_reports_what_happens_to_it() {
    let cluster = nodes(2).await;
    let transport = builder(cluster.urls())
        .node_selector(RoundRobin::starting_at(0))
        .build()
        .unwrap();
    let mut events = transport.events().unwrap().subscribe();
    cluster.node(0).inject(Fault::status(503).once());
    assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
    transport.sniff().await.unwrap();
    transport.close();

    let (bad, good) = (cluster.url(0), cluster.url(1));
    let mut seen = Vec::new();
    while seen
        .iter()
        .filter(|event| matches!(event, Event::ConnectionClosed { .. }))
        .count()
        < 2
    {
        seen.push(events.recv().await.unwrap());
    }
    let has = |wanted: &dyn Fn(&Event) -> bool| assert!(seen.iter().any(wanted), "{seen:?}");
    has(&|event| matches!(event, Event::ConnectionOpened { host } if **host == *bad));
    has(&|event| matches!(event, Event::NodeDied { node, .. } if **node == *bad));
    has(&|event| {
        matches!(
            event,
            Event::Retried { node, failed: Some(failed), attempt: 2, reason: RetryReason::Status }
                if **node == *good && **failed == *bad
        )
    });
    has(&|event| matches!(event, Event::Sniffed { nodes: 2 }));
    has(&|event| matches!(event, Event::ConnectionClosed { host } if **host == *good));
}

#[tokio::test]
async fn a_full_layer_below_kills_no_node() {
    let cluster = nodes(3).await;
    let connector = es_transport::connect::Connector::builder().build().unwrap();
    let limited = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(2))
        .service(es_transport::connect::Connections::with_connector(
            connector,
        ));
    let transport = builder(cluster.urls())
        .http_service(limited)
        .build()
        .unwrap();
    let burst = (0..40).map(|_| {
        let transport = transport.clone();
        tokio::spawn(async move { transport.send(get("/")).await.map(drop) })
    });
    futures_util::future::join_all(burst.collect::<Vec<_>>()).await;
    assert_eq!(transport.pool().unwrap().live(), 3);
}
