//! Responses that cannot be used, by the whole stack over real sockets: each ends
//! in its error in time, names its node, and spoils nothing for the next request.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod responses;
use crate::cluster_support;
mod elsewhere;
mod shapes;

use std::time::Duration;

use cluster_support::{builder, get};
use es_testkit::{Cluster, Fault};
use es_transport::{Error, Transport, TransportBuilder};
use tokio::time::timeout;

/// Time that a test waits for what must end by itself.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time of an attempt, where the response never ends.
const SHORT: Duration = Duration::from_millis(200);

async fn one_node() -> Cluster {
    Cluster::builder().start().await.unwrap()
}

/// No retries: the first outcome is the one that is seen.
fn once(cluster: &Cluster) -> TransportBuilder {
    builder(cluster.urls()).max_retries(0)
}

/// The error of a request to a cluster of one node, which it must name.
async fn error_of(transport: &Transport, cluster: &Cluster) -> Error {
    let sent = timeout(PATIENCE, transport.send(get("/_cluster/health")));
    let error = sent.await.expect("it never ends").unwrap_err();
    let node = cluster.url(0);
    assert_eq!(error.node().map(|node| &**node), Some(&*node), "{error}");
    assert!(error.to_string().contains(&node), "{error}");
    assert_eq!(error.attempts().len(), 1, "{error:?}");
    error
}

/// A fault of the connection: its error, and that the connection is closed and
/// the next request gets a new one.
async fn connection_is_spoiled_by(fault: Fault, message: &str) {
    let cluster = one_node().await;
    let transport = once(&cluster)
        .request_timeout(PATIENCE / 2)
        .build()
        .unwrap();
    transport.send(get("/")).await.unwrap();
    cluster.node(0).inject(fault.once());

    let error = error_of(&transport, &cluster).await;
    assert!(error.is_io() && !error.is_not_sent(), "{error:?}");
    assert!(error.to_string().contains(message), "{error}");
    assert_eq!(transport.pool().unwrap().live(), 0);

    assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
    let requests = cluster.node(0).requests();
    let used: Vec<_> = requests.iter().map(|request| request.connection).collect();
    assert_eq!(used, [1, 1, 2], "the spoiled connection is not used again");
}

/// A response that the client itself refuses: it is not retried, and says nothing about
/// the node. The connection is closed.
async fn client_refuses(fault: Fault, message: &str) {
    let cluster = one_node().await;
    let transport = builder(cluster.urls())
        .request_timeout(PATIENCE / 2)
        .build()
        .unwrap();
    transport.send(get("/")).await.unwrap();
    cluster.node(0).inject(fault.once());

    let sent = timeout(PATIENCE, transport.send(get("/_cluster/health")))
        .await
        .unwrap();
    let error = sent.expect_err(message);
    assert_eq!(error.attempts().len(), 1, "{error:?}");
    assert!(error.is_body() && !error.is_not_sent(), "{error:?}");
    assert!(error.to_string().contains(message), "{error}");
    assert_eq!(transport.pool().unwrap().live(), 1);

    assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
    let requests = cluster.node(0).requests();
    let used: Vec<_> = requests.iter().map(|request| request.connection).collect();
    assert_eq!(used, [1, 1, 2], "the connection is not used again");
}
