//! Every section of the "Connecting" page.

use std::collections::BTreeMap;

use es_client::Elasticsearch;
use es_transport::{CompatibilityMode, TransportBuilder};
use http::StatusCode;

use crate::server::{client, first_node, is_secure, lacks, trusting, urls, var};

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
async fn the_cluster_says_who_it_is() {
    let info = client().info().await.unwrap();
    assert_eq!(info.version.number, var("ES_VERSION"));
    assert!(client().ping().await.unwrap());
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_ca_file_and_a_fingerprint_of_ca_or_leaf_are_trusted() {
    if lacks(!is_secure(), "TLS") {
        return;
    }
    works(untrusting().ca_certs(var("ES_CA"))).await;
    works(untrusting().ssl_assert_fingerprint(var("ES_FINGERPRINT"))).await;
    works(untrusting().ssl_assert_fingerprint(var("ES_FINGERPRINT").to_uppercase())).await;
    for (url, leaf) in urls().iter().zip(var("ES_LEAF_FINGERPRINTS").split([',', ' '])) {
        works(untrusting_nodes(vec![url.clone()]).ssl_assert_fingerprint(leaf)).await;
    }
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
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn the_three_kinds_of_credentials_at_construction_and_by_options() {
    if lacks(!is_secure(), "security") {
        return;
    }
    works(trusting().basic_auth(var("ES_USER"), var("ES_PASSWORD"))).await;
    works(trusting().bearer_auth(var("ES_BEARER"))).await;
    works(trusting().api_key(var("ES_API_KEY"))).await;
    works(trusting().api_key((var("ES_API_KEY_ID"), var("ES_API_KEY_SECRET")))).await;

    let nobody = trusting().build().unwrap();
    assert!(nobody.info().await.unwrap_err().is_unauthorized());
    let kept = nobody.options().api_key(var("ES_API_KEY"));
    for _ in 0..3 {
        kept.info().await.unwrap();
    }
    nobody.options().basic_auth(var("ES_USER"), var("ES_PASSWORD")).info().await.unwrap();
    nobody.options().bearer_auth(var("ES_BEARER")).info().await.unwrap();
    assert!(kept.options().no_auth().info().await.unwrap_err().is_unauthorized());
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn wrong_credentials_and_missing_privileges_are_told_apart() {
    if lacks(!is_secure(), "security") {
        return;
    }
    for wrong in [
        trusting().basic_auth(var("ES_USER"), "wrong"),
        trusting().bearer_auth("wrong"),
        trusting().api_key(("wrong", "wrong")),
    ] {
        let error = wrong.build().unwrap().info().await.unwrap_err();
        assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED), "{error:?}");
        assert!(error.as_api().unwrap().reason.is_some());
    }
    let limited = trusting().basic_auth(var("ES_LIMITED_USER"), var("ES_LIMITED_PASSWORD"));
    let limited = limited.build().unwrap();
    let error = limited.indices().create("not-theirs").await.unwrap_err();
    assert!(error.is_forbidden(), "{error:?}");
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn calls_go_to_the_nodes_in_turn() {
    let client = client();
    let mut answers = BTreeMap::<String, u32>::new();
    for _ in 0..10 * urls().len() {
        let answer = client.info().send().await.unwrap();
        *answers.entry(answer.meta().node().unwrap().to_owned()).or_default() += 1;
    }
    let expected: BTreeMap<_, _> = urls().into_iter().map(|url| (url, 10)).collect();
    assert_eq!(answers, expected);
}

#[tokio::test]
#[ignore = "needs a cluster"]
async fn one_node_leads_to_the_others() {
    let client = first_node().sniff_on_start(true).build().unwrap();
    client.info().await.unwrap();
    let pool = client.transport().pool().unwrap();
    let mut found: Vec<_> = pool.nodes().iter().map(|(node, _)| node.to_string()).collect();
    found.sort();
    assert_eq!(found, urls());
}
