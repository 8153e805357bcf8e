//! Every section of the "Connecting" page but the nodes (`nodes`), Cloud IDs
//! (`cloud`), compatibility mode (`versions`) and functions (`functions`).

use es_client::{Elasticsearch, params::AccessTokenGrantType};
use es_transport::{CompatibilityMode, TransportBuilder, layer::response_check::ProductCheck};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    documents,
    server::{builder, first_node, is_opensearch, is_secure, lacks, trusting, urls, var},
    table,
};

async fn works(builder: TransportBuilder<Elasticsearch>) {
    let info = builder.build().unwrap().info().await.unwrap();
    assert_eq!(info.version.number, var("ES_VERSION"));
}

/// All nodes, and nothing that says whom to trust.
fn untrusting() -> TransportBuilder<Elasticsearch> {
    untrusting_nodes(urls())
}

fn untrusting_nodes(urls: Vec<String>) -> TransportBuilder<Elasticsearch> {
    Elasticsearch::builder()
        .nodes(urls)
        .basic_auth(var("ES_USER"), var("ES_PASSWORD"))
        .compatibility_mode(CompatibilityMode::Negotiated)
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn without_security_a_url_is_all() {
    if lacks(is_secure(), "plain HTTP") {
        return;
    }
    let builder = Elasticsearch::builder().node(&urls()[0]);
    // 8 and 7.17 do not know the newest media type, OpenSearch none.
    let builder = builder.compatibility_mode(CompatibilityMode::Negotiated);
    works(if is_opensearch() {
        builder.product_check(ProductCheck::Off)
    } else {
        builder
    })
    .await;
    table::says("plain HTTP, no security", "yes");
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_ca_file_and_a_fingerprint_of_ca_or_leaf_are_trusted() {
    if lacks(!is_secure(), "TLS") {
        return;
    }
    works(untrusting().ca_certs(var("ES_CA"))).await;
    works(untrusting().ssl_assert_fingerprint(var("ES_FINGERPRINT"))).await;
    works(untrusting().ssl_assert_fingerprint(with_colons(&var("ES_FINGERPRINT")))).await;
    for (url, leaf) in urls()
        .iter()
        .zip(var("ES_LEAF_FINGERPRINTS").split([',', ' ']))
    {
        works(untrusting_nodes(vec![url.clone()]).ssl_assert_fingerprint(leaf)).await;
    }
    table::says("CA file; fingerprint of CA or leaf", "yes");
}

/// As openssl prints it.
fn with_colons(fingerprint: &str) -> String {
    let upper = fingerprint.to_uppercase();
    let pairs: Vec<_> = upper
        .as_bytes()
        .chunks(2)
        .map(String::from_utf8_lossy)
        .collect();
    pairs.join(":")
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_stranger_is_refused() {
    if lacks(!is_secure(), "TLS") {
        return;
    }
    let wrong_pin = "0".repeat(64);
    for builder in [
        untrusting(),
        untrusting().ca_certs(var("ES_OTHER_CA")),
        untrusting().ssl_assert_fingerprint(wrong_pin),
    ] {
        let error = builder.build().unwrap().info().await.unwrap_err();
        assert!(error.as_transport().unwrap().is_tls(), "{error:?}");
        assert!(!format!("{error:?}").contains(&var("ES_PASSWORD")));
    }
    // A caller that pinned another tells from the error which one it should have been.
    let pinned = untrusting_nodes(urls()[..1].to_vec()).ssl_assert_fingerprint("1".repeat(64));
    let error = pinned.build().unwrap().info().await.unwrap_err();
    assert!(
        format!("{error:?}").contains(&var("ES_FINGERPRINT")),
        "{error:?}"
    );
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn the_three_kinds_of_credentials_at_construction_and_by_options() {
    if lacks(!is_secure(), "security") {
        return;
    }
    works(trusting().basic_auth(var("ES_USER"), var("ES_PASSWORD"))).await;
    works(trusting().bearer_auth(var("ES_BEARER"))).await;
    works(trusting().bearer_auth(access_token().await)).await;
    works(trusting().api_key(var("ES_API_KEY"))).await;
    works(trusting().api_key((var("ES_API_KEY_ID"), var("ES_API_KEY_SECRET")))).await;

    let nobody = trusting().build().unwrap();
    assert!(nobody.info().await.unwrap_err().is_unauthorized());
    let administrator = nobody
        .options()
        .basic_auth(var("ES_USER"), var("ES_PASSWORD"));
    administrator.indices().get("*").await.unwrap();
    nobody
        .options()
        .bearer_auth(var("ES_BEARER"))
        .info()
        .await
        .unwrap();

    let name = "genuine-kept";
    documents::index(name).await;
    let kept = nobody.options().api_key(var("ES_API_KEY"));
    for number in 0..10 {
        kept.index(name)
            .document(json!({"field": number}))
            .await
            .unwrap();
    }
    kept.indices().refresh(name).await.unwrap();
    assert_eq!(kept.count(name).await.unwrap().count, Some(10));
    kept.indices().delete(name).await.unwrap();
    assert!(
        kept.options()
            .no_auth()
            .info()
            .await
            .unwrap_err()
            .is_unauthorized()
    );
    table::says("basic, bearer, API key; `options()`", "yes");
}

/// A bearer token that the server gives for a password, besides those of service accounts.
async fn access_token() -> String {
    let security = first_node().build().unwrap().security();
    let call = security
        .get_token()
        .grant_type(AccessTokenGrantType::Password)
        .username(var("ES_USER"));
    let token: Value = call.password(var("ES_PASSWORD")).await.unwrap();
    token["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn wrong_credentials_are_not_missing_privileges() {
    if lacks(!is_secure(), "security") {
        return;
    }
    for wrong in [
        trusting().basic_auth(var("ES_USER"), "wrong"),
        trusting().bearer_auth("wrong"),
        trusting().api_key(("wrong", "wrong")),
        trusting().api_key((var("ES_API_KEY_ID"), "wrong".to_owned())),
    ] {
        let error = wrong.build().unwrap().info().await.unwrap_err();
        assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED), "{error:?}");
        assert!(error.as_api().unwrap().reason.is_some());
    }
    let limited = trusting().basic_auth(var("ES_LIMITED_USER"), var("ES_LIMITED_PASSWORD"));
    let limited = limited.build().unwrap();
    let error = limited.indices().create("not-theirs").await.unwrap_err();
    assert!(error.is_forbidden(), "{error:?}");
    let reason = error.as_api().unwrap().reason.as_ref().unwrap();
    assert!(
        reason.contains("is unauthorized for user [limited]"),
        "{reason}"
    );
}

/// `scripts/cluster/check` starts the proxy.
#[tokio::test]
#[ignore = "needs a cluster"]
async fn forward_proxy_carries_the_requests() {
    let proxy = std::env::var("ES_PROXY").unwrap_or_default();
    if lacks(proxy.is_empty(), "a forward proxy") {
        return;
    }
    works(builder().proxy(&proxy)).await;
    let log = std::fs::read_to_string(var("ES_PROXY_LOG")).unwrap();
    // Requests start at any node.
    let is_carried = urls().iter().any(|url| {
        log.contains(&match url.split_once("://").unwrap() {
            ("https", address) => format!("CONNECT {address} HTTP/1.1"),
            (_, address) => format!("GET http://{address}/ HTTP/1.1"),
        })
    });
    assert!(is_carried, "{log}");

    let stranger = format!("http://{}", proxy.split_once('@').unwrap().1);
    let refused = builder()
        .proxy(&stranger)
        .max_retries(0)
        .build()
        .unwrap()
        .info()
        .await;
    let refused = refused.unwrap_err();
    let first: &dyn std::error::Error = &refused;
    let mut causes = std::iter::successors(Some(first), |cause| cause.source());
    assert!(
        causes.any(|cause| cause.to_string().contains("407")),
        "{refused:?}"
    );
    table::says("forward proxy with a password (tinyproxy)", "yes");
}

#[cfg(feature = "http2")]
#[tokio::test]
#[ignore = "needs a cluster"]
async fn http2_is_used_where_it_is_offered() {
    if lacks(!is_secure(), "TLS") {
        return;
    }
    let client = builder().http2(true).build().unwrap();
    let request = http::Request::get("/")
        .body(es_transport::Body::empty())
        .unwrap();
    let response = client.transport().send(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    table::says("`http2(true)`", format!("{:?}", response.version()));
}
