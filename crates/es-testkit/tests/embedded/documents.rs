//! Documents: write, read, change, delete, one by one and in bulk.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step is a failed test"
)]

use crate::support;

use es_testkit::{Cluster, Fault};
use serde_json::{Value, json};
use support::Client;

async fn start() -> (Cluster, Client) {
    let cluster = Cluster::builder().start().await.unwrap();
    let client = Client::connect(&cluster.url(0)).await;
    (cluster, client)
}

#[tokio::test]
async fn a_document_is_written_read_and_deleted() {
    let (_cluster, mut client) = start().await;
    let created = client
        .call("PUT", "/books/_doc/a%2Fb", json!({"title": "Dune"}))
        .await;
    assert_eq!(created.status, 201);
    assert_eq!(created.header("location"), "/books/_doc/a%2Fb");
    assert_eq!(created.json()["result"], "created");
    let updated = client
        .ok("PUT", "/books/_doc/a%2Fb", json!({"title": "Dune II"}))
        .await;
    assert_eq!(
        (&updated["result"], &updated["_version"]),
        (&json!("updated"), &json!(2))
    );
    let got = client.ok("GET", "/books/_doc/a%2Fb", Value::Null).await;
    assert_eq!(got["_id"], "a/b");
    assert_eq!(got["_source"], json!({"title": "Dune II"}));
    assert_eq!(
        client.ok("GET", "/books/_source/a%2Fb", Value::Null).await,
        json!({"title": "Dune II"})
    );
    assert_eq!(
        client.ok("DELETE", "/books/_doc/a%2Fb", Value::Null).await["result"],
        "deleted"
    );
    let gone = client.call("GET", "/books/_doc/a%2Fb", Value::Null).await;
    assert_eq!(gone.status, 404);
    assert_eq!(
        gone.json(),
        json!({"_index": "books", "_id": "a/b", "found": false})
    );
    assert_eq!(
        client
            .call("DELETE", "/books/_doc/a%2Fb", Value::Null)
            .await
            .status,
        404
    );
    // A version counts on over deletion.
    assert_eq!(
        client.ok("PUT", "/books/_doc/a%2Fb", json!({})).await["_version"],
        5
    );
}

#[tokio::test]
async fn head_tells_the_length_and_sends_no_body() {
    let (_cluster, mut client) = start().await;
    client
        .ok("PUT", "/books/_doc/1", json!({"title": "Dune"}))
        .await;
    let got = client.call("GET", "/books/_doc/1", Value::Null).await;
    let head = client.call("HEAD", "/books/_doc/1", Value::Null).await;
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), got.body.len().to_string());
    assert_eq!(
        client
            .call("HEAD", "/books/_doc/2", Value::Null)
            .await
            .status,
        404
    );
    assert_eq!(client.call("HEAD", "/books", Value::Null).await.status, 200);
    assert_eq!(client.call("HEAD", "/films", Value::Null).await.status, 404);
}

#[tokio::test]
async fn conflicts_are_refused() {
    let (_cluster, mut client) = start().await;
    let first = client.ok("PUT", "/books/_create/1", json!({"n": 1})).await;
    let again = client
        .call("PUT", "/books/_create/1", json!({"n": 2}))
        .await;
    assert_eq!(again.status, 409);
    assert_eq!(
        again.json()["error"]["type"],
        "version_conflict_engine_exception"
    );
    assert_eq!(
        client
            .call("PUT", "/books/_doc/1?op_type=create", json!({}))
            .await
            .status,
        409
    );
    let condition = format!("if_seq_no={}&if_primary_term=1", first["_seq_no"]);
    let target = format!("/books/_doc/1?{condition}");
    assert_eq!(
        client.call("PUT", &target, json!({"n": 3})).await.status,
        200
    );
    assert_eq!(
        client.call("PUT", &target, json!({"n": 4})).await.status,
        409
    );
    assert_eq!(
        client
            .call("PUT", "/books/_doc/1?if_seq_no=1", json!({}))
            .await
            .status,
        400
    );
    let external = "/books/_doc/9?version=7&version_type=external";
    assert_eq!(client.ok("PUT", external, json!({})).await["_version"], 7);
    assert_eq!(client.call("PUT", external, json!({})).await.status, 409);
}

#[tokio::test]
async fn updates_merge_and_upsert() {
    let (_cluster, mut client) = start().await;
    let missing = client
        .call("POST", "/books/_update/1", json!({"doc": {"a": 1}}))
        .await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.json()["error"]["type"],
        "document_missing_exception"
    );
    let upsert = json!({"doc": {"a": 2}, "upsert": {"a": 1, "o": {"x": 1}}});
    assert_eq!(
        client.ok("POST", "/books/_update/1", upsert.clone()).await["result"],
        "created"
    );
    assert_eq!(
        client.ok("POST", "/books/_update/1", upsert.clone()).await["result"],
        "updated"
    );
    assert_eq!(
        client.ok("POST", "/books/_update/1", upsert).await["result"],
        "noop"
    );
    let nested = json!({"doc": {"o": {"y": 2}}});
    let response = client
        .ok("POST", "/books/_update/1?_source=true", nested)
        .await;
    assert_eq!(
        response["get"]["_source"],
        json!({"a": 2, "o": {"x": 1, "y": 2}})
    );
    let as_upsert = json!({"doc": {"b": 1}, "doc_as_upsert": true});
    assert_eq!(
        client.ok("POST", "/books/_update/2", as_upsert).await["result"],
        "created"
    );
}

