//! The smaller helpers: reindex, multi-search, tasks, ES|QL.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use es_client::{Elasticsearch, helpers::bulk::Operation, types::ByQueryResponse};
use es_testkit::{Cluster, Fault};
use es_transport::Body;
use futures_util::{FutureExt, StreamExt, future::join_all};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tokio::time::Instant;

async fn cluster() -> (Cluster, Elasticsearch) {
    let cluster = Cluster::builder().start().await.unwrap();
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .build()
        .unwrap();
    (cluster, client)
}

async fn numbered(client: &Elasticsearch, index: &'static str, count: u64) {
    let documents = (0..count).map(|n| {
        Operation::index(json!({ "n": n }))
            .id(n.to_string())
            .routing(format!("r{}", n % 3))
    });
    assert!(
        client
            .helpers()
            .bulk(index, documents)
            .await
            .unwrap()
            .is_complete()
    );
}

async fn count(client: &Elasticsearch, index: &str) -> u64 {
    let response = client
        .request(Method::GET, &format!("/{index}/_count"), ())
        .await
        .unwrap();
    response.json::<Value>().unwrap()["count"].as_u64().unwrap()
}

#[tokio::test]
async fn an_index_is_copied_to_another_cluster_whatever_fails() {
    let ((from, old), (to, new)) = (cluster().await, cluster().await);
    numbered(&old, "products", 3_210).await;
    from.node(0)
        .inject(Fault::status(503).times(2).on_path("/_search"));
    to.node(0)
        .inject(Fault::reset().after_processing().times(2).on_path("/_bulk"));
    let report = old
        .helpers()
        .reindex("products", &new, "copy")
        .flush_operations(500)
        .await
        .unwrap();
    assert_eq!((report.operations, report.succeeded), (3_210, 3_210));
    assert_eq!(count(&new, "copy").await, 3_210);
    let hit: Value = new
        .request(Method::GET, "/copy/_doc/7", ())
        .await
        .unwrap()
        .json()
        .unwrap();
    assert_eq!(
        (&hit["_source"]["n"], &hit["_routing"]),
        (&json!(7), &json!("r1"))
    );
}

#[tokio::test]
async fn a_copy_whose_source_fails_says_so_after_what_it_wrote() {
    let ((from, old), (_to, new)) = (cluster().await, cluster().await);
    numbered(&old, "products", 2_500).await;
    let later =
        |request: &Request<Bytes>| String::from_utf8_lossy(request.body()).contains("search_after");
    from.node(0)
        .inject(Fault::status(403).on_path("/_search").when(later));
    let stopped = old
        .helpers()
        .reindex("products", &new, "copy")
        .await
        .unwrap_err();
    assert!(stopped.error.is_source());
    assert_eq!(
        (stopped.report.operations, stopped.report.succeeded),
        (10, 10)
    );
    assert_eq!(count(&new, "copy").await, 10);
}

#[tokio::test]
async fn stopped_reindex_goes_on_from_its_token() {
    let ((_from, old), (to, new)) = (cluster().await, cluster().await);
    numbered(&old, "products", 4_500).await;
    // The target refuses everything after some requests.
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&tokens);
    let refused = to.node(0);
    let bulk = old
        .helpers()
        .resumable_reindex("products", &new, "copy", None, move |token| {
            kept.lock().unwrap().push(token.to_string());
            if kept.lock().unwrap().len() == 2 {
                refused.inject(Fault::status(403).on_path("/_bulk"));
            }
        });
    let stopped = bulk
        .flush_operations(500)
        .max_in_flight(1)
        .await
        .unwrap_err();
    assert!(stopped.error.is_forbidden());
    assert!(count(&new, "copy").await < 4_500);

    to.node(0).clear_faults();
    let token = tokens.lock().unwrap().pop().unwrap().parse().unwrap();
    let bulk = old
        .helpers()
        .resumable_reindex("products", &new, "copy", Some(token), |_| {});
    let report = bulk.await.unwrap();
    // 2,000 were settled by the token.
    assert_eq!((report.operations, report.succeeded), (2_500, 2_500));
    assert_eq!(count(&new, "copy").await, 4_500);
}

