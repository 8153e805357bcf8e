//! Crypto providers and configurations of one's own.

use std::sync::Arc;

use es_transport::connect::{Fingerprint, FingerprintVerifier, MinTlsVersion, TlsSettings};
use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider};

use crate::tls::{
    accepted,
    connect_support::{ca::Ca, tls::TlsServer},
    pin, refused,
};

/// The provider `ring`.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A configuration that trusts nobody.
fn distrusting() -> ClientConfig {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}

#[tokio::test]
async fn a_fingerprint_holds_over_an_own_config() {
    let ca = Ca::new("genuine");
    let server = TlsServer::builder(ca.leaf().with([ca.der()])).start().await;
    refused(&server, TlsSettings::new().rustls_config(distrusting())).await;
    accepted(&server, pin(ca.fingerprint()).rustls_config(distrusting())).await;
    server.settled().await;
    server.forget();
    let other = Ca::new("other").fingerprint();
    refused(&server, pin(other).rustls_config(distrusting())).await;
}

#[tokio::test]
async fn the_verifier_can_be_used_alone() {
    let ca = Ca::new("genuine");
    let server = TlsServer::builder(ca.leaf().with([ca.der()])).start().await;
    let pin = Fingerprint::of(&ca.der());
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(FingerprintVerifier::new(pin, &provider())))
        .with_no_client_auth();
    accepted(&server, TlsSettings::new().rustls_config(config)).await;
}

#[test]
fn settings_beside_an_own_config_are_refused() {
    let own = || TlsSettings::new().rustls_config(distrusting());
    for (tls, setting) in [
        (own().ca_certs(Ca::new("ca").pem()), "ca_certs"),
        (own().client_cert("a", "b"), "client_cert"),
        (own().verify_certs(false), "verify_certs"),
        (
            own().min_tls_version(MinTlsVersion::Tls13),
            "min_tls_version",
        ),
        (own().assert_hostname(false), "ssl_assert_hostname"),
    ] {
        assert_eq!(tls.build().unwrap_err().setting(), Some(setting));
    }
}

#[test]
fn building_installs_no_provider() {
    TlsSettings::new().build().unwrap();
    assert!(CryptoProvider::get_default().is_none());
}
