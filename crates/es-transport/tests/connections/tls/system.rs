//! The operating system's certificate store.

use std::path::PathBuf;

use es_transport::connect::{TlsSettings, TrustRoots};

use crate::tls::{
    VERSIONS, accepted, chain, client,
    connect_support::{ca::Ca, get, tls::TlsServer},
    refused,
};

fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn system() -> TlsSettings {
    TlsSettings::new().trust_roots(TrustRoots::System)
}

/// A process of its own, in whose environment this file is the store.
async fn child(store: PathBuf, url: String) -> bool {
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "tls::system::child_with_a_store", "--ignored"])
        .env("ES_TRANSPORT_TEST_URL", url)
        .env("SSL_CERT_FILE", store)
        .env_remove("SSL_CERT_DIR");
    command.output().await.unwrap().status.success()
}

#[tokio::test]
async fn who_is_in_it_is_trusted_and_nobody_else() {
    for version in VERSIONS {
        let (ca, other) = (Ca::new("in the store"), Ca::new("elsewhere"));
        let server = TlsServer::builder(ca.leaf()).version(version).start().await;
        assert!(!child(file("other.pem", other.pem()), server.url()).await);
        server.settled().await;
        assert!(!server.saw_anything());
        // Odd certificates are skipped.
        let odd = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let store = [odd, &ca.pem()[..]].concat();
        assert!(child(file("store.pem", store), server.url()).await);
        assert!(server.saw_the_secret());
        // A CA that is given takes the place of the store.
        server.forget();
        refused(&server, system().ca_certs(other.pem())).await;
        accepted(&server, system().ca_certs(ca.pem())).await;
    }
}

#[tokio::test]
async fn a_store_without_a_certificate_is_an_error_when_building() {
    // The child builds before it sends, so nothing arrives.
    let server = TlsServer::builder(Ca::new("any").leaf()).start().await;
    assert!(!child(file("empty.pem", ""), server.url()).await);
    server.settled().await;
    assert!(server.handshakes().is_empty());
}

#[cfg(feature = "platform-verifier")]
#[tokio::test]
async fn the_platforms_verifier_refuses_an_unknown_ca() {
    let platform = || TlsSettings::new().trust_roots(TrustRoots::Platform);
    let server = TlsServer::builder(Ca::new("unknown to the platform").leaf())
        .start()
        .await;
    refused(&server, platform()).await;

    let error = platform().assert_hostname(false).build().unwrap_err();
    assert_eq!(error.setting(), Some("ssl_assert_hostname"));
}

#[tokio::test]
#[ignore = "runs in a process with an environment of its own"]
async fn child_with_a_store() {
    let url = std::env::var("ES_TRANSPORT_TEST_URL").unwrap();
    let response = get(&client(system()), &url)
        .await
        .map_err(|error| chain(&error));
    assert_eq!(response, Ok((200, "ok".to_owned())));
}