#[tokio::test]
async fn bulk_tells_the_outcome_of_each_item() {
    let (_cluster, mut client) = start().await;
    client
        .ok(
            "PUT",
            "/numbers",
            json!({"mappings": {"properties": {"n": {"type": "long"}}}}),
        )
        .await;
    let body = concat!(
        "{\"index\":{\"_id\":\"1\"}}\n{\"n\":1}\n",
        "{\"create\":{\"_id\":\"1\"}}\n{\"n\":2}\n",
        "{\"index\":{\"_id\":\"2\"}}\n{\"n\":\"two\"}\n",
        "{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{\"m\":3}}\n",
        "{\"delete\":{\"_id\":\"9\"}}\n",
        "{\"index\":{\"_index\":\"others\"}}\n{\"x\":1}\n",
    );
    let ndjson = [("content-type", "application/x-ndjson")];
    let response = client
        .send("POST", "/numbers/_bulk", &ndjson, body)
        .await
        .json();
    let statuses: Vec<_> = response["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            item.as_object().unwrap().values().next().unwrap()["status"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert_eq!(statuses, [201, 409, 400, 200, 404, 201]);
    assert_eq!(response["errors"], true);
    assert_eq!(
        response["items"][2]["index"]["error"]["type"],
        "document_parsing_exception"
    );
    let got = client.ok("GET", "/numbers/_doc/1", Value::Null).await;
    assert_eq!(got["_source"], json!({"n": 1, "m": 3}));
    assert_eq!(
        client.ok("GET", "/others/_count", Value::Null).await["count"],
        1
    );
    let open_ended = client
        .send("POST", "/_bulk", &ndjson, "{\"delete\":{}}")
        .await;
    assert_eq!(open_ended.status, 400);
}

#[tokio::test]
async fn several_documents_are_read_at_once() {
    let (_cluster, mut client) = start().await;
    client
        .ok("PUT", "/books/_doc/1", json!({"a": 1, "b": 2}))
        .await;
    let ids = client
        .ok("POST", "/books/_mget", json!({"ids": ["1", "2"]}))
        .await;
    assert_eq!(ids["docs"][0]["found"], true);
    assert_eq!(
        ids["docs"][1],
        json!({"_index": "books", "_id": "2", "found": false})
    );
    let docs = json!({"docs": [
        {"_index": "books", "_id": 1, "_source": ["b"]},
        {"_index": "films", "_id": "1"},
    ]});
    let response = client.ok("POST", "/_mget", docs).await;
    assert_eq!(response["docs"][0]["_source"], json!({"b": 2}));
    assert_eq!(
        response["docs"][1]["error"]["type"],
        "index_not_found_exception"
    );
}

#[tokio::test]
async fn indices_mappings_and_aliases() {
    let (_cluster, mut client) = start().await;
    let settings = json!({
        "settings": {"index": {"number_of_shards": 2}, "index.refresh_interval": "5s"},
        "mappings": {"properties": {"tag": {"type": "keyword"}}},
        "aliases": {"current": {}},
    });
    client.ok("PUT", "/logs-1", settings).await;
    client.ok("PUT", "/logs-2", Value::Null).await;
    let taken = client.call("PUT", "/logs-1", Value::Null).await;
    assert_eq!(
        taken.json()["error"]["type"],
        "resource_already_exists_exception"
    );
    assert_eq!(client.call("PUT", "/Logs", Value::Null).await.status, 400);
    let got = client.ok("GET", "/logs-*", Value::Null).await;
    assert_eq!(
        got.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["logs-1", "logs-2"]
    );
    assert_eq!(got["logs-1"]["settings"]["index"]["number_of_shards"], "2");
    assert_eq!(got["logs-1"]["settings"]["index"]["refresh_interval"], "5s");
    assert_eq!(
        client
            .ok("PUT", "/current/_doc/1", json!({"tag": "a"}))
            .await["_index"],
        "logs-1"
    );
    let change = client.call(
        "PUT",
        "/logs-1/_mapping",
        json!({"properties": {"tag": {"type": "long"}}}),
    );
    assert_eq!(change.await.status, 400);
    let actions = json!({"actions": [
        {"remove": {"index": "logs-1", "alias": "current"}},
        {"add": {"index": "logs-2", "alias": "current"}},
    ]});
    client.ok("POST", "/_aliases", actions).await;
    let aliases = client.ok("GET", "/_alias/current", Value::Null).await;
    assert_eq!(aliases, json!({"logs-2": {"aliases": {"current": {}}}}));
    assert_eq!(
        client.call("DELETE", "/current", Value::Null).await.status,
        400
    );
    assert_eq!(
        client.call("DELETE", "/logs-*", Value::Null).await.status,
        400
    );
    client.ok("DELETE", "/logs-1,logs-2", Value::Null).await;
    assert_eq!(client.call("GET", "/logs-1", Value::Null).await.status, 404);
    assert_eq!(client.ok("GET", "/_all", Value::Null).await, json!({}));
}

#[tokio::test]
async fn all_nodes_share_the_documents() {
    let cluster = Cluster::builder().nodes(2).start().await.unwrap();
    let mut first = Client::connect(&cluster.url(0)).await;
    let mut second = Client::connect(&cluster.url(1)).await;
    first.ok("PUT", "/a/_doc/1", json!({"n": 1})).await;
    assert_eq!(
        second.ok("GET", "/a/_doc/1", Value::Null).await["_source"]["n"],
        1
    );
    let name = |info: Value| info["name"].as_str().unwrap().to_owned();
    assert_eq!(
        name(second.ok("GET", "/", Value::Null).await),
        cluster.node(1).name()
    );
}

#[tokio::test]
async fn by_query_calls_leave_what_has_changed() {
    let cluster = Cluster::builder()
        .refresh_on_request(true)
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&cluster.url(0)).await;
    client
        .ok("PUT", "/books/_doc/1?refresh=true", json!({"n": 1}))
        .await;
    client.ok("PUT", "/books/_doc/1", json!({"n": 2})).await;
    for call in ["_update_by_query", "_delete_by_query?conflicts=abort"] {
        let body = json!({"query": {"match_all": {}}});
        let refused = client.call("POST", &format!("/books/{call}"), body).await;
        assert_eq!(refused.status, 409);
        assert_eq!(refused.json()["version_conflicts"], 1);
        assert_eq!(refused.json()["failures"][0]["id"], "1");
    }
    let body = json!({"query": {"match_all": {}}, "conflicts": "proceed"});
    let done = client.ok("POST", "/books/_delete_by_query", body).await;
    assert_eq!(
        (&done["deleted"], &done["version_conflicts"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(cluster.documents("books")["1"], json!({"n": 2}));
}

#[tokio::test]
async fn a_refresh_makes_documents_searchable() {
    let cluster = Cluster::builder()
        .refresh_on_request(true)
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&cluster.url(0)).await;
    client
        .ok("PUT", "/books/_doc/1", json!({"title": "Dune"}))
        .await;
    assert_eq!(
        client.ok("GET", "/books/_count", Value::Null).await["count"],
        0
    );
    assert_eq!(
        client.ok("GET", "/books/_doc/1", Value::Null).await["found"],
        true
    );
    let stale = client
        .call("GET", "/books/_doc/1?realtime=false", Value::Null)
        .await;
    assert_eq!(stale.status, 404);
    client.ok("POST", "/books/_refresh", Value::Null).await;
    assert_eq!(
        client.ok("GET", "/books/_count", Value::Null).await["count"],
        1
    );
    client
        .ok("PUT", "/books/_doc/2?refresh=true", json!({}))
        .await;
    assert_eq!(
        client.ok("GET", "/books/_count", Value::Null).await["count"],
        2
    );
}

#[tokio::test]
async fn a_deletion_makes_no_index() {
    let (_cluster, mut client) = start().await;
    assert_eq!(
        client
            .call("DELETE", "/books/_doc/1", Value::Null)
            .await
            .status,
        404
    );
    assert_eq!(client.call("HEAD", "/books", Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_source_comes_back_as_it_was_sent() {
    let (_cluster, mut client) = start().await;
    let json = [("content-type", "application/json")];
    let text = r#"{"z": 1.50, "a": {"y": 12345678901234567890123, "b": [ ]}}"#;
    client.send("PUT", "/books/_doc/1", &json, text).await;
    let got = client.send("GET", "/books/_source/1", &[], "").await;
    assert_eq!(got.body, text);
}

#[tokio::test]
async fn a_cluster_shows_what_it_holds_and_received() {
    let cluster = Cluster::builder().nodes(2).start().await.unwrap();
    let mut client = Client::connect(&cluster.url(1)).await;
    cluster.inject(&Fault::status(503).times(1));
    assert_eq!(
        client
            .call("PUT", "/books/_doc/1", json!({"n": 1}))
            .await
            .status,
        503
    );
    cluster.clear_faults();
    client.ok("PUT", "/books/_doc/1", json!({"n": 1})).await;
    assert_eq!(cluster.documents("books")["1"], json!({"n": 1}));
    assert!(cluster.documents("films").is_empty());
    let targets: Vec<_> = cluster
        .requests()
        .into_iter()
        .map(|request| request.target)
        .collect();
    assert_eq!(targets, ["/books/_doc/1", "/books/_doc/1"]);
    cluster.clear_records();
    assert_eq!(cluster.request_count(), 0);
}
