//! Settings of TLS.

use std::sync::Arc;

use rustls::ClientConfig;

use super::TransportBuilder;
use crate::connect::{MinTlsVersion, Pem, TlsSettings, TrustRoots};

/// TLS.
impl<T> TransportBuilder<T> {
    /// Sets the CA certificates to trust, instead of the default roots: the path of a PEM or
    /// DER file, or its content. Elasticsearch creates such a file at its first start
    /// (`certs/http_ca.crt`). Further calls add certificates.
    ///
    /// ```no_run
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .ca_certs("/etc/elasticsearch/certs/http_ca.crt")
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn ca_certs(self, pem: impl Into<Pem>) -> Self {
        self.tls(|tls| tls.ca_certs(pem))
    }

    /// Sets the SHA-256 fingerprint of the server's certificate, or of a CA
    /// certificate that it presents, as Elasticsearch prints it at its first
    /// start. Case and colons do not matter. See [`TlsSettings::ssl_assert_fingerprint`].
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .ssl_assert_fingerprint("315F5BDB76D078C43B8AC0064E4A0164612B1FCE77C869345BFC94C75894EDD3")
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn ssl_assert_fingerprint(self, fingerprint: impl AsRef<str>) -> Self {
        self.tls(|tls| tls.ssl_assert_fingerprint(fingerprint))
    }

    /// Sets whether the certificates of servers are verified. If `false`, an attacker between
    /// client and server can read and change all traffic, including the credentials. Default:
    /// `true`.
    ///
    /// ```
    /// use es_transport::Transport;
    ///
    /// // For a test cluster: the traffic is encrypted, but any server is accepted.
    /// let builder = || Transport::builder().node("https://localhost:9200").verify_certs(false);
    /// let transport = builder().build()?;
    ///
    /// // A CA would have no effect.
    /// let error = builder().ca_certs("http_ca.crt").build().unwrap_err();
    /// assert_eq!(error.setting(), Some("ca_certs"));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn verify_certs(self, verify: bool) -> Self {
        self.tls(|tls| tls.verify_certs(verify))
    }

    /// Sets whether the certificate must be valid for the host name of the node. Default:
    /// `true`.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .ssl_assert_hostname(false)
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn ssl_assert_hostname(self, assert: bool) -> Self {
        self.tls(|tls| tls.assert_hostname(assert))
    }

    /// Sets the client's certificate and private key in PEM or DER, for mutual TLS.
    ///
    /// ```
    /// use es_transport::Transport;
    ///
    /// let error = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .client_cert("certs/client.crt", "certs/client.key")
    ///     .build()
    ///     .unwrap_err();
    /// // There are no such files here.
    /// assert_eq!(error.setting(), Some("client_cert"));
    /// ```
    pub fn client_cert(self, certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        self.tls(|tls| tls.client_cert(certificate, key))
    }

    /// Sets the root certificates to trust if neither a CA nor a fingerprint is set.
    /// Default: Mozilla's.
    pub fn trust_roots(self, roots: TrustRoots) -> Self {
        self.tls(|tls| tls.trust_roots(roots))
    }

    /// Sets the minimum version of TLS. Default: 1.2.
    ///
    /// ```
    /// use es_transport::{Transport, connect::MinTlsVersion};
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .min_tls_version(MinTlsVersion::Tls13)
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn min_tls_version(self, version: MinTlsVersion) -> Self {
        self.tls(|tls| tls.min_tls_version(version))
    }

    /// Sets a rustls configuration, instead of all other TLS settings. A fingerprint replaces
    /// the verifier of the configuration. See [`TlsSettings::rustls_config`].
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
