//! TLS: what nodes present, and the certificates that tests can make.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed step is a failed test"
)]

use crate::support;

use es_testkit::Cluster;
use es_testkit::tls::{CertificateAuthority, NodeCertificate, fingerprint};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use support::{Client, client_config, tls, tls_with};

async fn start() -> (Cluster, Vec<CertificateDer<'static>>) {
    let cluster = Cluster::builder()
        .nodes(2)
        .tls(true)
        .security(false)
        .start()
        .await
        .unwrap();
    let roots = vec![cluster.authority().unwrap().certificate().clone()];
    (cluster, roots)
}

#[tokio::test]
async fn nodes_present_leaf_and_authority_for_all_loopback_names() {
    let (cluster, roots) = start().await;
    assert!(cluster.url(0).starts_with("https://127.0.0.1:"));
    for name in ["localhost", "127.0.0.1", "::1"] {
        let stream = tls(&cluster.url(1), &roots, name).await.unwrap();
        let presented = stream.get_ref().1.peer_certificates().unwrap();
        let prints: Vec<String> = presented.iter().map(fingerprint).collect();
        assert_eq!(
            prints,
            [cluster.leaf_fingerprint(1), cluster.ca_fingerprint()]
        );
        Client::over(stream).await.ok("GET", "/", Value::Null).await;
    }
    assert_ne!(cluster.leaf_fingerprint(0), cluster.leaf_fingerprint(1));
    assert!(cluster.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(cluster.node(1).connections().handshakes, 3);
}

#[tokio::test]
async fn a_client_that_does_not_trust_shows_in_the_counts_and_sends_nothing() {
    let (cluster, _) = start().await;
    let stranger = CertificateAuthority::new("stranger").unwrap();
    let refused = tls(
        &cluster.url(0),
        &[stranger.certificate().clone()],
        "localhost",
    )
    .await;
    assert!(refused.is_err());
    let node = cluster.node(0);
    while node.connections().failed_handshakes == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        (node.connections().handshakes, node.request_count()),
        (0, 0)
    );
    assert!(
        node.handshake_failures()[0].contains("UnknownCA"),
        "{:?}",
        node.handshake_failures()
    );
}

#[tokio::test]
async fn plain_http_to_a_tls_port_is_closed_but_seen() {
    let (cluster, _) = start().await;
    let request = b"GET / HTTP/1.1\r\nauthorization: Basic c2VjcmV0\r\n\r\n";
    let (response, _) = support::raw(&cluster.url(0), request).await;
    assert!(!response.starts_with(b"HTTP"), "{response:?}");
    assert!(cluster.node(0).has_received("Basic c2VjcmV0"));
}

#[tokio::test]
async fn a_session_is_resumed() {
    let (cluster, roots) = start().await;
    let config = client_config(&roots);
    for _ in 0..2 {
        let stream = tls_with(&cluster.url(0), config.clone(), "localhost")
            .await
            .unwrap();
        // The ticket comes with the first response.
        Client::over(stream).await.ok("GET", "/", Value::Null).await;
    }
    let counts = cluster.node(0).connections();
    assert_eq!((counts.handshakes, counts.resumed), (2, 1));
}

