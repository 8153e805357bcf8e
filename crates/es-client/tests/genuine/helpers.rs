//! The helpers that documents.rs does not show, and calls by name.

use es_client::{Elasticsearch, Error, SearchResponse, helpers::bulk::Operation};
use futures_util::StreamExt;
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    server::{client, is_opensearch, lacks, major},
    table,
};

const DOCUMENTS: u64 = 300;

/// Documents 0 to 299 in a new index, made and filled by calls by name and the bulk helper.
async fn filled(name: &str) -> Elasticsearch {
    let client = client();
    gone(&client, name).await;
    client
        .call("indices.create", json!({"index": name}), json!({}))
        .await
        .unwrap();
    let documents = (0..DOCUMENTS).map(|number| {
        Operation::index(json!({"number": number, "even": number % 2 == 0})).id(number.to_string())
    });
    assert!(
        client
            .helpers()
            .bulk(name, documents)
            .refresh(true)
            .await
            .unwrap()
            .is_complete()
    );
    client
}

async fn gone(client: &Elasticsearch, name: &str) {
    let missing = client.options().ignore_status([StatusCode::NOT_FOUND]);
    missing
        .call("indices.delete", json!({"index": name}), ())
        .await
        .unwrap();
}

async fn count(client: &Elasticsearch, name: &str) -> u64 {
    let response = client
        .call("count", json!({"index": name}), ())
        .await
        .unwrap();
    response.json::<Value>().unwrap()["count"].as_u64().unwrap()
}

/// A module that is listed as lacking is one whose path the server does not know.
fn is_unknown_path(error: &Error) -> bool {
    matches!(
        error.status(),
        Some(StatusCode::BAD_REQUEST | StatusCode::METHOD_NOT_ALLOWED)
    )
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn an_index_is_copied_through_the_client() {
    let (from, to) = ("genuine-copy-from", "genuine-copy-to");
    let client = filled(from).await;
    gone(&client, to).await;
    let report = client
        .helpers()
        .reindex(from, &client, to)
        .refresh(true)
        .await
        .unwrap();
    assert_eq!(
        (report.succeeded, report.failed, report.unknown),
        (DOCUMENTS, 0, 0)
    );
    assert_eq!(count(&client, to).await, DOCUMENTS);
    gone(&client, from).await;
    gone(&client, to).await;
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_copied_index_has_its_vectors() {
    if is_opensearch() {
        return;
    }
    let (from, to) = ("genuine-vectors-from", "genuine-vectors-to");
    let client = client();
    gone(&client, from).await;
    gone(&client, to).await;
    let mappings = json!({"properties": {"v": {"type": "dense_vector", "dims": 3}}});
    let create = client.indices().create(from).mappings(&mappings);
    create.send().await.unwrap();
    let documents =
        (0..DOCUMENTS).map(|n| Operation::index(json!({"v": [n, 1, 2]})).id(n.to_string()));
    let bulk = client.helpers().bulk(from, documents).refresh(true);
    assert!(bulk.await.unwrap().is_complete());

    client
        .helpers()
        .copy_index(from, &client, to)
        .await
        .unwrap();
    let copy = client.helpers().reindex(from, &client, to).refresh(true);
    assert_eq!(copy.await.unwrap().succeeded, DOCUMENTS);
    let mut hits = client.helpers().read_all::<Value>(to).stream();
    let mut copied = 0;
    while let Some(hit) = hits.next().await {
        let hit = hit.unwrap();
        let id: u64 = hit.id.parse().unwrap();
        let document = hit.into_source().unwrap().unwrap();
        let vector: Vec<f64> = serde_json::from_value(document["v"].clone()).unwrap();
        // Elasticsearch keeps the direction and the length apart, and rounds both.
        let is_close = |(found, sent): (&f64, f64)| (found - sent).abs() < 1e-4;
        let sent = [id as f64, 1.0, 2.0];
        assert!(vector.iter().zip(sent).all(is_close), "{vector:?} {sent:?}");
        assert_eq!(vector.len(), 3);
        copied += 1;
    }
    assert_eq!(copied, DOCUMENTS);
    gone(&client, from).await;
    gone(&client, to).await;
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn searches_go_together_and_end_on_their_own() {
    let name = "genuine-msearch";
    let client = filled(name).await;
    let searches = client.helpers().msearch(name);
    let even = json!({"track_total_hits": true, "query": {"term": {"even": true}}});
    let low = json!({"track_total_hits": true, "query": {"range": {"number": {"lt": 10}}}});
    let (even, low, wrong) = tokio::join!(
        searches.search::<Value>(&even).into_future(),
        searches.search::<Value>(&low).into_future(),
        searches
            .search::<Value>(&json!({"query": {"no_such": {}}}))
            .into_future(),
    );
    let total = |found: Result<SearchResponse<Value>, Error>| found.unwrap().total();
    assert_eq!(
        (total(even), total(low)),
        (i64::try_from(DOCUMENTS / 2).ok(), Some(10))
    );
    assert!(wrong.unwrap_err().is_bad_request());
    gone(&client, name).await;
    table::says("bulk, msearch", "yes");
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_task_of_the_server_is_waited_for() {
    let (from, to) = ("genuine-task-from", "genuine-task-to");
    let client = filled(from).await;
    gone(&client, to).await;
    let body = json!({"source": {"index": from}, "dest": {"index": to}});
    let params = json!({"wait_for_completion": false, "refresh": true});
    let started = client.call("reindex", params, body).await;
    if lacks(!is_opensearch() && major() > 7, "the module reindex") {
        let error = started.unwrap_err();
        assert!(is_unknown_path(&error), "no longer lacking: {error:?}");
        table::says("wait for a task", "no module that starts one");
    } else {
        let started: Value = started.unwrap().json().unwrap();
        let id = started["task"].as_str().unwrap();
        let task = client.helpers().wait_for_task(id).await.unwrap();
        assert_eq!(task.response::<Value>().unwrap()["created"], DOCUMENTS);
        assert_eq!(count(&client, to).await, DOCUMENTS);
        table::says("wait for a task", "yes");
    }
    gone(&client, from).await;
    gone(&client, to).await;
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_server_without_esql_says_so() {
    // None of the minimal distributions has the module.
    assert!(lacks(true, "ES|QL"));
    let rows = client().helpers().esql("ROW a = 1").rows::<Value>().await;
    let error = rows.unwrap_err();
    assert!(is_unknown_path(&error), "no longer lacking: {error:?}");
    table::says("ES\\|QL rows", "no module");
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_call_by_name_gives_the_servers_error() {
    let missing = json!({"index": "genuine-no-such-index"});
    let error = client()
        .call("search", missing, json!({"size": 1}))
        .await
        .unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(
        error.as_api().unwrap().kind.as_deref(),
        Some("index_not_found_exception")
    );
}
