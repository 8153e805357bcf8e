//! Properties of the calls of all endpoints: by name, by status, by setter.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may")]

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use es_client::{
    Call, Elasticsearch,
    endpoint::Endpoint,
    params::{ExpandWildcard, Forever, OpType, Refresh, list, raw},
};
use es_transport::Body;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json, value::RawValue};

type Seen = Arc<Mutex<Vec<String>>>;

/// A client over a service that responds to everything in the same way.
fn client(status: u16, response: &'static str) -> (Elasticsearch, Seen) {
    let seen = Seen::default();
    let record = Arc::clone(&seen);
    let service = tower::service_fn(move |request: Request<Body>| {
        let record = Arc::clone(&record);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.expect("a body at hand").to_bytes();
            let body = String::from_utf8_lossy(&body);
            record
                .lock()
                .unwrap()
                .push(format!("{} {} {body}", parts.method, parts.uri));
            let response = Response::builder()
                .status(status)
                .body(Full::new(Bytes::from(response)));
            Ok::<_, Infallible>(response.unwrap())
        }
    });
    (Elasticsearch::from_service(service), seen)
}

#[test]
fn the_table_has_all_endpoints_sorted_and_once() {
    let names: Vec<_> = Endpoint::all()
        .iter()
        .map(|endpoint| endpoint.name)
        .collect();
    let sorted: BTreeSet<_> = names.iter().copied().collect();
    assert!(sorted.iter().eq(&names));
    assert_eq!(names.len(), 573);
    assert!(Endpoint::find("indices.create").is_some_and(|it| it.name == "indices.create"));
    for unknown in [
        "",
        "indices",
        "indices.creat",
        "indices.createx",
        "_internal.prevalidate",
    ] {
        assert!(Endpoint::find(unknown).is_none(), "{unknown}");
    }
}

#[tokio::test]
async fn a_call_by_name_refuses_what_the_endpoint_does_not_have() {
    let (client, seen) = client(200, "{}");
    let refused = [
        (
            "indices.creat",
            json!({}),
            json!(null),
            "there is no endpoint `indices.creat`",
        ),
        (
            "indices.create",
            json!({}),
            json!(null),
            "no path with the given parts",
        ),
        (
            "indices.create",
            json!({"index": null}),
            json!(null),
            "no path with the given parts",
        ),
        (
            "indices.create",
            json!({"index": "i", "id": 1}),
            json!(null),
            "has no parameter `id`",
        ),
        (
            "indices.create",
            json!({"index": {}}),
            json!(null),
            "`index` cannot be an object",
        ),
        (
            "indices.create",
            json!(["i"]),
            json!(null),
            "`params` must be an object",
        ),
        (
            "open_point_in_time",
            json!({"index": "i"}),
            json!(null),
            "needs the parameter `keep_alive`",
        ),
        (
            "indices.delete",
            json!({"index": "i"}),
            json!({}),
            "takes no body",
        ),
        (
            "bulk",
            json!({}),
            json!({"index": {}}),
            "must be a list of lines",
        ),
        (
            "index",
            json!({"index": "i"}),
            json!(null),
            "`index` needs a body",
        ),
        (
            "search",
            json!({"index": ".."}),
            json!(null),
            "the path part `index` cannot be `..`",
        ),
    ];
    for (name, params, body, message) in refused {
        let call = client.call(name, &params, &body);
        let of_curl = call.curl().unwrap_err();
        let error = call.await.unwrap_err();
        assert!(
            error.is_invalid() && error.to_string().contains(message),
            "{error}"
        );
        assert_eq!(of_curl.to_string(), error.to_string());
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_call_by_name_takes_values_of_all_kinds() {
    let (client, seen) = client(200, "{}");
    let params = json!({"index": ["a", "b*"], "size": 3, "pretty": true, "routing": null});
    client
        .call("search", params, json!({"query": {"match_all": {}}}))
        .await
        .unwrap();
    let lines = json!([{"index": {"_id": "1"}}, {"n": 1}]);
    client
        .call("bulk", json!({"index": "i"}), lines)
        .await
        .unwrap();
    client.call("info", (), ()).await.unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            r#"POST /a,b*/_search?pretty=true&size=3 {"query":{"match_all":{}}}"#,
            "POST /i/_bulk {\"index\":{\"_id\":\"1\"}}\n{\"n\":1}\n",
            "GET / ",
        ]
    );
}

