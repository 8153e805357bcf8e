//! The forms in which certificates and keys come.

use es_transport::connect::TlsSettings;

use crate::tls::{
    accepted, chain,
    connect_support::{
        ca::{Ca, EXPIRED},
        tls::TlsServer,
    },
};

const BROKEN: &[u8] = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";

async fn trusts(ca: &Ca, content: impl Into<Vec<u8>>) {
    let server = TlsServer::builder(ca.leaf()).start().await;
    accepted(&server, TlsSettings::new().ca_certs(content.into())).await;
}

#[tokio::test]
async fn a_byte_order_mark_is_skipped() {
    let ca = Ca::new("genuine");
    trusts(&ca, ["\u{feff}".as_bytes(), &ca.pem()].concat()).await;
}

#[tokio::test]
async fn der_is_read() {
    let ca = Ca::new("genuine");
    trusts(&ca, ca.der().to_vec()).await;

    let (clients, servers) = (Ca::new("clients"), Ca::new("servers"));
    let server = TlsServer::builder(servers.leaf())
        .client_ca(clients.der())
        .start()
        .await;
    let client = clients.leaf();
    let tls = TlsSettings::new()
        .ca_certs(servers.pem())
        .client_cert(client.chain[0].to_vec(), client.key.serialize_der());
    accepted(&server, tls).await;
}

#[tokio::test]
async fn labels_of_openssl_are_read() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let ca = Ca::new("genuine");
    // What OpenSSL trusts the certificate for stands behind it.
    let trusted = [ca.der().as_ref(), &[0x30, 0x04, 0x30, 0x02, 0x06, 0x00]].concat();
    for (label, der) in [
        ("TRUSTED CERTIFICATE", trusted),
        ("X509 CERTIFICATE", ca.der().to_vec()),
    ] {
        let text = STANDARD.encode(der);
        trusts(
            &ca,
            format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n"),
        )
        .await;
    }
}

#[tokio::test]
async fn one_unreadable_certificate_hides_no_other() {
    let ca = Ca::new("genuine");
    let others: Vec<_> = (0..8)
        .flat_map(|number| Ca::new(&format!("{number}")).pem())
        .collect();
    trusts(&ca, [&others, BROKEN, &ca.pem()].concat()).await;
}

#[test]
fn an_unreadable_certificate_is_named() {
    let expired = Ca::with_days("old", EXPIRED).pem();
    let content = [BROKEN, &expired].concat();
    let error = TlsSettings::new().ca_certs(content).build().unwrap_err();
    assert!(
        chain(&error).contains("certificate 1 of 2 in the given text"),
        "{}",
        chain(&error)
    );

    let (certificate, key) = Ca::new("clients").leaf().pem();
    let tls = TlsSettings::new().client_cert([&certificate[..], BROKEN].concat(), key);
    let error = tls.build().unwrap_err();
    assert_eq!(error.setting(), Some("client_cert"));
    assert!(
        chain(&error).contains("certificate 2 of 2"),
        "{}",
        chain(&error)
    );
}

#[tokio::test]
async fn a_fingerprint_as_openssl_prints_it() {
    let ca = Ca::new("genuine");
    let server = TlsServer::builder(ca.leaf().with([ca.der()])).start().await;
    for label in ["SHA256 Fingerprint=", "sha256 Fingerprint=", "sha256:"] {
        accepted(
            &server,
            crate::tls::pin(format!("{label}{}", ca.fingerprint())),
        )
        .await;
    }
}
