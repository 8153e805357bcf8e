//! A process that was frozen finds its connections dead: the next call works,
//! without an error and without being carried out twice.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use std::time::Duration;

use es_client::Elasticsearch;
use es_testkit::Cluster;
use serde_json::{Value, json};

#[tokio::test]
async fn writes_without_ids_after_a_thaw_are_there_once() {
    let cluster = Cluster::builder().nodes(2).tls(true).start().await.unwrap();
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .ssl_assert_fingerprint(cluster.ca_fingerprint())
        .basic_auth(cluster.username(), cluster.password())
        .build()
        .unwrap();
    for round in 0..20 {
        // Without an ID, only a request that was not sent may be retried.
        for _ in 0..4 {
            client
                .index("events")
                .document(json!({"round": round}))
                .await
                .unwrap();
        }
        for node in cluster.nodes() {
            if round % 2 == 0 {
                node.drop_idle_connections();
            } else {
                node.drop_connections().await;
            }
            while node.connections().open > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
    let count = client
        .request(http::Method::GET, "/events/_count", ())
        .await
        .unwrap();
    assert_eq!(count.json::<Value>().unwrap()["count"], 80);
    // Nor was anything sent that came to nothing; the last request counted them.
    assert_eq!(cluster.request_count(), 81);
}