#[tokio::test]
async fn a_body_by_name_keeps_order_and_digits() {
    let (client, seen) = client(200, "{}");
    let text = r#"{"sort":{"z":1,"a":123456789012345678901}}"#;
    let body: Box<RawValue> = serde_json::from_str(text).unwrap();
    client
        .call("search", json!({"index": "i"}), &body)
        .await
        .unwrap();
    client
        .call("search", json!({"index": "i"}), ())
        .raw_body(text)
        .await
        .unwrap();
    client
        .call("search", json!({"index": "i"}), ())
        .param("last_seen", 7)
        .await
        .unwrap();
    let error = client
        .call("index", json!({"index": "i"}), ())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("needs a body"), "{error}");
    let sent = format!("POST /i/_search {text}");
    assert_eq!(
        *seen.lock().unwrap(),
        [&*sent, &*sent, "GET /i/_search?last_seen=7 "]
    );
}

#[tokio::test]
async fn values_that_the_facts_do_not_know_can_be_set() {
    let (client, seen) = client(200, "{}");
    let connector = client
        .connector()
        .check_in("c")
        .param("last_seen", "2026-11-28");
    connector.send().await.unwrap();
    client
        .indices()
        .delete("i")
        .master_timeout(Forever)
        .send()
        .await
        .unwrap();
    client
        .indices()
        .delete("i")
        .master_timeout(raw(-1))
        .send()
        .await
        .unwrap();
    client
        .nodes()
        .stats()
        .metric(raw("new_metric"))
        .send()
        .await
        .unwrap();
    client
        .index("i")
        .op_type(raw("upsert"))
        .document(json!({}))
        .send()
        .await
        .unwrap();
    client
        .search::<Value>("i")
        .size(raw("10"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "PUT /_connector/c/_check_in?last_seen=2026-11-28 ",
            "DELETE /i?master_timeout=-1 ",
            "DELETE /i?master_timeout=-1 ",
            "GET /_nodes/stats/new_metric ",
            "POST /i/_doc?op_type=upsert {}",
            r#"POST /i/_search {"size":"10"}"#,
        ]
    );
}

#[cfg(feature = "uuid")]
#[tokio::test]
async fn ids_may_be_uuids() {
    let (client, seen) = client(200, "{}");
    let id = uuid::Uuid::from_u128(7);
    client.get::<Value>("i", id).send().await.unwrap();
    client
        .index("i")
        .id(id)
        .document(json!({}))
        .send()
        .await
        .unwrap();
    client.delete("i", Some(id)).send().await.unwrap();
    let path = "/i/_doc/00000000-0000-0000-0000-000000000007";
    let expected = [
        format!("GET {path} "),
        format!("PUT {path} {{}}"),
        format!("DELETE {path} "),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn setters_take_what_their_type_says() {
    let (client, seen) = client(200, "{}");
    let names = ["a", "b"].map(str::to_owned);
    client
        .index("i")
        .id(7)
        .document(json!({}))
        .refresh(true)
        .send()
        .await
        .unwrap();
    let index = client
        .index("i")
        .op_type(OpType::Create)
        .refresh(Refresh::WaitFor);
    index
        .wait_for_active_shards(2)
        .if_seq_no(5_u64)
        .document(json!({}))
        .send()
        .await
        .unwrap();
    let open = [ExpandWildcard::Open, ExpandWildcard::Hidden];
    client
        .indices()
        .get(&names)
        .expand_wildcards(open)
        .send()
        .await
        .unwrap();
    client
        .indices()
        .get(list(names.iter().rev()))
        .send()
        .await
        .unwrap();
    client
        .get::<Value>("i", "1")
        .source(false)
        .send()
        .await
        .unwrap();
    client
        .get::<Value>("i", "1")
        .source(["a", "b.*"])
        .send()
        .await
        .unwrap();
    client
        .sql()
        .query()
        .page_timeout(Duration::from_secs(3))
        .send()
        .await
        .unwrap();
    client
        .bulk()
        .operations([json!({"delete": {"_id": "1"}})])
        .send()
        .await
        .unwrap();
    client.bulk().body("{}\n").send().await.unwrap();
    let common = client
        .info()
        .filter_path(["a", "b.c"])
        .human(true)
        .error_trace(false);
    common
        .pretty(true)
        .param("new", "x&y")
        .send()
        .await
        .unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "PUT /i/_doc/7?refresh=true {}",
            "POST /i/_doc?op_type=create&refresh=wait_for&wait_for_active_shards=2&if_seq_no=5 {}",
            "GET /a,b?expand_wildcards=open,hidden ",
            "GET /b,a ",
            "GET /i/_doc/1?_source=false ",
            "GET /i/_doc/1?_source=a,b.* ",
            r#"POST /_sql {"page_timeout":"3s"}"#,
            "POST /_bulk {\"delete\":{\"_id\":\"1\"}}\n",
            "POST /_bulk {}\n",
            "GET /?filter_path=a,b.c&human=true&error_trace=false&pretty=true&new=x%26y ",
        ]
    );
}

