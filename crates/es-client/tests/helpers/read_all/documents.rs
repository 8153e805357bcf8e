//! Documents that cannot be deserialized: each fails alone.

use es_client::helpers::{bulk::Operation, read_all::ReadAll};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

use super::*;
use crate::bulk::pipeline::Shared;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Product {
    n: u64,
    tag: String,
}

const PRODUCTS: u64 = 250;

/// The tag of every fiftieth document, from the 20th on, is a number.
fn is_bad(n: u64) -> bool {
    n % 50 == 20
}

async fn products() -> (Cluster, Elasticsearch) {
    let cluster = Cluster::builder().start().await.unwrap();
    let client = Elasticsearch::builder().nodes(cluster.urls()).build();
    let client = client.unwrap();
    let documents = (0..PRODUCTS).map(|n| {
        let tag = if is_bad(n) { json!(n) } else { json!("t") };
        Operation::index(json!({"n": n, "tag": tag})).id(format!("{n:03}"))
    });
    let report = client.helpers().bulk("products", documents).await.unwrap();
    assert!(report.is_complete(), "{report}");
    (cluster, client)
}

/// By points in time, by scroll, and by slices.
fn readings(client: &Elasticsearch) -> [ReadAll<Product>; 3] {
    let reading = || {
        let reading = client.helpers().read_all::<Product>("products");
        reading.sort(&json!(["n"])).page_size(40)
    };
    [reading(), reading().by_scroll(true), reading().slices(3)]
}

#[tokio::test]
async fn export_stops_at_a_bad_document_if_asked_to() {
    let (_cluster, client) = products().await;
    let [by_point_in_time, by_scroll, _] = readings(&client);
    for reading in [by_point_in_time, by_scroll] {
        let mut documents = reading
            .stream()
            .and_then(async |hit| hit.into_source())
            .boxed();
        let mut seen = Vec::new();
        let error = loop {
            match documents.try_next().await {
                Ok(document) => seen.push(document.unwrap().unwrap().n),
                Err(error) => break error,
            }
        };
        assert_eq!(seen, (0..20).collect::<Vec<_>>());
        assert!(error.is_decode());
        let cause = error.as_decode().unwrap();
        assert_eq!((cause.index(), cause.id()), (Some("products"), Some("020")));
        assert_eq!(cause.path(), "_source.tag");
    }
}

#[tokio::test]
async fn export_skips_or_collects_bad_documents() {
    let (_cluster, client) = products().await;
    for reading in readings(&client) {
        let mut hits = reading.stream();
        let (mut good, mut bad) = (BTreeSet::new(), BTreeSet::new());
        while let Some(hit) = hits.try_next().await.unwrap() {
            match hit.into_source() {
                Ok(product) => assert!(good.insert(product.unwrap().n)),
                Err(error) => {
                    let id = error.as_decode().unwrap().id().unwrap();
                    assert!(bad.insert(id.parse::<u64>().unwrap()));
                }
            }
        }
        assert_eq!(good, (0..PRODUCTS).filter(|n| !is_bad(*n)).collect());
        assert_eq!(bad, (0..PRODUCTS).filter(|n| is_bad(*n)).collect());
    }
}

#[tokio::test]
async fn export_resumes_after_a_bad_document() {
    let (_cluster, client) = products().await;
    let [reading, ..] = readings(&client);
    let mut hits = reading.stream();
    while hits.try_next().await.unwrap().unwrap().source().is_ok() {}
    let token = hits.pause().unwrap();

    let [reading, ..] = readings(&client);
    let next = reading.resume(token).stream().try_next().await;
    let product = next.unwrap().unwrap().into_source().unwrap().unwrap();
    assert_eq!(product.n, 21);
}

#[tokio::test]
async fn typed_copy_fails_for_bad_documents_alone() {
    let (_cluster, client) = products().await;
    let [reading, ..] = readings(&client);
    let letters = Shared::default();
    let bulk = client.helpers().bulk("copy", reading.stream());
    let report = bulk.dead_letters(letters.clone()).await.unwrap();
    assert_eq!((report.succeeded, report.failed), (PRODUCTS - 5, 5));
    let letters = letters.letters();
    assert_eq!(letters.len(), 5);
    assert_eq!(letters[0].id.as_deref(), Some("020"));
    let reason = &letters[0].reason;
    assert!(reason.contains("`_source.tag`"), "{reason}");
    assert!(reason.contains("invalid type: integer `20`"), "{reason}");

    // Or it stops at the first one.
    let [reading, ..] = readings(&client);
    let bulk = client.helpers().bulk("stopped", reading.stream());
    let stopped = bulk.stop_after_failures(1).await.unwrap_err();
    assert_eq!(stopped.report.failures[0].id.as_deref(), Some("020"));
    assert_eq!(stopped.report.durable_up_to, 0);
}