/// The outcome for a client that trusts `root` at a node that presents `certificate`.
async fn judge(certificate: &NodeCertificate, root: &CertificateAuthority) -> Result<(), String> {
    let cluster = Cluster::builder().tls(true).start().await.unwrap();
    cluster
        .node(0)
        .set_server_config(certificate.server_config().unwrap());
    let roots = [root.certificate().clone()];
    tls(&cluster.url(0), &roots, "localhost")
        .await
        .map(drop)
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn strange_certificates_are_what_they_claim() {
    let root = CertificateAuthority::new("root").unwrap();
    let good = root.leaf().issue().unwrap();
    assert_eq!(judge(&good, &root).await, Ok(()));
    assert_eq!(judge(&good.clone().leaf_only(), &root).await, Ok(()));
    let below = root.intermediate("middle").unwrap().leaf().issue().unwrap();
    assert_eq!(below.chain().len(), 3);
    assert_eq!(judge(&below, &root).await, Ok(()));
    assert!(
        judge(&below.leaf_only(), &root)
            .await
            .unwrap_err()
            .contains("UnknownIssuer")
    );
    let expired = root.leaf().valid_days(-9, -1).issue().unwrap();
    assert!(
        judge(&expired, &root)
            .await
            .unwrap_err()
            .contains("expired")
    );
    let early = root.leaf().valid_days(1, 9).issue().unwrap();
    assert!(
        judge(&early, &root)
            .await
            .unwrap_err()
            .contains("not valid yet")
    );
    let elsewhere = root.leaf().names(["elsewhere.test"]).issue().unwrap();
    assert!(
        judge(&elsewhere, &root)
            .await
            .unwrap_err()
            .contains("not valid for name")
    );
    // The impostor's leaf names the genuine authority and its key, so only the signature tells.
    let impostor = root.impostor().unwrap().leaf().issue().unwrap();
    let appended = impostor.leaf_only().and_present(root.certificate().clone());
    assert!(
        judge(&appended, &root)
            .await
            .unwrap_err()
            .contains("BadSignature")
    );
}

#[tokio::test]
async fn one_version_of_tls_and_only_the_leaf() {
    let (cluster, roots) = start().await;
    let node = cluster.node(0);
    node.present_only_leaf().unwrap();
    let stream = tls(&cluster.url(0), &roots, "localhost").await.unwrap();
    assert_eq!(stream.get_ref().1.peer_certificates().unwrap().len(), 1);
    let old = node
        .certificate()
        .unwrap()
        .server_config_for(&[&rustls::version::TLS12])
        .unwrap();
    node.set_server_config(old);
    let stream = tls(&cluster.url(0), &roots, "localhost").await.unwrap();
    assert_eq!(
        stream.get_ref().1.protocol_version(),
        Some(rustls::ProtocolVersion::TLSv1_2)
    );
}

#[tokio::test]
async fn a_node_can_be_started_with_settings_of_its_own() {
    let own = CertificateAuthority::new("own").unwrap();
    let config = own.leaf().issue().unwrap().server_config().unwrap();
    let cluster = Cluster::builder()
        .nodes(2)
        .tls(true)
        .server_config(1, config)
        .start()
        .await
        .unwrap();
    let roots = [own.certificate().clone()];
    assert!(tls(&cluster.url(1), &roots, "localhost").await.is_ok());
    assert!(tls(&cluster.url(0), &roots, "localhost").await.is_err());
}

#[tokio::test]
async fn clients_can_be_asked_for_a_certificate() {
    let (cluster, roots) = start().await;
    let clients = CertificateAuthority::new("clients").unwrap();
    let node = cluster.node(0);
    node.set_server_config(
        node.certificate()
            .unwrap()
            .server_config_requiring(&clients)
            .unwrap(),
    );
    let identity = clients.leaf().for_client().names(["job"]).issue().unwrap();
    assert!(
        identity
            .key_pem()
            .starts_with("-----BEGIN PRIVATE KEY-----")
    );
    let mut store = rustls::RootCertStore::empty();
    store.add(roots[0].clone()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_client_auth_cert(identity.chain().to_vec(), identity.private_key())
        .unwrap();
    let stream = tls_with(&cluster.url(0), config.into(), "localhost")
        .await
        .unwrap();
    Client::over(stream).await.ok("GET", "/", Value::Null).await;
    let stream = tls(&cluster.url(0), &roots, "localhost").await.unwrap();
    // In TLS 1.3 the client learns of the refusal with its first read.
    assert!(
        Client::over(stream)
            .await
            .try_send("GET", "/", &[], "")
            .await
            .is_err()
    );
    assert_eq!(
        (
            node.connections().handshakes,
            node.connections().failed_handshakes
        ),
        (1, 1)
    );
}