#[tokio::test]
async fn index_is_created_as_another_one() {
    let settings = json!({"index": {"uuid": "x", "version": {"created": "9"}, "creation_date": "1",
        "provided_name": "old", "number_of_shards": "3",
        "routing": {"allocation": {"initial_recovery": {"_id": "n"}, "include": {"zone": "a"}}},
        "analysis": {"analyzer": {"a": {"type": "standard"}}}}});
    let mappings = json!({"properties": {"price": {"type": "double"}}});
    let old =
        json!({"old-1": {"aliases": {"old": {}}, "mappings": mappings, "settings": settings}});
    let two = json!({"a": {}, "b": {}});
    let created = json!({"acknowledged": true, "shards_acknowledged": true, "index": "new"});
    let (client, seen) = responding([(200, old), (200, created), (200, two)]);
    client
        .helpers()
        .copy_index("old", &client, "new")
        .aliases(true)
        .await
        .unwrap();
    let (line, body) = seen.lock().unwrap()[1].clone();
    assert_eq!(line, "PUT /new");
    let expected = json!({"mappings": mappings, "aliases": {"old": {}}, "settings": {"index":
        {"number_of_shards": "3", "routing": {"allocation": {"include": {"zone": "a"}}},
        "analysis": {"analyzer": {"a": {"type": "standard"}}}}}});
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
    assert!(
        client
            .helpers()
            .copy_index("*", &client, "new")
            .await
            .unwrap_err()
            .is_invalid()
    );
}

#[tokio::test]
async fn copied_index_has_its_vectors() {
    let ((_from, old), (_to, new)) = (cluster().await, cluster().await);
    let mappings = json!({"properties": {
        "v": {"type": "dense_vector", "dims": 3, "similarity": "l2_norm"},
        "price": {"type": "double"}
    }});
    let settings = json!({"number_of_shards": 2, "number_of_replicas": 0});
    let create = old.indices().create("old").mappings(&mappings);
    let create = create.settings(&settings);
    create.aliases(json!({"shop": {}})).send().await.unwrap();
    let documents = (0..40).map(|n| {
        let document = json!({"price": n, "v": [n, 1, 2]});
        Operation::index(document).id(n.to_string())
    });
    let written = old.helpers().bulk("old", documents).await.unwrap();
    assert!(written.is_complete());
    // As Elasticsearch does since 9.2.
    let found = old.search::<Value>("old").size(1).send().await.unwrap();
    let found: Value = found.json().unwrap();
    assert!(found["hits"]["hits"][0]["_source"]["v"].is_null());

    let copy = old.helpers().copy_index("old", &new, "new").aliases(true);
    copy.await.unwrap();
    let report = old.helpers().reindex("old", &new, "new").await.unwrap();
    assert_eq!((report.succeeded, report.operations), (40, 40));
    let index = new.indices().get("new").send().await.unwrap();
    let index: Value = index.json().unwrap();
    let vectors = &index["new"]["mappings"]["properties"]["v"];
    assert_eq!(
        (&vectors["type"], &vectors["dims"]),
        (&json!("dense_vector"), &json!(3))
    );
    let settings = &index["new"]["settings"]["index"];
    assert_eq!(settings["number_of_shards"], "2");
    assert!(index["new"]["aliases"]["shop"].is_object());

    let mut hits = new.helpers().read_all::<Value>("shop").stream();
    let mut copied = 0;
    while let Some(hit) = hits.next().await {
        let document = hit.unwrap().into_source().unwrap().unwrap();
        let n = document["price"].as_u64().unwrap();
        assert_eq!(document["v"], json!([n, 1, 2]));
        copied += 1;
    }
    assert_eq!(copied, 40);
    // They can be searched for.
    let knn = json!({"field": "v", "query_vector": [7, 1, 2], "k": 1, "num_candidates": 40});
    let search = new.search::<Value>("new").property("knn", &knn).send();
    let nearest: Value = search.await.unwrap().json().unwrap();
    assert_eq!(nearest["hits"]["hits"][0]["_id"], "7");
}

