//! Differences between versions and products: media types, headers, sizes, encodings.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step is a failed test"
)]

use crate::support;

use std::io::{Read as _, Write as _};
use std::time::Duration;

use es_testkit::{Cluster, Flavor};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use support::{Client, Outcome};
use tokio::time::Instant;

async fn cluster(version: &str) -> (Cluster, Client) {
    let cluster = Cluster::builder().version(version).start().await.unwrap();
    let client = Client::connect(&cluster.url(0)).await;
    (cluster, client)
}

fn vendor(major: u8) -> String {
    format!("application/vnd.elasticsearch+json;compatible-with={major}")
}

async fn accepting(client: &mut Client, accept: &str) -> Outcome {
    client.send("GET", "/", &[("accept", accept)], "").await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn vectors_leave_the_source_with_9_2() {
    for (version, shown) in [
        ("7.17.9", true),
        ("8.19.0", true),
        ("9.1.0", true),
        ("9.2.0", false),
    ] {
        let (_cluster, mut client) = cluster(version).await;
        let mapping =
            json!({"mappings": {"properties": {"v": {"type": "dense_vector", "dims": 2}}}});
        client.ok("PUT", "/a", mapping).await;
        client.ok("PUT", "/a/_doc/1", json!({"v": [1, 2]})).await;
        let found = client.ok("GET", "/a/_doc/1", Value::Null).await;
        assert_eq!(found["_source"].get("v").is_some(), shown, "{version}");
    }
}

#[tokio::test]
async fn a_server_takes_its_own_major_and_the_one_before() {
    for (version, taken, refused) in [("9.2.0", [9, 8], [7, 10]), ("8.19.0", [8, 7], [9, 6])] {
        let (_cluster, mut client) = cluster(version).await;
        for major in taken {
            let response = accepting(&mut client, &vendor(major)).await;
            assert_eq!(
                (response.status.as_u16(), response.header("content-type")),
                (200, vendor(major).as_str())
            );
        }
        for major in refused {
            let response = accepting(&mut client, &vendor(major)).await;
            assert_eq!(
                (response.status.as_u16(), response.header("content-type")),
                (400, "application/json")
            );
            assert_eq!(
                response.json()["error"]["type"],
                "media_type_header_exception"
            );
        }
    }
    let (_cluster, mut client) = cluster("8.19.0").await;
    let text = accepting(&mut client, &vendor(9)).await.json()["error"]["reason"].to_string();
    assert!(
        text.contains("Accept version must be either version 8 or 7, but found 9"),
        "{text}"
    );
}

#[tokio::test]
async fn spaces_lists_and_unknown_types() {
    let (_cluster, mut client) = cluster("9.2.0").await;
    let spaced = accepting(
        &mut client,
        "application/vnd.elasticsearch+json; compatible-with=8",
    )
    .await;
    assert_eq!(spaced.header("content-type"), vendor(8));
    for accept in [
        format!("{}, text/plain", vendor(9)),
        "text/csv".to_owned(),
        "*/*".to_owned(),
    ] {
        let response = accepting(&mut client, &accept).await;
        assert_eq!(
            (response.status.as_u16(), response.header("content-type")),
            (200, "application/json"),
            "{accept}"
        );
    }
    let not_found = client
        .send("GET", "/nothing", &[("accept", &vendor(9))], "")
        .await;
    assert_eq!(
        (not_found.status.as_u16(), not_found.header("content-type")),
        (404, vendor(9).as_str())
    );
    let head = client
        .send("HEAD", "/", &[("accept", &vendor(9))], "")
        .await;
    assert_eq!(head.header("content-type"), vendor(9));
}

#[tokio::test]
async fn with_a_body_both_headers_carry_the_same_version() {
    let (_cluster, mut client) = cluster("9.2.0").await;
    let plain = "application/json".to_owned();
    let cases = [
        (vendor(9), vendor(9), 201),
        (vendor(8), vendor(8), 201),
        (plain.clone(), plain.clone(), 201),
        (vendor(9), vendor(8), 400),
        (vendor(9), plain.clone(), 400),
        (plain, vendor(9), 400),
    ];
    for (accept, content_type, status) in cases {
        let headers = [
            ("accept", accept.as_str()),
            ("content-type", content_type.as_str()),
        ];
        let response = client.send("POST", "/a/_doc", &headers, "{}").await;
        assert_eq!(response.status, status, "{accept} {content_type}");
    }
    let ndjson = "application/vnd.elasticsearch+x-ndjson;compatible-with=9";
    let headers = [("accept", vendor(9)), ("content-type", ndjson.to_owned())];
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let response = client
        .send("POST", "/a/_bulk", &headers, "{\"index\":{}}\n{}\n")
        .await;
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn bodies_of_other_types_are_refused() {
    let (_cluster, mut client) = cluster("9.2.0").await;
    for content_type in ["text/csv", "application/x-www-form-urlencoded", ""] {
        let response = client
            .send("POST", "/a/_doc", &[("content-type", content_type)], "{}")
            .await;
        assert_eq!(response.status, 406, "{content_type}");
        let text = format!("Content-Type header [{content_type}] is not supported");
        assert_eq!(response.json(), json!({"error": text, "status": 406}));
    }
    let twice = [
        ("content-type", "application/json"),
        ("content-type", "application/json"),
    ];
    let response = client.send("POST", "/a/_doc", &twice, "{}").await;
    assert_eq!(
        response.json()["error"]["type"],
        "media_type_header_exception"
    );
}

#[tokio::test]
async fn version_7_ignores_versions_and_keeps_types() {
    let (_cluster, mut client) = cluster("7.17.9").await;
    let headers = [("accept", vendor(9)), ("content-type", vendor(8))];
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let response = client.send("PUT", "/a/_doc/1", &headers, "{}").await;
    assert_eq!(
        (response.status.as_u16(), response.header("content-type")),
        (201, "application/json; charset=UTF-8")
    );
    assert_eq!(response.json()["_type"], "_doc");
    let (_cluster, mut client) = cluster("8.19.0").await;
    client.ok("PUT", "/a/_doc/1", json!({})).await;
    let old = client
        .send("GET", "/a/_search", &[("accept", &vendor(7))], "")
        .await
        .json();
    assert_eq!(old["hits"]["hits"][0]["_type"], "_doc");
    let new = client.ok("GET", "/a/_search", Value::Null).await;
    assert_eq!(new["hits"]["hits"][0].get("_type"), None);
}

#[tokio::test]
async fn opensearch_is_told_apart() {
    let builder = Cluster::builder()
        .flavor(Flavor::OpenSearch)
        .version("3.8.0");
    let cluster = builder.start().await.unwrap();
    let mut client = Client::connect(&cluster.url(0)).await;
    let info = accepting(&mut client, &vendor(9)).await;
    assert!(!info.headers.contains_key("x-elastic-product"));
    assert_eq!(
        info.header("x-opensearch-version"),
        "OpenSearch/3.8.0 (opensearch)"
    );
    assert_eq!(
        info.header("content-type"),
        "application/json; charset=UTF-8"
    );
    assert_eq!(info.json()["version"]["distribution"], "opensearch");
    let refused = client
        .send("POST", "/a/_doc", &[("content-type", &vendor(9))], "{}")
        .await;
    assert_eq!(refused.status, 406);
}

#[tokio::test]
async fn product_header_opaque_id_and_warnings() {
    let (cluster, mut client) = cluster("9.2.0").await;
    cluster.node(0).set_warnings(["first", "a \"quoted\" one"]);
    for target in ["/", "/nothing", "/_bulk"] {
        let response = client
            .send("GET", target, &[("x-opaque-id", "job-7")], "")
            .await;
        assert_eq!(
            response.header("x-elastic-product"),
            "Elasticsearch",
            "{target}"
        );
        assert_eq!(response.header("x-opaque-id"), "job-7");
        let warnings: Vec<_> = response
            .headers
            .get_all("warning")
            .iter()
            .map(|line| line.to_str().unwrap())
            .collect();
        assert_eq!(warnings.len(), 2);
        assert!(
            warnings[0].starts_with("299 Elasticsearch-9.2.0-"),
            "{warnings:?}"
        );
        assert!(
            warnings[1].ends_with(" \"a \\\"quoted\\\" one\""),
            "{warnings:?}"
        );
    }
    let hidden = Cluster::builder()
        .product_header(false)
        .start()
        .await
        .unwrap();
    let response = Client::connect(&hidden.url(0))
        .await
        .send("GET", "/", &[], "")
        .await;
    assert!(!response.headers.contains_key("x-elastic-product"));
}

#[tokio::test]
async fn gzip_in_both_directions() {
    let (cluster, mut client) = cluster("9.2.0").await;
    let headers = [("content-encoding", "gzip"), ("accept-encoding", "gzip")];
    let response = client
        .send("PUT", "/a/_doc/1", &headers, gzip(b"{\"n\":1}"))
        .await;
    assert_eq!(
        (
            response.status.as_u16(),
            response.header("content-encoding")
        ),
        (201, "gzip")
    );
    let mut text = String::new();
    GzDecoder::new(&response.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains("\"created\""), "{text}");
    let recorded = &cluster.node(0).requests()[0];
    assert_eq!(&recorded.body[..], b"{\"n\":1}");
    assert_eq!(recorded.raw_body, gzip(b"{\"n\":1}"));
    let head = client
        .send("HEAD", "/", &[("accept-encoding", "gzip")], "")
        .await;
    assert_eq!(head.header("content-encoding"), "");
    assert!(
        client
            .try_send("PUT", "/a/_doc/1", &headers, "{}")
            .await
            .is_err(),
        "closed without a response"
    );
    let quiet = Cluster::builder().compression(false).start().await.unwrap();
    let response = Client::connect(&quiet.url(0))
        .await
        .send("GET", "/", &headers[1..], "")
        .await;
    assert_eq!(response.header("content-encoding"), "");
}

#[tokio::test]
async fn bodies_over_the_limit_get_413() {
    let cluster = Cluster::builder()
        .version("8.19.0")
        .max_content_length(100)
        .start()
        .await
        .unwrap();
    let big = format!("{{\"text\":\"{}\"}}", "x".repeat(200));
    for (headers, body) in [
        (&[][..], big.clone().into_bytes()),
        (&[("content-encoding", "gzip")], gzip(big.as_bytes())),
    ] {
        let mut client = Client::connect(&cluster.url(0)).await;
        let response = client.send("PUT", "/a/_doc/1", headers, body).await;
        assert_eq!(response.status, 413);
        assert!(response.body.is_empty());
        assert!(!response.headers.contains_key("x-elastic-product"));
        assert!(!response.headers.contains_key("content-type"));
    }
    // Version 9.2 was seen to leave a body without a response that decompresses over the limit.
    let silent = Cluster::builder()
        .max_content_length(100)
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&silent.url(0)).await;
    let call = client.try_send(
        "PUT",
        "/a/_doc/1",
        &[("content-encoding", "gzip")],
        gzip(big.as_bytes()),
    );
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(200), call)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn unknown_calls_and_wrong_methods() {
    let (_cluster, mut client) = cluster("9.2.0").await;
    let unknown = client.call("GET", "/_unknown/thing", Value::Null).await;
    assert_eq!(unknown.status, 400);
    assert_eq!(
        unknown.json(),
        json!({"error": "no handler found for uri [/_unknown/thing] and method [GET]"})
    );
    let wrong = client.call("PATCH", "/a", Value::Null).await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.header("allow")),
        (405, "GET,PUT,DELETE,HEAD")
    );
    let options = client.send("OPTIONS", "/a/b/c/d", &[], "").await;
    assert_eq!(
        (options.status.as_u16(), options.header("allow")),
        (200, "")
    );
    assert_eq!(wrong.json()["status"], 405);
}

