//! Users, API keys, bearer tokens: who is let in, and how others are refused.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step is a failed test"
)]

use crate::support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use es_testkit::{Cluster, Flavor};
use serde_json::{Value, json};
use support::Client;

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test]
async fn strangers_get_401_in_the_genuine_form() {
    let cluster = Cluster::builder()
        .user("elastic", "correct horse")
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&cluster.url(0)).await;
    for header in [
        None,
        Some(basic("elastic", "wrong")),
        Some("Bearer nothing".into()),
        Some("ApiKey !".into()),
    ] {
        let headers: Vec<_> = header
            .iter()
            .map(|value| ("authorization", value.as_str()))
            .collect();
        let response = client.send("GET", "/", &headers, "").await;
        assert_eq!(response.status, 401, "{header:?}");
        let challenges: Vec<_> = response
            .headers
            .get_all("www-authenticate")
            .iter()
            .collect();
        assert_eq!(
            challenges,
            [
                "Basic realm=\"security\", charset=\"UTF-8\"",
                "Bearer realm=\"security\"",
                "ApiKey"
            ]
        );
        assert!(!response.headers.contains_key("x-elastic-product"));
        assert_eq!(response.json()["error"]["type"], "security_exception");
        assert_eq!(response.json()["status"], 401);
    }
}

