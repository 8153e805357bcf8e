//! The client as `build` makes it, against an embedded cluster with TLS and users.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use std::{convert::Infallible, error::Error as StdError, time::Duration};

use es_client::{Elasticsearch, Response, SearchResponse};
use es_testkit::{Cluster, Fault};
use es_transport::{Body, attempt::RetryReason};
use http::{Method, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::{Value, json};

const PASSWORD: &str = "s3cr3t/p4ssw0rd";

async fn cluster() -> Cluster {
    let settings = Cluster::builder()
        .nodes(3)
        .tls(true)
        .user("elastic", PASSWORD);
    settings.start().await.unwrap()
}

fn client(cluster: &Cluster) -> Elasticsearch {
    Elasticsearch::builder()
        .nodes(cluster.urls())
        .ssl_assert_fingerprint(cluster.ca_fingerprint())
        .basic_auth("elastic", PASSWORD)
        .dead_node_backoff(Duration::from_millis(50), Duration::from_millis(200))
        .build()
        .unwrap()
}

/// Everything that an error shows, with its sources.
fn shown(error: &es_client::Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}\n");
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!("{error}\n{error:?}\n");
        source = error.source();
    }
    text
}

#[tokio::test]
async fn documents_survive_a_node_that_dies_in_the_middle() {
    let cluster = cluster().await;
    let client = client(&cluster);
    assert!(
        client
            .info()
            .await
            .unwrap()
            .version
            .number
            .starts_with("9.")
    );
    let node = cluster.node(1);
    for number in 0..60 {
        match number {
            20 => node.kill().await,
            40 => node.revive().await.unwrap(),
            _ => {}
        }
        let document = json!({"number": number});
        client
            .index("numbers")
            .id(number.to_string())
            .document(&document)
            .await
            .unwrap();
    }
    client.indices().refresh("numbers").await.unwrap();
    let found: SearchResponse<Value> = client.search("numbers").size(100).await.unwrap();
    assert_eq!((found.total(), found.hits().len()), (Some(60), 60));
    // Let its dead time pass: it comes back.
    tokio::time::sleep(Duration::from_millis(250)).await;
    let before = node.request_count();
    for _ in 0..6 {
        assert!(client.ping().await.unwrap());
    }
    assert!(node.request_count() > before);
}

#[tokio::test]
async fn clients_with_options_share_connections_and_keep_their_secrets_apart() {
    let cluster = cluster().await;
    let client = client(&cluster);
    let (id, key) = cluster.api_key();
    let with_key = client.options().api_key((id, key)).max_retries(0);
    let with_token = client.options().bearer_auth(cluster.bearer_token());
    let without = client.options().no_auth();
    for _ in 0..5 {
        for client in [&client, &*with_key, &*with_token] {
            assert!(client.ping().await.unwrap());
        }
        let error = without.info().await.unwrap_err();
        assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED), "{error}");
    }
    for node in cluster.nodes() {
        assert!(node.connections().accepted <= 1, "{:?}", node.connections());
        for request in node.requests() {
            let scheme = request
                .header("authorization")
                .and_then(|value| value.split(' ').next());
            assert!(
                matches!(scheme, None | Some("Basic" | "ApiKey" | "Bearer")),
                "{scheme:?}"
            );
        }
    }
    let all = format!("{client:?} {with_key:?} {with_token:?} {without:?}");
    for secret in [
        PASSWORD,
        key,
        cluster.bearer_token(),
        cluster.api_key_encoded(),
    ] {
        assert!(!all.contains(secret), "{all}");
    }
}

#[tokio::test]
async fn headers_of_options_are_taken_for_secrets() {
    let cluster = cluster().await;
    let client = client(&cluster).options().header("x-api-token", "t0k3n");
    assert!(client.ping().await.unwrap());
    let sent = cluster
        .nodes()
        .iter()
        .flat_map(|node| node.requests())
        .last()
        .unwrap();
    assert_eq!(sent.header("x-api-token"), Some("t0k3n"));
    assert!(!format!("{client:?}").contains("t0k3n"));
}

