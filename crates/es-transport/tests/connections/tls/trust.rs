//! CA certificates, client certificates, and no verification at all.

use es_transport::connect::{MinTlsVersion, Pem, TlsSettings};

use crate::tls::{
    TLS12, TLS13, VERSIONS, accepted, chain, client,
    connect_support::{
        ca::{Ca, EXPIRED, NOW},
        get,
        tls::TlsServer,
    },
    refused,
};

fn trusting(ca: &Ca) -> TlsSettings {
    TlsSettings::new().ca_certs(ca.pem())
}

#[tokio::test]
async fn the_given_cas_are_trusted_and_no_other() {
    for version in VERSIONS {
        let (ca, other) = (Ca::new("genuine"), Ca::new("other"));
        let server = TlsServer::builder(ca.leaf()).version(version).start().await;
        let words = refused(&server, trusting(&other)).await;
        assert!(words.contains("`ca_certs`"), "{words}");
        accepted(&server, trusting(&ca)).await;
        server.forget();
        accepted(&server, trusting(&other).ca_certs(ca.pem())).await;
    }
}

#[tokio::test]
async fn mozillas_roots_do_not_know_a_private_ca() {
    for version in VERSIONS {
        let ca = Ca::new("private");
        let server = TlsServer::builder(ca.leaf().with([ca.der()]))
            .version(version)
            .start()
            .await;
        refused(&server, TlsSettings::new()).await;
    }
}

#[tokio::test]
async fn name_and_dates_hold_under_a_given_ca() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let wrong_name = ca.leaf_for(&["elsewhere.test"], NOW);
        let server = TlsServer::builder(wrong_name)
            .version(version)
            .start()
            .await;
        refused(&server, trusting(&ca)).await;
        accepted(&server, trusting(&ca).assert_hostname(false)).await;

        let expired = ca.leaf_for(&["elsewhere.test"], EXPIRED);
        let server = TlsServer::builder(expired).version(version).start().await;
        refused(&server, trusting(&ca).assert_hostname(false)).await;
    }
}

#[tokio::test]
async fn without_verification_anybody_is_accepted() {
    for version in VERSIONS {
        let stranger = Ca::new("stranger").leaf_for(&["elsewhere.test"], EXPIRED);
        let server = TlsServer::builder(stranger).version(version).start().await;
        accepted(&server, TlsSettings::new().verify_certs(false)).await;
    }
}

#[tokio::test]
async fn a_client_certificate_is_presented_where_it_is_asked_for() {
    for version in VERSIONS {
        let (ca, clients) = (Ca::new("servers"), Ca::new("clients"));
        let server = TlsServer::builder(ca.leaf())
            .version(version)
            .client_ca(clients.der())
            .start()
            .await;

        let error = get(&client(trusting(&ca)), &server.url())
            .await
            .unwrap_err();
        assert!(error.is_tls(), "{}", chain(&error));
        assert!(chain(&error).contains("`client_cert`"), "{}", chain(&error));
        server.settled().await;
        assert!(!server.saw_anything());

        let (certificate, key) = clients.leaf().pem();
        accepted(&server, trusting(&ca).client_cert(certificate, key)).await;

        let (certificate, key) = Ca::new("stranger").leaf().pem();
        let stranger = client(trusting(&ca).client_cert(Pem::bytes(certificate), key));
        assert!(get(&stranger, &server.url()).await.unwrap_err().is_tls());
    }
}

#[tokio::test]
async fn the_oldest_version_can_be_set() {
    let ca = Ca::new("genuine");
    let settings = || trusting(&ca).min_tls_version(MinTlsVersion::Tls13);
    let old = TlsServer::builder(ca.leaf()).version(&TLS12).start().await;
    refused(&old, settings()).await;
    let new = TlsServer::builder(ca.leaf()).version(&TLS13).start().await;
    accepted(&new, settings()).await;
}

#[tokio::test]
async fn a_server_without_tls_is_told_so() {
    let server = crate::tls::connect_support::http::Server::start(|mut stream, _| async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut hello = [0; 16];
        stream.read_exact(&mut hello).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        // Left open, so that what was written arrives.
        let _ = stream.read(&mut [0; 4096]).await;
    })
    .await;
    let url = server.url("/").replace("http:", "https:");
    let error = get(&client(TlsSettings::new()), &url).await.unwrap_err();
    assert!(error.is_tls(), "{}", chain(&error));
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
}

/// The other way round: Elasticsearch closes, others send an alert first.
#[tokio::test]
async fn a_server_that_wants_tls_is_guessed() {
    let ca = Ca::new("genuine");
    let server = TlsServer::builder(ca.leaf()).start().await;
    let url = server.url().replace("https:", "http:");
    let error = get(&client(TlsSettings::new()), &url).await.unwrap_err();
    assert!(
        error.is_io() && error.to_string().contains("is it an https node?"),
        "{error}"
    );

    let closing = crate::tls::connect_support::http::Server::start(|mut stream, _| async move {
        let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await;
    })
    .await;
    let error = get(&client(TlsSettings::new()), &closing.url("/"))
        .await
        .unwrap_err();
    assert!(
        error.is_io() && error.to_string().contains("is it an https node?"),
        "{error}"
    );
}

#[tokio::test]
async fn http_1_1_is_the_only_protocol_on_offer() {
    for version in VERSIONS {
        let ca = Ca::new("genuine");
        let server = TlsServer::builder(ca.leaf())
            .version(version)
            .alpn(b"http/1.1")
            .start()
            .await;
        accepted(&server, trusting(&ca)).await;
        let server = TlsServer::builder(ca.leaf())
            .version(version)
            .alpn(b"h2")
            .start()
            .await;
        refused(&server, trusting(&ca)).await;
    }
}
