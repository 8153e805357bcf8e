//! The transport as `build` makes it, against an embedded cluster.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod auth;
mod building;
mod cloud;
use crate::cluster_support;
mod failover;
mod hedge;
mod load;
mod media;
mod operating;
mod options;
mod outage;
mod retry;
mod shards;
mod sniffing;
mod sources;
mod waits;

use std::time::Duration;

use es_testkit::{Cluster, ClusterBuilder};

const SECOND: Duration = Duration::from_secs(1);

async fn start(settings: ClusterBuilder) -> Cluster {
    settings.start().await.unwrap()
}

async fn nodes(number: usize) -> Cluster {
    start(Cluster::builder().nodes(number)).await
}

/// Waits for what another task is about to do.
async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}");
}