#[tokio::test]
async fn sql_is_read_page_after_page_and_its_cursor_closed() {
    let first =
        json!({"columns": [{"name": "n", "type": "long"}], "rows": [[1], [2]], "cursor": "c1"});
    let second = json!({"rows": [[3], [4]], "cursor": "c2"});
    let last = json!({"rows": [[5]]});
    let (client, seen) = responding([(200, first.clone()), (200, second.clone()), (200, last)]);
    let query = || {
        client
            .helpers()
            .sql("SELECT n FROM i WHERE n > ?")
            .param(0)
            .fetch_size(2)
    };
    assert_eq!(query().rows::<i64>().await.unwrap(), [1, 2, 3, 4, 5]);
    let bodies: Vec<_> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|(_, body)| body.clone())
        .collect();
    assert_eq!(
        bodies,
        [
            r#"{"query":"SELECT n FROM i WHERE n > ?","params":[0],"fetch_size":2}"#,
            r#"{"cursor":"c1"}"#,
            r#"{"cursor":"c2"}"#,
        ]
    );

    // Dropped, it closes what the server keeps; an error names row and column.
    let wrong = json!({"rows": [["x"]], "cursor": "c3"});
    let closed = json!({"succeeded": true});
    let (client, seen) = responding([(200, first), (200, wrong), (200, closed)]);
    let mut rows = client.helpers().sql("SELECT n FROM i").stream::<i64>();
    assert_eq!(rows.next().await.unwrap().unwrap(), 1);
    assert_eq!(rows.next().await.unwrap().unwrap(), 2);
    let error = rows.next().await.unwrap().unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert!(
        format!("{error} {source:?}").contains("row 2"),
        "{error} {source:?}"
    );
    drop(rows);
    while seen.lock().unwrap().len() < 3 {
        tokio::task::yield_now().await;
    }
    let (line, body) = seen.lock().unwrap()[2].clone();
    assert_eq!(
        (line.as_str(), body.as_str()),
        ("POST /_sql/close", r#"{"cursor":"c3"}"#)
    );
}

#[tokio::test]
async fn searches_go_together_and_end_on_their_own() {
    let (cluster, client) = cluster().await;
    numbered(&client, "i", 120).await;
    cluster.node(0).clear_records();
    let searches = client.helpers().msearch("i").max_searches(50);
    let found = join_all((0..120_u64).map(|n| {
        let query = json!({"query": {"term": {"n": n}}});
        tokio::spawn(searches.search::<Value>(&query).into_future())
    }));
    for (n, found) in (0_u64..).zip(found.await) {
        let found = found.unwrap().unwrap();
        let numbers: Vec<_> = found
            .documents()
            .map(|d| d.unwrap()["n"].as_u64().unwrap())
            .collect();
        assert_eq!(numbers, [n]);
    }
    let requests = cluster.node(0).requests();
    let lines = |body: &[u8]| body.iter().filter(|byte| **byte == b'\n').count();
    let sizes: Vec<_> = requests
        .iter()
        .map(|request| lines(&request.body) / 2)
        .collect();
    assert_eq!(sizes.iter().sum::<usize>(), 120);
    assert_eq!(sizes.len(), 3);
    assert!(
        requests
            .iter()
            .all(|request| request.target == "/i/_msearch")
    );
}

#[tokio::test]
async fn one_search_that_fails_leaves_the_others_alone() {
    let (cluster, client) = cluster().await;
    numbered(&client, "i", 3).await;
    cluster.node(0).clear_records();
    let searches = client.helpers().msearch("i");
    let all = json!({"query": {"match_all": {}}});
    let (good, missing, bad, dropped) = (
        searches.search::<Value>(&all).routing("r1"),
        searches.search::<Value>(&all).index("none"),
        searches.search::<Value>(&json!({"query": {"range": {"n": {"gte": "x"}}}})),
        searches.search::<Value>(&all),
    );
    assert!(dropped.into_future().now_or_never().is_none());
    let (good, missing, bad) =
        tokio::join!(good.into_future(), missing.into_future(), bad.into_future());
    assert_eq!(good.unwrap().hits().len(), 3);
    let missing = missing.unwrap_err();
    assert!(missing.is_not_found());
    assert_eq!(
        missing.as_api().unwrap().kind.as_deref(),
        Some("index_not_found_exception")
    );
    assert!(bad.unwrap_err().is_bad_request());
    assert_eq!(cluster.request_count(), 1);
}