#[tokio::test]
async fn cat_is_text_unless_json_is_asked_for() {
    let (_cluster, mut client) = cluster("9.2.0").await;
    client.ok("PUT", "/a/_doc/1", json!({})).await;
    let text = client.send("GET", "/_cat/indices?v", &[], "").await;
    assert_eq!(text.header("content-type"), "text/plain; charset=UTF-8");
    assert!(
        String::from_utf8_lossy(&text.body).contains("yellow open   a "),
        "{:?}",
        text.body
    );
    let json = client
        .send("GET", "/_cat/count", &[("accept", &vendor(9))], "")
        .await;
    assert_eq!(json.json()[0]["count"], "1");
}

#[tokio::test]
async fn nodes_are_listed_as_sniffing_needs_it() {
    let builder = Cluster::builder()
        .nodes(3)
        .node_roles(0, ["master"])
        .node_attribute(1, "zone", "a");
    let cluster = builder.start().await.unwrap();
    let mut client = Client::connect(&cluster.url(1)).await;
    let address = |node: usize| cluster.url(node).trim_start_matches("http://").to_owned();
    let listed = client.ok("GET", "/_nodes/http", Value::Null).await;
    let node = |listed: &Value, number: usize| listed["nodes"][cluster.node(number).id()].clone();
    assert_eq!(node(&listed, 0)["roles"], json!(["master"]));
    assert_eq!(node(&listed, 1)["attributes"], json!({"zone": "a"}));
    assert_eq!(node(&listed, 2)["http"]["publish_address"], address(2));
    cluster.node(0).kill().await;
    cluster
        .node(2)
        .set_publish_address("localhost/127.0.0.1:9200");
    let added = cluster.add_node().await.unwrap();
    let listed = client.ok("GET", "/_nodes/http", Value::Null).await;
    assert_eq!(listed["_nodes"]["total"], 3);
    assert_eq!(node(&listed, 0), Value::Null);
    assert_eq!(
        node(&listed, 2)["http"]["publish_address"],
        "localhost/127.0.0.1:9200"
    );
    assert_eq!(listed["nodes"][added.id()]["name"], "node-3");
    let health = client.ok("GET", "/_cluster/health", Value::Null).await;
    assert_eq!(
        (&health["status"], &health["number_of_nodes"]),
        (&json!("green"), &json!(3))
    );
    let target = "/_cluster/health?wait_for_nodes=4&timeout=50ms";
    let start = Instant::now();
    let waiting = client.call("GET", target, Value::Null).await;
    assert_eq!(
        (waiting.status.as_u16(), &waiting.json()["timed_out"]),
        (408, &json!(true))
    );
    assert!(start.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn any_timeout_has_a_response() {
    let (_cluster, mut client) = cluster("9.2.0").await;
    let target = "/_cluster/health?timeout=200000000000000d";
    let health = client.ok("GET", target, Value::Null).await;
    assert_eq!(health["timed_out"], false);
}

#[tokio::test]
async fn health_waits_for_a_node() {
    let cluster = Cluster::builder().nodes(2).tls(false).security(false);
    let cluster = cluster.start().await.unwrap();
    cluster.node(1).kill().await;
    let mut client = Client::connect(&cluster.url(0)).await;
    let target = "/_cluster/health?wait_for_nodes=2";
    let (health, revived) = tokio::join!(client.ok("GET", target, Value::Null), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cluster.node(1).revive().await
    });
    revived.unwrap();
    assert_eq!(
        (&health["timed_out"], &health["number_of_nodes"]),
        (&json!(false), &json!(2))
    );
}

#[tokio::test]
async fn newer_versions_send_searches_in_chunks() {
    for (version, chunked) in [("9.2.0", true), ("8.19.0", true), ("7.17.9", false)] {
        let (_cluster, mut client) = cluster(version).await;
        client.ok("PUT", "/a/_doc/1", json!({})).await;
        let response = client.send("GET", "/a/_search", &[], "").await;
        assert_eq!(
            response.header("transfer-encoding") == "chunked",
            chunked,
            "{version}"
        );
        assert_eq!(
            response.headers.contains_key("content-length"),
            !chunked,
            "{version}"
        );
        assert_eq!(response.json()["hits"]["total"]["value"], 1);
    }
}
