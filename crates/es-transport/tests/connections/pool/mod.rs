//! The pool over real sockets, with servers that break the rules.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod chaos;
use crate::connect_support;
mod connecting;
#[cfg(feature = "http2")]
mod http2;
mod idle;
mod leftovers;
mod limits;
mod network;
mod responses;
mod reuse;
mod runtimes;

use std::time::Duration;

use connect_support::http::Server;
use es_transport::connect::{Connections, Connector};
use http::Uri;

fn connector() -> Connector {
    Connector::builder().build().unwrap()
}

fn connections() -> Connections {
    Connections::with_connector(connector())
}

fn counts(connections: &Connections, server: &Server) -> (usize, usize) {
    connections.counts(&uri(server))
}

fn uri(server: &Server) -> Uri {
    server.url("/").parse().unwrap()
}

/// Waits for what another task is about to do.
async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(5), async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}");
}