#[tokio::test]
async fn what_is_set_again_is_replaced() {
    let (client, seen) = client(200, "{}");
    let search = client
        .search::<Value>("i")
        .preference("a")
        .preference("b")
        .size(1)
        .size(2);
    search.send().await.unwrap();
    client
        .cluster()
        .health()
        .index("a")
        .index("b")
        .send()
        .await
        .unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            r#"POST /i/_search?preference=b {"size":2}"#,
            "GET /_cluster/health/b "
        ]
    );
}

#[tokio::test]
async fn statuses_that_carry_responses_give_responses_and_errors_stay_errors() {
    let (missing, _) = client(404, r#"{"_index":"i","_id":"1","found":false}"#);
    assert_eq!(
        missing.get::<Value>("i", "1").await.unwrap().found,
        Some(false)
    );
    assert!(missing.indices().get("i").await.unwrap_err().is_not_found());
    assert_eq!(
        missing
            .get::<Value>("i", "1")
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    assert!(
        missing
            .get::<Value>("i", "1")
            .stream()
            .await
            .unwrap_err()
            .is_not_found()
    );

    let (no_index, _) = client(
        404,
        r#"{"error":{"type":"index_not_found_exception"},"status":404}"#,
    );
    assert!(
        no_index
            .get::<Value>("i", "1")
            .await
            .unwrap_err()
            .is_not_found()
    );
    let (proxy, _) = client(404, "<html>");
    assert!(
        proxy
            .get::<Value>("i", "1")
            .await
            .unwrap_err()
            .is_not_found()
    );

    let (red, _) = client(408, r#"{"status":"red","timed_out":true}"#);
    assert_eq!(red.cluster().health().await.unwrap().timed_out, Some(true));
    assert!(red.info().await.is_err());
}

#[tokio::test]
async fn each_kind_of_response_has_its_type() {
    let (client, _) = client(200, "[{\"index\":\"i\"}]");
    assert!(client.exists("i", "1").await.unwrap());
    assert_eq!(
        client.cat().indices().await.unwrap()[0].get("index"),
        Some("i")
    );
    let text: String = client.nodes().hot_threads().await.unwrap();
    assert_eq!(text, "[{\"index\":\"i\"}]");
    let (): () = client.logstash().delete_pipeline("p").await.unwrap();
    let raw: es_client::Response = client.search_mvt("i", "f", 1, 2, 3).await.unwrap();
    assert_eq!(raw.bytes(), "[{\"index\":\"i\"}]");
    let typed: Vec<std::collections::BTreeMap<String, String>> =
        client.cat().indices().json().await.unwrap();
    assert_eq!(typed[0]["index"], "i");
    let (missing, _) = self::client(404, "");
    assert!(!missing.exists("i", "1").await.unwrap());
    assert!(!missing.indices().exists_alias("a").await.unwrap());
}