#[tokio::test]
async fn a_search_that_spoils_its_request_is_found() {
    let (cluster, client) = cluster().await;
    numbered(&client, "i", 40).await;
    cluster.node(0).clear_records();
    let spoilt =
        |request: &Request<Bytes>| String::from_utf8_lossy(request.body()).contains("nonsense");
    // As a genuine server does: one search that it cannot read is an error of all.
    cluster
        .node(0)
        .inject(Fault::status(400).on_path("_msearch").when(spoilt));
    let searches = client.helpers().msearch("i").max_searches(40);
    let found = join_all((0..40_u64).map(|n| {
        let kind = if n == 13 { "nonsense" } else { "term" };
        searches
            .search::<Value>(&json!({"query": {kind: {"n": n}}}))
            .into_future()
    }));
    for (n, found) in (0_u64..).zip(found.await) {
        match found {
            Ok(found) => assert_eq!(found.documents().next().unwrap().unwrap()["n"], n),
            Err(error) => assert!(n == 13 && error.is_bad_request(), "{n} {error}"),
        }
    }
    // 40, 20 and 20, 10 and 10, 5 and 5, 2 and 3, 1 and 2, or 1 and 1.
    assert!(
        (9..=13).contains(&cluster.request_count()),
        "{}",
        cluster.request_count()
    );
}

#[tokio::test]
async fn searches_that_fail_together_have_the_same_error() {
    let (cluster, client) = cluster().await;
    cluster
        .node(0)
        .inject(Fault::status(403).on_path("_msearch"));
    let searches = client.helpers().msearch("i");
    let one = searches.search::<Value>(&json!({})).into_future();
    let other = searches.search::<Value>(&json!({})).into_future();
    let (one, other) = tokio::join!(one, other);
    assert!(one.unwrap_err().is_forbidden());
    assert_eq!(other.unwrap_err().status().unwrap(), 403);
    assert_eq!(cluster.request_count(), 1);
}

/// Method with target, and body, of every request.
pub(crate) type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// A client whose requests get these responses, one after the other. With the status 0,
/// the connection breaks instead, and with 1 there is none.
pub(crate) fn responding(
    responses: impl IntoIterator<Item = (u16, Value)>,
) -> (Elasticsearch, Seen) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let responses = Arc::new(Mutex::new(
        responses
            .into_iter()
            .collect::<std::collections::VecDeque<_>>(),
    ));
    let record = Arc::clone(&seen);
    let service = tower::service_fn(move |request: Request<Body>| {
        let (record, responses) = (Arc::clone(&record), Arc::clone(&responses));
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let body = String::from_utf8(body.to_vec()).unwrap();
            record
                .lock()
                .unwrap()
                .push((format!("{} {}", parts.method, parts.uri), body));
            let (status, response) = responses.lock().unwrap().pop_front().unwrap();
            match status {
                0 => return Err(io::Error::from(io::ErrorKind::ConnectionReset)),
                1 => std::future::pending().await,
                _ => {}
            }
            let text = response
                .as_str()
                .map_or_else(|| response.to_string(), str::to_owned);
            let response = Response::builder()
                .status(status)
                .body(Full::new(Bytes::from(text)));
            Ok(response.unwrap())
        }
    });
    (Elasticsearch::from_service(service), seen)
}

