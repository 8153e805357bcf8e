//! Whom to trust, and who we are: the settings of [`TlsSettings`], by the same names.

use super::TransportBuilder;
use crate::connect::{MinTlsVersion, Pem, TlsSettings, TrustRoots};

/// TLS.
impl<T> TransportBuilder<T> {
    /// The CA certificates to trust, in place of the default roots: a file in
    /// PEM, or its text. Elasticsearch makes one at its first start:
    /// `certs/http_ca.crt`. Called several times, all of them are trusted.
    pub fn ca_certs(self, pem: impl Into<Pem>) -> Self {
        self.tls(|tls| tls.ca_certs(pem))
    }

    /// The SHA-256 fingerprint of the server's certificate, or of a CA
    /// certificate that it presents, as Elasticsearch prints it at its first
    /// start. Case and colons do not matter. See [`TlsSettings::ssl_assert_fingerprint`].
    pub fn ssl_assert_fingerprint(self, fingerprint: impl AsRef<str>) -> Self {
        self.tls(|tls| tls.ssl_assert_fingerprint(fingerprint))
    }

    /// `false` accepts any server; anybody on the way can then read the password.
    /// Default `true`.
    pub fn verify_certs(self, verify: bool) -> Self {
        self.tls(|tls| tls.verify_certs(verify))
    }

    /// `false` accepts a trusted certificate that was issued for another name.
    /// Default `true`.
    pub fn ssl_assert_hostname(self, assert: bool) -> Self {
        self.tls(|tls| tls.assert_hostname(assert))
    }

    /// The client's certificate and key, in PEM.
    pub fn client_cert(self, certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        self.tls(|tls| tls.client_cert(certificate, key))
    }

    /// The roots to trust where no CA and no fingerprint is given. Default: Mozilla's.
    pub fn trust_roots(self, roots: TrustRoots) -> Self {
        self.tls(|tls| tls.trust_roots(roots))
    }

    /// The oldest version of TLS to speak. Default 1.2.
    pub fn min_tls_version(self, version: MinTlsVersion) -> Self {
        self.tls(|tls| tls.min_tls_version(version))
    }

    fn tls(self, change: impl FnOnce(TlsSettings) -> TlsSettings) -> Self {
        self.set(|settings| settings.tls = change(std::mem::take(&mut settings.tls)))
    }
}
