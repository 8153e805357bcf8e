//! Each error of a handshake says what to change.

use std::sync::Arc;

use rcgen::{ExtendedKeyUsagePurpose, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    client::WebPkiServerVerifier,
    pki_types::{CertificateDer, pem::PemObject},
    version::{TLS12, TLS13},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use es_transport::connect::{MinTlsVersion, TlsSettings};

use crate::tls::{
    accepted,
    connect_support::{
        ca::{Ca, EXPIRED, FUTURE, Identity, NOW},
        http::Server,
        tls::TlsServer,
    },
    pin,
    provider::provider,
    refused,
};

const LOOPBACK: &[&str] = &["127.0.0.1"];

fn trusting(ca: &Ca) -> TlsSettings {
    TlsSettings::new().ca_certs(ca.pem())
}

/// The words of the refusal of this server.
async fn words(identity: Identity, tls: TlsSettings) -> String {
    refused(&TlsServer::builder(identity).start().await, tls).await
}

#[tokio::test]
async fn an_unknown_issuer() {
    let words = words(Ca::new("stranger").leaf(), trusting(&Ca::new("genuine"))).await;
    assert!(
        words.contains("no trusted CA issued") && words.contains("`ca_certs`"),
        "{words}"
    );
}

#[tokio::test]
async fn a_signature_of_another_key() {
    let ca = Ca::new("genuine");
    let words = words(ca.imitation().leaf(), trusting(&ca)).await;
    assert!(
        words.contains("not signed by the CA that it names"),
        "{words}"
    );
}

/// A server whose CA has a P-521 key, which `openssl` made: nothing here can sign with one.
async fn p521() -> (TlsServer, CertificateDer<'static>) {
    let ca = CertificateDer::from_pem_slice(include_bytes!("p521/ca.crt")).unwrap();
    let leaf = CertificateDer::from_pem_slice(include_bytes!("p521/leaf.crt")).unwrap();
    let identity = Identity {
        chain: vec![leaf],
        key: KeyPair::from_pem(include_str!("p521/leaf.key")).unwrap(),
    };
    (TlsServer::builder(identity).start().await, ca)
}

#[tokio::test]
async fn a_signature_that_ring_does_not_support() {
    let (server, ca) = p521().await;
    let mut roots = RootCertStore::empty();
    roots.add(ca).unwrap();
    // By ring, whatever other provider is there.
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let words = refused(&server, TlsSettings::new().rustls_config(config)).await;
    assert!(
        words.contains("`ring` does not support P-521") && words.contains("`aws-lc-rs`"),
        "{words}"
    );
}

#[cfg(feature = "aws-lc-rs")]
#[tokio::test]
async fn aws_lc_rs_supports_what_the_hint_says() {
    let (server, _) = p521().await;
    let tls = TlsSettings::new().ca_certs(include_bytes!("p521/ca.crt").as_slice());
    accepted(&server, tls).await;
}

#[tokio::test]
async fn a_revoked_certificate() {
    let ca = Ca::new("genuine");
    let (leaf, revoked) = ca.revoked_leaf();
    let mut roots = RootCertStore::empty();
    roots.add(ca.der()).unwrap();
    // Lists of revoked certificates come with a configuration of the caller's.
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .with_crls([revoked])
        .build()
        .unwrap();
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let words = words(leaf, TlsSettings::new().rustls_config(config)).await;
    assert!(words.contains("was revoked"), "{words}");
}

#[tokio::test]
async fn a_node_without_tls() {
    let server = Server::start(|mut stream, _| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let response = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        let _ = stream.write_all(response).await;
    })
    .await;
    let words = failed_handshake(&server).await;
    assert!(words.contains("is it an http node?"), "{words}");
}

#[tokio::test]
async fn another_name() {
    let ca = Ca::new("genuine");
    let words = words(ca.leaf_for(&["elsewhere.test"], NOW), trusting(&ca)).await;
    assert!(words.contains("`ssl_assert_hostname`"), "{words}");
    assert!(words.contains("elsewhere.test"), "{words}");
}