#[tokio::test(start_paused = true)]
async fn a_task_is_asked_until_it_ends() {
    let running = |created: u64| {
        let status = json!({"total": 100, "created": created, "updated": 1, "noops": 0});
        (
            200,
            json!({"completed": false, "task": {"action": "reindex", "status": status}}),
        )
    };
    let busy = (
        503,
        json!({"error": {"type": "t", "reason": "r"}, "status": 503}),
    );
    let done = json!({"completed": true, "task": {"status": {"total": 100, "created": 99, "updated": 1}},
        "response": {"created": 99}});
    let (client, seen) = responding([running(0), busy, running(40), (200, done)]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let began = Instant::now();
    let task = client
        .helpers()
        .wait_for_task("node:17")
        .on_progress(move |task| tell.lock().unwrap().push((task.done(), task.total())))
        .await
        .unwrap();
    assert_eq!(task.response::<Value>().unwrap(), json!({"created": 99}));
    assert_eq!(
        *told.lock().unwrap(),
        [(1, Some(100)), (41, Some(100)), (100, Some(100))]
    );
    assert_eq!(seen.lock().unwrap().len(), 4);
    assert_eq!(seen.lock().unwrap()[0].0, "GET /_tasks/node%3A17");
    // 100 ms, a failure of 250 to 500 ms, 150 ms.
    let took = began.elapsed().as_millis();
    assert!((500..=760).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_failed_or_is_unknown_is_an_error() {
    let failed = json!({"completed": true, "task": {}, "error": {"type": "script_exception", "reason": "oops"}});
    let unknown =
        json!({"error": {"type": "resource_not_found_exception", "reason": "gone"}, "status": 404});
    let (client, _) = responding([(200, failed), (404, unknown)]);
    let error = client.helpers().wait_for_task("n:1").await.unwrap_err();
    assert!(error.is_task());
    assert_eq!(error.to_string(), "the task failed: script_exception: oops");
    assert!(
        client
            .helpers()
            .wait_for_task("n:2")
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        client
            .helpers()
            .wait_for_task("")
            .await
            .unwrap_err()
            .is_invalid()
    );
}

/// As 9.2 responds to a delete by query that met conflicts, a cancelled reindex,
/// and a reindex that went on past conflicts.
#[tokio::test(start_paused = true)]
async fn incomplete_task_is_an_error() {
    let conflict = json!({"index": "i", "id": "7", "status": 409, "cause":
        {"type": "version_conflict_engine_exception", "reason": "[7]: version conflict"}});
    let stopped = json!({"completed": true, "task": {}, "response":
        {"total": 10, "deleted": 3, "version_conflicts": 1, "failures": [conflict]}});
    let cancelled = json!({"completed": true, "task": {"cancelled": true}, "response":
        {"total": 10, "created": 3, "canceled": "by user request", "failures": []}});
    let timed_out = json!({"completed": true, "task": {}, "response":
        {"total": 10, "timed_out": true, "failures": []}});
    let proceeded = json!({"completed": true, "task": {}, "response":
        {"total": 10, "created": 9, "version_conflicts": 1, "failures": []}});
    let (client, _) = responding(
        [&stopped, &stopped, &cancelled, &timed_out, &proceeded].map(|task| (200, task.clone())),
    );
    let helpers = client.helpers();

    let error = helpers.wait_for_task("n:1").await.unwrap_err();
    let expected = "the task failed: version_conflict_engine_exception: stopped after 1 failures \
                    and 1 version conflicts; first, of document 7: [7]: version conflict";
    assert_eq!(error.to_string(), expected);
    let task = helpers
        .wait_for_task("n:1")
        .allow_incomplete(true)
        .await
        .unwrap();
    assert!(task.error.is_some());
    assert_eq!(task.response::<ByQueryResponse>().unwrap().deleted, 3);

    let error = helpers.wait_for_task("n:1").await.unwrap_err();
    assert!(
        error.to_string().ends_with("cancelled: by user request"),
        "{error}"
    );
    assert!(helpers.wait_for_task("n:1").await.unwrap_err().is_task());
    let task = helpers.wait_for_task("n:1").await.unwrap();
    assert_eq!(
        task.response::<ByQueryResponse>()
            .unwrap()
            .version_conflicts,
        1
    );
}

#[tokio::test(start_paused = true)]
async fn task_that_does_not_say_so_is_not_complete() {
    let complete = json!({"completed": true, "task": {}, "error": null, "response":
        {"canceled": null, "timed_out": null, "version_conflicts": null, "failures": null}});
    let shards = json!({"total": 2, "failed": 1, "failures": [{"shard": 1, "index": "i",
        "reason": {"type": "x_exception", "reason": "why"}}]});
    let incomplete = [
        json!({"completed": true, "task": {}}),
        json!({"completed": true, "task": {}, "error": null, "response": null}),
        json!({"completed": true, "task": {}, "response": {"failures": "many"}}),
        json!({"completed": true, "task": {}, "response": {"_shards": shards}}),
    ];
    for task in incomplete {
        let (client, _) = responding([(200, task.clone())]);
        assert!(
            client
                .helpers()
                .wait_for_task("n:1")
                .await
                .unwrap_err()
                .is_task(),
            "{task}"
        );
    }
    let (client, _) = responding([(200, complete), (200, json!({}))]);
    assert!(
        client
            .helpers()
            .wait_for_task("n:1")
            .await
            .unwrap()
            .error
            .is_none()
    );
    assert!(
        client
            .helpers()
            .wait_for_task("n:1")
            .await
            .unwrap_err()
            .is_decode()
    );
}

#[tokio::test]
async fn search_without_a_response_is_an_error() {
    let responses =
        json!([{"error": {"type": "x_exception", "reason": "why"}}, {"status": 429}, {}]);
    let (client, _) = responding([(200, json!({ "responses": responses }))]);
    let searches = client.helpers().msearch("i");
    let search = || searches.search::<Value>(&json!({})).into_future();
    let (failed, refused, empty) = tokio::join!(search(), search(), search());
    assert_eq!(
        failed.unwrap_err().as_api().unwrap().kind.as_deref(),
        Some("x_exception")
    );
    assert!(refused.unwrap_err().is_too_many_requests());
    assert!(empty.unwrap_err().is_decode());
}

#[tokio::test]
async fn a_query_sends_its_parameters_apart_and_reads_its_rows() {
    let table = json!({"columns": [{"name": "brand", "type": "keyword"}, {"name": "n", "type": "long"}],
        "values": [["a", 1], ["b", 2]]});
    let (client, seen) = responding([
        (200, table),
        (200, json!("brand,n\r\na,1\r\n")),
        (200, json!("ARROW1")),
    ]);
    let query = || client.helpers().esql("FROM i | WHERE n > ?least");
    let rows: Vec<(String, u64)> = query().param("least", "0 | DROP n").rows().await.unwrap();
    assert_eq!(rows, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    assert_eq!(
        query().positional_param(7).csv().await.unwrap(),
        "brand,n\r\na,1\r\n"
    );
    let arrow = query()
        .filter(&json!({"match_all": {}}))
        .allow_partial_results(true)
        .arrow();
    assert_eq!(arrow.await.unwrap(), "ARROW1");
    let seen = seen.lock().unwrap();
    let expected = [
        (
            "POST /_query",
            r#"{"query":"FROM i | WHERE n > ?least","params":[{"least":"0 | DROP n"}]}"#,
        ),
        (
            "POST /_query?format=csv&allow_partial_results=false",
            r#"{"query":"FROM i | WHERE n > ?least","params":[7]}"#,
        ),
        (
            "POST /_query?format=arrow",
            r#"{"query":"FROM i | WHERE n > ?least","filter":{"match_all":{}}}"#,
        ),
    ];
    let expected = expected.map(|(line, body)| (line.to_owned(), body.to_owned()));
    assert_eq!(*seen, expected);
}

/// A client whose queries get this response, as from a query without a limit.
fn without_limit(text: impl Into<Bytes>) -> Elasticsearch {
    let text = text.into();
    let service = tower::service_fn(move |_request: Request<Body>| {
        let warning =
            "299 Elasticsearch-9.2.0 \"No limit defined, adding default limit of [1000]\"";
        let response = Response::builder().header("warning", warning);
        let response = response.body(Full::new(text.clone())).unwrap();
        async move { Ok::<_, Infallible>(response) }
    });
    Elasticsearch::from_service(service)
}

fn table(rows: u64, is_partial: bool) -> String {
    let values: Vec<_> = (0..rows).map(|n| [n]).collect();
    let columns = json!([{"name": "n", "type": "long"}]);
    json!({"is_partial": is_partial, "columns": columns, "values": values}).to_string()
}

fn assert_is_cut(error: &es_client::Error) {
    assert!(error.is_partial());
    let words = "the server cut the result at 1000 rows; give the query a `LIMIT`";
    assert!(error.to_string().contains(words), "{error}");
}

#[tokio::test]
async fn result_cut_at_the_limit_is_an_error_unless_allowed() {
    let client = without_limit(table(1_000, false));
    let query = || client.helpers().esql("FROM i");
    assert_is_cut(&query().rows::<u64>().await.unwrap_err());
    assert_is_cut(&query().table::<u64>().await.unwrap_err());
    let cut = query().allow_truncated(true).table::<u64>().await.unwrap();
    assert_eq!((cut.rows.len(), cut.is_truncated), (1_000, true));

    // The server warns of the limit even where there are fewer rows.
    let client = without_limit(table(999, false));
    let whole = client
        .helpers()
        .esql("FROM i")
        .table::<u64>()
        .await
        .unwrap();
    assert_eq!((whole.rows.len(), whole.is_truncated), (999, false));
    // A query with a limit has as many rows as it asks for.
    let (client, _) = responding([(200, serde_json::from_str(&table(1_000, false)).unwrap())]);
    let query = client.helpers().esql("FROM i | LIMIT 1000");
    assert_eq!(query.rows::<u64>().await.unwrap().len(), 1_000);
}

#[tokio::test]
async fn csv_cut_at_the_limit_is_an_error_unless_allowed() {
    // Line breaks within quotes do not begin a row.
    let csv = |rows: usize| format!("text\r\n{}", "\"a\r\nb \"\"c\"\"\"\r\n".repeat(rows));
    let client = without_limit(csv(1_000));
    let query = || client.helpers().esql("FROM i");
    assert_is_cut(&query().csv().await.unwrap_err());
    let cut = query().allow_truncated(true).csv().await.unwrap();
    assert_eq!(cut, csv(1_000));
    let client = without_limit(csv(999));
    assert_eq!(
        client.helpers().esql("FROM i").csv().await.unwrap(),
        csv(999)
    );
}

/// A stream with one record batch of so many rows and no columns.
fn arrow(rows: u16) -> Bytes {
    // A mark and the length; the place of the table, its list of places (version, kind,
    // header, length of the body), and the table; the same of the header.
    let mut stream = vec![0xff, 0xff, 0xff, 0xff, 56, 0, 0, 0];
    stream.extend([16, 0, 0, 0, 12, 0, 12, 0, 4, 0, 6, 0, 8, 0, 0, 0]);
    stream.extend([12, 0, 0, 0, 4, 0, 3, 0, 16, 0, 0, 0, 0, 0, 0, 0]);
    stream.extend([6, 0, 16, 0, 8, 0, 0, 0]);
    stream.extend([8, 0, 0, 0, 0, 0, 0, 0]);
    let [low, high] = rows.to_le_bytes();
    stream.extend([low, high, 0, 0, 0, 0, 0, 0]);
    stream.extend([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    stream.into()
}

#[tokio::test]
async fn arrow_cut_at_the_limit_is_an_error_unless_allowed() {
    let client = without_limit(arrow(1_000));
    let query = || client.helpers().esql("FROM i");
    assert_is_cut(&query().arrow().await.unwrap_err());
    let cut = query().allow_truncated(true).arrow().await.unwrap();
    assert_eq!(cut, arrow(1_000));
    let client = without_limit(arrow(999));
    let whole = client.helpers().esql("FROM i").arrow().await.unwrap();
    assert_eq!(whole, arrow(999));
}

#[tokio::test]
async fn partial_rows_are_an_error_unless_allowed() {
    let partial: Value = serde_json::from_str(&table(3, true)).unwrap();
    let (client, _) = responding([
        (200, partial.clone()),
        (200, partial.clone()),
        (200, partial),
    ]);
    let query = || client.helpers().esql("FROM i | LIMIT 10");
    let error = query().rows::<u64>().await.unwrap_err();
    assert!(error.is_partial() && !error.is_timeout());
    assert!(
        error.to_string().contains("`allow_partial_results`"),
        "{error}"
    );
    let allowed = || query().allow_partial_results(true);
    assert_eq!(allowed().rows::<u64>().await.unwrap(), [0, 1, 2]);
    assert!(allowed().table::<u64>().await.unwrap().is_partial);
}