#[tokio::test]
async fn errors_say_what_happened_and_no_secret() {
    let cluster = cluster().await;
    let hurried = client(&cluster).options().max_retries(1);
    let hurried = hurried
        .options()
        .request_timeout(Duration::from_millis(200));
    let mut shown_so_far = String::new();
    for fault in [
        Fault::status(400),
        Fault::status(429).retry_after(0),
        Fault::status(503).retry_after(0),
        Fault::garbage(),
        Fault::cut_body(),
        Fault::hang(),
        Fault::redirect("https://login.example/"),
        Fault::response(http::Response::new("not JSON".into())),
    ] {
        for node in cluster.nodes() {
            node.clear_faults();
            node.inject(fault.clone());
        }
        let error = hurried.info().await.unwrap_err();
        assert!(
            shown(&error).contains("https://127.0.0.1:"),
            "{fault:?}: {error:?}"
        );
        shown_so_far += &shown(&error);
    }
    // "elastic:s3cr3t/p4ssw0rd" in base64.
    for secret in [PASSWORD, "ZWxhc3RpYzpzM2NyM3QvcDRzc3cwcmQ="] {
        assert!(!shown_so_far.contains(secret), "{shown_so_far}");
    }
}

#[tokio::test]
async fn statuses_can_be_responses() {
    let cluster = cluster().await;
    let client = client(&cluster);
    let missing = client.get::<Value>("numbers", "1").await.unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
    let lenient = client.options().ignore_status([StatusCode::NOT_FOUND]);
    let response = lenient
        .request(Method::GET, "/numbers/_doc/1", ())
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(!client.indices().exists("numbers").await.unwrap());
}

#[tokio::test]
async fn a_response_tells_how_it_came_about() {
    let cluster = cluster().await;
    let client = client(&cluster);
    for node in 0..3 {
        cluster.node(node).set_warnings(["old syntax"]);
    }
    cluster.node(0).inject(Fault::status(503).once());
    // The nodes are asked in turn, from any of them on.
    let mut responses = Vec::new();
    for _ in 0..3 {
        responses.push(client.search::<Value>("_all").send().await.unwrap());
    }
    let meta = responses
        .iter()
        .map(Response::meta)
        .find(|meta| meta.attempts().len() > 1)
        .unwrap();
    assert_eq!(meta.status(), StatusCode::OK);
    assert_eq!(meta.headers()["x-elastic-product"], "Elasticsearch");
    assert_eq!(meta.warnings().collect::<Vec<_>>(), ["old syntax"]);
    assert!(meta.duration() > Duration::ZERO);
    let [failed, responded] = meta.attempts() else {
        panic!("{:?}", meta.attempts())
    };
    assert_eq!(failed.retried, Some(RetryReason::Status));
    assert_ne!(failed.node, responded.node);
    assert_eq!(
        (responded.node.as_deref(), responded.retried),
        (meta.node(), None)
    );
}

#[tokio::test]
async fn a_bulk_body_can_be_a_stream() {
    let cluster = cluster().await;
    let client = client(&cluster);
    let lines =
        (0..100).map(|n| Ok::<_, Infallible>(format!("{{\"index\":{{}}}}\n{{\"n\":{n}}}\n")));
    let frames = futures_util::stream::iter(lines.map(|line| line.map(|l| Frame::data(l.into()))));
    let body = Body::stream(StreamBody::new(frames));
    let response = client
        .bulk()
        .index("numbers")
        .body(body)
        .refresh(true)
        .await
        .unwrap();
    assert_eq!(response.errors, Some(false));
    assert_eq!(client.count("numbers").await.unwrap().count, Some(100));
}

#[tokio::test]
async fn no_path_leads_elsewhere() {
    let (cluster, elsewhere) = tokio::join!(cluster(), cluster());
    let client = client(&cluster);
    let host = elsewhere.url(0);
    for path in [
        &*host,
        &host["https:".len()..],
        "//",
        "/../_search",
        "/a/%2e%2E/b",
        "/./x",
    ] {
        let error = client.request(Method::GET, path, ()).await.unwrap_err();
        assert!(!shown(&error).contains(PASSWORD));
    }
    for id in ["", ".", ".."] {
        assert!(
            client.get::<Value>("i", id).await.unwrap_err().is_invalid(),
            "{id:?}"
        );
        assert!(
            client.search::<Value>(id).await.unwrap_err().is_invalid(),
            "{id:?}"
        );
    }
    assert_eq!((cluster.request_count(), elsewhere.request_count()), (0, 0));
    // Within a part, nothing of it is special.
    let odd = "../../_cluster/health?x#y";
    client
        .index("odd")
        .id(odd)
        .document(json!({"n": 1}))
        .await
        .unwrap();
    let found = client.get::<Value>("odd", odd).await.unwrap();
    assert_eq!(found.id, odd);
}