#[tokio::test]
async fn every_kind_of_credential_is_known() {
    let cluster = Cluster::builder().security(true).start().await.unwrap();
    let mut client = Client::connect(&cluster.url(0)).await;
    let (id, key) = cluster.api_key();
    assert_eq!(
        STANDARD.encode(format!("{id}:{key}")),
        cluster.api_key_encoded()
    );
    for (header, kind) in [
        (basic(cluster.username(), cluster.password()), "realm"),
        (format!("ApiKey {}", cluster.api_key_encoded()), "api_key"),
        (format!("Bearer {}", cluster.bearer_token()), "token"),
    ] {
        let headers = [("authorization", header.as_str())];
        let response = client
            .send("GET", "/_security/_authenticate", &headers, "")
            .await
            .json();
        assert_eq!(response["username"], "elastic");
        assert_eq!(response["authentication_type"], kind);
    }
    cluster.revoke_bearer_tokens();
    let header = format!("Bearer {}", cluster.bearer_token());
    assert_eq!(
        client
            .send("GET", "/", &[("authorization", &header)], "")
            .await
            .status,
        401
    );
    cluster.accept_bearer_token("fresh");
    assert_eq!(
        client
            .send("GET", "/", &[("authorization", "Bearer fresh")], "")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_api_key_is_made_used_and_invalidated() {
    let cluster = Cluster::builder()
        .user("elastic", "pw")
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&cluster.url(0))
        .await
        .with("authorization", &basic("elastic", "pw"));
    let made = client
        .ok("POST", "/_security/api_key", json!({"name": "ingest"}))
        .await;
    let header = format!("ApiKey {}", made["encoded"].as_str().unwrap());
    let mut other = Client::connect(&cluster.url(0))
        .await
        .with("authorization", &header);
    let me = other
        .ok("GET", "/_security/_authenticate", Value::Null)
        .await;
    assert_eq!(me["api_key"], json!({"id": made["id"], "name": "ingest"}));
    client
        .ok("DELETE", "/_security/api_key", json!({"ids": [made["id"]]}))
        .await;
    assert_eq!(other.call("GET", "/", Value::Null).await.status, 401);
    assert_eq!(
        client
            .call("POST", "/_security/api_key", json!({}))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_limited_user_reads_what_is_allowed_and_gets_403_elsewhere() {
    let builder = Cluster::builder()
        .user("elastic", "pw")
        .limited_user("reader", "pw2", "public-*");
    let cluster = builder.start().await.unwrap();
    let mut all = Client::connect(&cluster.url(0))
        .await
        .with("authorization", &basic("elastic", "pw"));
    all.ok("PUT", "/public-1/_doc/1", json!({"n": 1})).await;
    all.ok("PUT", "/private/_doc/1", json!({"n": 1})).await;
    let mut limited = Client::connect(&cluster.url(0))
        .await
        .with("authorization", &basic("reader", "pw2"));
    limited.ok("GET", "/public-1/_doc/1", Value::Null).await;
    for target in [
        "/public-*/_search",
        "/*/_search",
        "/_search",
        "/_all/_search",
    ] {
        let found = limited.ok("GET", target, Value::Null).await;
        assert_eq!(found["hits"]["total"]["value"], 1, "{target}");
    }
    let docs =
        json!({"docs": [{"_index": "public-1", "_id": "1"}, {"_index": "private", "_id": "1"}]});
    let read = limited.ok("POST", "/_mget", docs).await;
    assert_eq!(read["docs"][0]["found"], true);
    assert_eq!(read["docs"][1]["error"]["type"], "security_exception");
    let shown = limited.ok("GET", "/*", Value::Null).await;
    assert_eq!(
        shown.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["public-1"]
    );
    let forbidden = [
        ("GET", "/private/_doc/1", Value::Null),
        ("GET", "/private,public-1/_search", Value::Null),
        ("PUT", "/public-1/_doc/2", json!({})),
        ("DELETE", "/public-1", Value::Null),
        ("GET", "/_nodes/http", Value::Null),
        ("GET", "/", Value::Null),
    ];
    for (method, target, body) in forbidden {
        let response = limited.call(method, target, body).await;
        assert_eq!(response.status, 403, "{method} {target}");
        assert_eq!(response.json()["error"]["type"], "security_exception");
        assert!(!response.headers.contains_key("x-elastic-product"));
    }
}

#[tokio::test]
async fn without_security_nobody_is_asked() {
    let cluster = Cluster::builder()
        .user("elastic", "pw")
        .security(false)
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&cluster.url(0)).await;
    client.ok("GET", "/", Value::Null).await;
    assert_eq!(
        client
            .call("GET", "/_security/_authenticate", Value::Null)
            .await
            .status,
        500
    );
}

#[tokio::test]
async fn opensearch_challenges_once_in_plain_text() {
    let builder = Cluster::builder()
        .flavor(Flavor::OpenSearch)
        .version("2.19.1")
        .user("admin", "pw");
    let cluster = builder.start().await.unwrap();
    let response = Client::connect(&cluster.url(0))
        .await
        .send("GET", "/", &[], "")
        .await;
    assert_eq!(response.status, 401);
    assert_eq!(
        response.headers.get_all("www-authenticate").iter().count(),
        1
    );
    assert_eq!(
        (response.header("content-type"), &response.body[..]),
        ("text/plain; charset=UTF-8", &b"Unauthorized"[..])
    );
}

#[tokio::test]
async fn secrets_that_arrived_are_found_and_others_are_not() {
    let cluster = Cluster::builder()
        .nodes(2)
        .user("elastic", "correct horse")
        .start()
        .await
        .unwrap();
    let mut client = Client::connect(&cluster.url(0)).await;
    client
        .send(
            "GET",
            "/",
            &[("authorization", &basic("elastic", "correct horse"))],
            "",
        )
        .await;
    assert!(cluster.node(0).has_received("correct horse"));
    assert!(!cluster.node(1).has_received("correct horse"));
    cluster.assert_never_received("battery staple");
    // Half a request counts too.
    let half = format!(
        "GET / HTTP/1.1\r\nauthorization: {}\r\n",
        basic("u", "half a secret")
    );
    let mut stream = tokio::net::TcpStream::connect(support::address(&cluster.url(1)))
        .await
        .unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, half.as_bytes())
        .await
        .unwrap();
    while !cluster.node(1).has_received("half a secret") {
        tokio::task::yield_now().await;
    }
    assert_eq!(cluster.node(1).request_count(), 0);
    assert!(!format!("{cluster:?}").contains("correct horse"));
}
