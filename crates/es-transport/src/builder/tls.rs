//! TLS: the settings of [`TlsSettings`], by the same names.

use std::sync::Arc;

use rustls::ClientConfig;

use super::TransportBuilder;
use crate::connect::{MinTlsVersion, Pem, TlsSettings, TrustRoots};

/// TLS.
impl<T> TransportBuilder<T> {
    /// Sets the CA certificates to trust, in place of the default roots: a file in PEM or
    /// DER, or its content. Elasticsearch makes one at its first start:
    /// `certs/http_ca.crt`. If it is called several times, all of them are trusted.
    pub fn ca_certs(self, pem: impl Into<Pem>) -> Self {
        self.tls(|tls| tls.ca_certs(pem))
    }

    /// Sets the SHA-256 fingerprint of the server's certificate, or of a CA
    /// certificate that it presents, as Elasticsearch prints it at its first
    /// start. Case and colons do not matter. See [`TlsSettings::ssl_assert_fingerprint`].
    pub fn ssl_assert_fingerprint(self, fingerprint: impl AsRef<str>) -> Self {
        self.tls(|tls| tls.ssl_assert_fingerprint(fingerprint))
    }

    /// Sets whether servers are verified. If `false`, anybody on the way can read the
    /// password. Default: `true`.
    pub fn verify_certs(self, verify: bool) -> Self {
        self.tls(|tls| tls.verify_certs(verify))
    }

    /// Sets whether the server's certificate must have been issued for its name. Default:
    /// `true`.
    pub fn ssl_assert_hostname(self, assert: bool) -> Self {
        self.tls(|tls| tls.assert_hostname(assert))
    }

    /// Sets the client's certificate and key, in PEM or DER.
    pub fn client_cert(self, certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        self.tls(|tls| tls.client_cert(certificate, key))
    }

    /// Sets the roots to trust if no CA and no fingerprint is given. Default: Mozilla's.
    pub fn trust_roots(self, roots: TrustRoots) -> Self {
        self.tls(|tls| tls.trust_roots(roots))
    }

    /// Sets the oldest version of TLS to speak. Default: 1.2.
    pub fn min_tls_version(self, version: MinTlsVersion) -> Self {
        self.tls(|tls| tls.min_tls_version(version))
    }

    /// Sets a configuration of rustls as it is, in place of all other TLS settings but the
    /// fingerprint, which replaces its verifier. See [`TlsSettings::rustls_config`].
    pub fn rustls_config(self, config: impl Into<Arc<ClientConfig>>) -> Self {
        self.tls(|tls| tls.rustls_config(config))
    }

    fn tls(self, change: impl FnOnce(TlsSettings) -> TlsSettings) -> Self {
        self.set(|settings| {
            let tls = settings.connector.tls_settings().clone();
            settings.connector = settings.connector.clone().tls(change(tls));
        })
    }
}
