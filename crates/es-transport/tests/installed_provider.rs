//! The crypto provider that the process installed is used, whatever the features say. It is
//! installed for a whole process, so that this test has one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use es_transport::connect::TlsSettings;
use rustls::{CipherSuite, crypto::ring};

#[test]
fn installed_provider_is_used() {
    let mut provider = ring::default_provider();
    provider
        .cipher_suites
        .retain(|suite| suite.suite() == CipherSuite::TLS13_CHACHA20_POLY1305_SHA256);

    let suites = || {
        let config = TlsSettings::new().build().unwrap();
        config.crypto_provider().cipher_suites.len()
    };
    assert!(suites() > 1, "the provider of the features");
    provider.install_default().unwrap();
    assert_eq!(suites(), 1);
}
