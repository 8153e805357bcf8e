//! Nodes that sniffing found are verified as those that were given.

use std::{sync::Arc, time::Duration};

use es_testkit::{Cluster, tls::CertificateAuthority};
use es_transport::{Body, Transport, TransportBuilder};
use rustls::{ServerConfig, SupportedProtocolVersion};

use crate::{connect_support::chain, tls::VERSIONS};

type Version = &'static SupportedProtocolVersion;

/// Certificates that the second node presents; the genuine CA issued none of them.
fn strangers(genuine: &CertificateAuthority, version: Version) -> Vec<Arc<ServerConfig>> {
    let stranger = CertificateAuthority::new("stranger").unwrap();
    let imitation = genuine.impostor().unwrap();
    let config =
        |leaf: es_testkit::tls::NodeCertificate| leaf.server_config_for(&[version]).unwrap();
    vec![
        config(stranger.leaf().issue().unwrap()),
        config(
            stranger
                .leaf()
                .issue()
                .unwrap()
                .and_present(genuine.certificate().clone()),
        ),
        config(
            imitation
                .leaf()
                .issue()
                .unwrap()
                .and_present(genuine.certificate().clone()),
        ),
        config(genuine.leaf().names(["elsewhere.test"]).issue().unwrap()),
        config(genuine.leaf().valid_days(-30, -1).issue().unwrap()),
    ]
}

async fn sends_no_password_to_strangers(
    trust: impl Fn(&Cluster, TransportBuilder) -> TransportBuilder,
) {
    for version in VERSIONS {
        let cluster = Cluster::builder().nodes(2).tls(true).start().await.unwrap();
        let genuine = cluster.authority().unwrap();
        let own = cluster
            .node(0)
            .certificate()
            .unwrap()
            .server_config_for(&[version])
            .unwrap();
        cluster.node(0).set_server_config(own);
        for config in strangers(genuine, version) {
            cluster.node(1).set_server_config(config);
            cluster.node(1).clear_records();
            let builder = Transport::builder()
                .node(cluster.url(0))
                .basic_auth(cluster.username(), cluster.password())
                .sniff_on_start(true)
                .dead_node_backoff(Duration::from_millis(1), Duration::from_millis(1));
            let transport = trust(&cluster, builder).build().unwrap();
            // A failed handshake sent nothing: the request goes on to the other node.
            for _ in 0..6 {
                let request = http::Request::get("/").body(Body::empty()).unwrap();
                assert_eq!(transport.send(request).await.unwrap().status(), 200);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            assert_eq!(transport.pool().unwrap().len(), 2, "it was found");
            assert!(
                cluster.node(1).connections().failed_handshakes > 0,
                "and tried"
            );
            assert_eq!(cluster.node(1).request_count(), 0);
            cluster.node(1).assert_never_received(cluster.password());
        }
        assert!(cluster.node(0).has_received(cluster.password()));
    }
}

#[tokio::test]
async fn under_a_pinned_ca() {
    let trust = |cluster: &Cluster, builder: TransportBuilder| {
        builder.ssl_assert_fingerprint(cluster.ca_fingerprint())
    };
    sends_no_password_to_strangers(trust).await;
}

#[tokio::test]
async fn under_a_given_ca() {
    let trust = |cluster: &Cluster, builder: TransportBuilder| {
        builder.ca_certs(cluster.ca_pem().as_bytes().to_vec())
    };
    sends_no_password_to_strangers(trust).await;
}

#[tokio::test]
async fn a_pinned_leaf_is_no_pin_for_other_nodes() {
    let cluster = Cluster::builder().nodes(2).tls(true).start().await.unwrap();
    let transport = Transport::builder()
        .node(cluster.url(0))
        .ssl_assert_fingerprint(cluster.leaf_fingerprint(0))
        .basic_auth(cluster.username(), cluster.password())
        .sniff_on_start(true)
        .build()
        .unwrap();
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        let request = http::Request::get("/").body(Body::empty()).unwrap();
        outcomes.push(
            transport
                .send(request)
                .await
                .map(|response| response.status().as_u16()),
        );
    }
    assert!(
        outcomes.iter().flatten().all(|&status| status == 200),
        "{outcomes:?}"
    );
    let mut errors = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(errors.all(|error| error.is_tls()), "{outcomes:?}");
    cluster.node(1).assert_never_received(cluster.password());
}

fn get(path: &str) -> http::Request<Body> {
    http::Request::get(path).body(Body::empty()).unwrap()
}

/// Gives every node a certificate that does not name the address that it publishes.
fn name_all_localhost(cluster: &Cluster) {
    let authority = cluster.authority().unwrap();
    for node in cluster.nodes() {
        let leaf = authority.leaf().names(["localhost"]).issue().unwrap();
        node.set_server_config(leaf.server_config_for(&VERSIONS).unwrap());
    }
}

#[tokio::test]
async fn addresses_of_no_certificate_replace_no_good_seed() {
    let cluster = Cluster::builder().nodes(3).tls(true).start().await.unwrap();
    name_all_localhost(&cluster);
    let transport = Transport::builder()
        .node(cluster.url(0).replace("127.0.0.1", "localhost"))
        .ca_certs(cluster.ca_pem().as_bytes().to_vec())
        .basic_auth(cluster.username(), cluster.password())
        .sniff_on_start(true)
        .build()
        .unwrap();
    for _ in 0..30 {
        let response = transport.send(get("/")).await;
        assert_eq!(
            response.map_err(|error| chain(&error)).unwrap().status(),
            200
        );
    }
    // The same after another sniff, which finds the same addresses.
    transport.sniff().await.unwrap();
    for _ in 0..10 {
        assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
    }
    let pool = transport.pool().unwrap();
    let live: Vec<_> = pool
        .nodes()
        .into_iter()
        .filter(|status| status.is_live())
        .collect();
    assert!(
        live.iter()
            .any(|status| status.node().host() == "localhost"),
        "{live:?}"
    );
}

#[tokio::test]
async fn one_expired_certificate_fails_no_call() {
    let cluster = Cluster::builder().nodes(3).tls(true).start().await.unwrap();
    let expired = cluster
        .authority()
        .unwrap()
        .leaf()
        .valid_days(-30, -1)
        .issue()
        .unwrap();
    cluster
        .node(1)
        .set_server_config(expired.server_config_for(&VERSIONS).unwrap());
    let transport = Transport::builder()
        .nodes(cluster.urls())
        .ca_certs(cluster.ca_pem().as_bytes().to_vec())
        .basic_auth(cluster.username(), cluster.password())
        .dead_node_backoff(Duration::from_millis(1), Duration::from_millis(1))
        .build()
        .unwrap();
    for _ in 0..60 {
        assert_eq!(transport.send(get("/")).await.unwrap().status(), 200);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(cluster.node(1).connections().failed_handshakes > 2);
}

#[tokio::test]
async fn when_all_handshakes_fail_that_is_the_error() {
    let cluster = Cluster::builder().nodes(3).tls(true).start().await.unwrap();
    name_all_localhost(&cluster);
    let transport = Transport::builder()
        .nodes(cluster.urls())
        .ca_certs(cluster.ca_pem().as_bytes().to_vec())
        .basic_auth(cluster.username(), cluster.password())
        .build()
        .unwrap();
    let error = transport.send(get("/")).await.unwrap_err();
    assert!(error.is_tls(), "{}", chain(&error));
    let tried: std::collections::BTreeSet<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.node.clone())
        .collect();
    assert_eq!(tried.len(), 3, "{:?}", error.attempts());
}
