//! Documents: written, found, read to the end, and what errors say.

use std::collections::BTreeSet;

use es_client::{SearchResponse, helpers::bulk::Operation};
use futures_util::TryStreamExt;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    server::{builder, client, is_opensearch},
    table,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Product {
    title: String,
    number: u32,
}

fn product(number: u32) -> Product {
    Product {
        title: format!("trail shoes {number}"),
        number,
    }
}

/// A new index of this name.
pub(crate) async fn index(name: &str) -> es_client::Elasticsearch {
    let client = client();
    let missing = client.options().ignore_status([StatusCode::NOT_FOUND]);
    missing.indices().delete(name).send().await.unwrap();
    client.indices().create(name).await.unwrap();
    client
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_document_is_written_found_changed_and_gone() {
    let client = index("genuine-document").await;
    let name = "genuine-document";
    assert!(client.indices().exists(name).await.unwrap());
    let written = client
        .index(name)
        .id("ä/1 ?")
        .document(product(1))
        .await
        .unwrap();
    assert_eq!(
        (written.id.as_str(), written.result.as_str()),
        ("ä/1 ?", "created")
    );
    let read = client.get::<Product>(name, "ä/1 ?").await.unwrap();
    assert_eq!(read.source().unwrap(), Some(&product(1)));

    client.indices().refresh(name).await.unwrap();
    let found: SearchResponse<Product> = client
        .search(name)
        .query(json!({"match": {"title": "shoes"}}))
        .await
        .unwrap();
    assert_eq!(found.total(), Some(1));
    assert_eq!(found.documents().next().unwrap().unwrap(), &product(1));

    let states = client.indices().get("genuine-*").await.unwrap();
    assert!(states.contains_key(name));
    client.indices().delete(name).await.unwrap();
    assert!(!client.indices().exists(name).await.unwrap());
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn errors_say_what_the_server_says() {
    let client = index("genuine-errors").await;
    let missing = client
        .search::<Value>("genuine-no-such-index")
        .await
        .unwrap_err();
    assert!(missing.is_not_found());
    assert_eq!(
        missing.as_api().unwrap().kind.as_deref(),
        Some("index_not_found_exception")
    );
    let read = client.get::<Value>("genuine-errors", "none").await.unwrap();
    assert!(read.found == Some(false) && read.source().unwrap().is_none());

    let twice = client.indices().create("genuine-errors").await.unwrap_err();
    assert!(twice.is_bad_request());
    assert_eq!(
        twice.as_api().unwrap().kind.as_deref(),
        Some("resource_already_exists_exception")
    );

    let wrong = client
        .search::<Value>("genuine-errors")
        .query(json!({"no_such": {}}))
        .await;
    let wrong = wrong.unwrap_err();
    assert!(wrong.is_bad_request() && !wrong.as_api().unwrap().root_causes.is_empty());
    client.indices().delete("genuine-errors").await.unwrap();
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn many_documents_are_written_and_read_to_the_end() {
    let name = "genuine-many";
    index(name).await;
    // Compressed in both directions.
    let client = builder().http_compress(true).build().unwrap();
    let documents =
        (0..5_000).map(|number| Operation::index(product(number)).id(number.to_string()));
    let report = client
        .helpers()
        .bulk(name, documents)
        .max_in_flight(2)
        .await
        .unwrap();
    assert_eq!((report.succeeded, report.failures.len()), (5_000, 0));
    client.indices().refresh(name).await.unwrap();

    let scrolled = client
        .helpers()
        .read_all::<Product>(name)
        .by_scroll(true)
        .stream();
    let numbers: BTreeSet<u32> = scrolled
        .map_ok(|hit| hit.into_source().unwrap().unwrap().number)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(numbers.len(), 5_000);

    let read = client
        .helpers()
        .read_all::<Product>(name)
        .slices(2)
        .stream();
    let numbers: BTreeSet<u32> = read
        .map_ok(|hit| hit.into_source().unwrap().unwrap().number)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(numbers.len(), 5_000);
    // OpenSearch has its points in time elsewhere, which leads to scrolls by itself.
    let cell = if is_opensearch() {
        "yes, by scroll of itself"
    } else {
        "yes"
    };
    table::says(
        "read all by scroll and by point in time, sliced; reindex",
        cell,
    );
    client.indices().delete(name).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn each_operation_of_a_bulk_is_reported() {
    let name = "genuine-bulk";
    let client = index(name).await;
    let operations = [
        Operation::create(product(1)).id("1"),
        Operation::create(product(2)).id("1"),
        Operation::index(product(3)).id("3").routing("r"),
        Operation::update("1", product(4)),
        Operation::update("none", product(5)),
        Operation::index(product(6)).in_index("Not a name").id("6"),
    ];
    let bulk = client.helpers().bulk(name, operations).refresh(true);
    let report = bulk.await.unwrap();
    assert_eq!((report.succeeded, report.failed, report.unknown), (3, 3, 0));
    let failures: Vec<_> = report
        .failures
        .iter()
        .map(|outcome| {
            (
                outcome.number,
                outcome.result.as_ref().unwrap_err().status(),
            )
        })
        .collect();
    assert_eq!(failures, [(1, Some(409)), (4, Some(404)), (5, Some(400))]);
    let found = client.get::<Product>(name, "1").await.unwrap();
    assert_eq!(
        (found.source().unwrap(), found.version),
        (Some(&product(4)), Some(2))
    );
    assert_eq!(client.count(name).await.unwrap().count, Some(2));
    client.indices().delete(name).await.unwrap();
}