#[tokio::test]
async fn dates() {
    let ca = Ca::new("genuine");
    for (days, said) in [(EXPIRED, "expired"), (FUTURE, "not valid yet")] {
        let words = words(ca.leaf_for(LOOPBACK, days), trusting(&ca)).await;
        assert!(
            words.contains("not within its dates") && words.contains(said),
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_certificate_for_clients_only() {
    let ca = Ca::new("genuine");
    let leaf = ca.leaf_with_purposes(vec![ExtendedKeyUsagePurpose::ClientAuth]);
    let words = words(leaf, trusting(&ca)).await;
    assert!(words.contains("not issued for servers"), "{words}");
}

#[tokio::test]
async fn a_ca_certificate_as_the_servers_own() {
    let own = Ca::with_names("self-signed", LOOPBACK);
    let words = words(own.intermediate("issuing").identity(), trusting(&own)).await;
    assert!(
        words.contains("give it as `ca_certs`, or pin it"),
        "{words}"
    );
}

#[tokio::test]
async fn a_self_signed_certificate_is_its_own_ca() {
    let own = Ca::with_names("self-signed", LOOPBACK);
    let server = TlsServer::builder(own.identity()).start().await;
    accepted(&server, trusting(&own)).await;
    accepted(&server, pin(own.fingerprint())).await;

    // Its dates and its name hold.
    let nameless = Ca::new("self-signed");
    let said = words(nameless.identity(), trusting(&nameless)).await;
    assert!(said.contains("`ssl_assert_hostname`"), "{said}");
    let other = Ca::with_names("self-signed", LOOPBACK);
    server.settled().await;
    server.forget();
    refused(&server, trusting(&other)).await;
}

#[tokio::test]
async fn a_fingerprint_that_does_not_match() {
    let words = words(
        Ca::new("genuine").leaf(),
        pin(Ca::new("other").fingerprint()),
    )
    .await;
    assert!(
        words.contains("`ssl_assert_fingerprint` does not accept the server"),
        "{words}"
    );
}

#[tokio::test]
async fn no_version_in_common() {
    let ca = Ca::new("genuine");
    let server = TlsServer::builder(ca.leaf()).version(&TLS12).start().await;
    let words = refused(&server, trusting(&ca).min_tls_version(MinTlsVersion::Tls13)).await;
    assert!(words.contains("`min_tls_version`"), "{words}");
}

#[tokio::test]
async fn no_protocol_in_common() {
    let ca = Ca::new("genuine");
    let server = TlsServer::builder(ca.leaf()).alpn(b"h2").start().await;
    let words = refused(&server, trusting(&ca)).await;
    assert!(
        words.contains("does not speak HTTP/1.1 over TLS"),
        "{words}"
    );
}

#[tokio::test]
async fn a_missing_client_certificate() {
    for version in [&TLS12, &TLS13] {
        let (ca, clients) = (Ca::new("servers"), Ca::new("clients"));
        let server = TlsServer::builder(ca.leaf())
            .version(version)
            .client_ca(clients.der());
        let words = refused(&server.start().await, trusting(&ca)).await;
        assert!(words.contains("`client_cert`"), "{words}");
    }
}

/// A server that ends the handshake by this alert.
async fn alert(description: u8) -> String {
    let server = Server::start(move |mut stream, _| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        stream
            .write_all(&[21, 3, 3, 0, 2, 2, description])
            .await
            .unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
    })
    .await;
    failed_handshake(&server).await
}

/// The message of the handshake with a server that does not speak TLS itself.
async fn failed_handshake(server: &Server) -> String {
    let url = server.url("/").replace("http:", "https:");
    let error = crate::tls::get(&crate::tls::client(TlsSettings::new()), url)
        .await
        .unwrap_err();
    assert!(error.is_tls() && error.is_not_sent(), "{error}");
    error.to_string()
}

#[tokio::test]
async fn alerts_of_servers() {
    const HANDSHAKE_FAILURE: u8 = 40;
    const PROTOCOL_VERSION: u8 = 70;
    const INSUFFICIENT_SECURITY: u8 = 71;
    const UNRECOGNISED_NAME: u8 = 112;
    for (description, hints) in [
        (HANDSHAKE_FAILURE, &["`client_cert`", "P-521", "cipher"][..]),
        (PROTOCOL_VERSION, &["`min_tls_version`"]),
        (INSUFFICIENT_SECURITY, &["cipher"]),
        (UNRECOGNISED_NAME, &["no host of this name"]),
    ] {
        let words = alert(description).await;
        assert!(hints.iter().all(|hint| words.contains(hint)), "{words}");
    }
}

#[tokio::test]
async fn alerts_that_refuse_the_client() {
    const BAD_CERTIFICATE: u8 = 42;
    const UNSUPPORTED_CERTIFICATE: u8 = 43;
    const CERTIFICATE_REVOKED: u8 = 44;
    const CERTIFICATE_EXPIRED: u8 = 45;
    const CERTIFICATE_UNKNOWN: u8 = 46;
    const UNKNOWN_CA: u8 = 48;
    const ACCESS_DENIED: u8 = 49;
    const CERTIFICATE_REQUIRED: u8 = 116;
    for description in [
        BAD_CERTIFICATE,
        UNSUPPORTED_CERTIFICATE,
        CERTIFICATE_REVOKED,
        CERTIFICATE_EXPIRED,
        CERTIFICATE_UNKNOWN,
        UNKNOWN_CA,
        ACCESS_DENIED,
        CERTIFICATE_REQUIRED,
    ] {
        let words = alert(description).await;
        assert!(words.contains("refused this client"), "{words}");
        assert!(words.contains("`client_cert`"), "{words}");
    }
}
