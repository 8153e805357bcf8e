//! TLS settings.

use std::sync::Arc;

use rustls::{
    ClientConfig, ConfigBuilder, SupportedProtocolVersion, WantsVerifier,
    client::{Resumption, WantsClientCert},
    crypto::CryptoProvider,
    pki_types::UnixTime,
    version::{TLS12, TLS13},
};

use super::{
    fingerprint::Fingerprint,
    pem::Pem,
    roots::{self, TrustRoots},
    verifier::{FingerprintVerifier, Trust, Verifier},
};
use crate::error::{Error, Result};

/// TLS settings: the certificates to trust, and the client's own certificate.
///
/// By default, Mozilla's root certificates are trusted, the server's name is checked, and
/// the protocol is TLS 1.2 or 1.3.
///
/// Cryptography is provided by the provider that the process installed
/// ([`CryptoProvider::install_default`]), and otherwise by that of the enabled feature:
/// `aws-lc-rs` if it is enabled, or else `ring` (default).
///
/// ```
/// use es_transport::connect::TlsSettings;
///
/// # fn main() -> es_transport::Result<()> {
/// let pinned = TlsSettings::new()
///     .ssl_assert_fingerprint("a52dd93511e8c6045e21f16654b77c9ee0f34aea26d9f40320b531c474676228");
/// let config = pinned.build()?;
///
/// let missing = TlsSettings::new().ca_certs("no/such/http_ca.crt").build().unwrap_err();
/// assert_eq!(missing.setting(), Some("ca_certs"));
/// # let _ = config;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until they are built"]
pub struct TlsSettings {
    ca_certs: Vec<Pem>,
    trust_roots: TrustRoots,
    fingerprint: Option<Box<str>>,
    client_cert: Option<(Pem, Pem)>,
    verify_certs: bool,
    assert_hostname: bool,
    min_tls_version: MinTlsVersion,
    config: Option<Arc<ClientConfig>>,
}

/// The minimum version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MinTlsVersion {
    /// TLS 1.2. Older versions are not supported.
    #[default]
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl TlsSettings {
    /// Creates the default settings.
    pub fn new() -> Self {
        Self {
            ca_certs: Vec::new(),
            trust_roots: TrustRoots::default(),
            fingerprint: None,
            client_cert: None,
            verify_certs: true,
            assert_hostname: true,
            min_tls_version: MinTlsVersion::default(),
            config: None,
        }
    }

    /// Sets a rustls configuration, instead of all other settings except
    /// [`ssl_assert_fingerprint`](Self::ssl_assert_fingerprint) and
    /// [`assert_hostname`](Self::assert_hostname). A fingerprint replaces the verifier of
    /// the configuration. Its ALPN protocols are always replaced.
    pub fn rustls_config(mut self, config: impl Into<Arc<ClientConfig>>) -> Self {
        self.config = Some(config.into());
        self
    }

    /// Sets the CA certificates to trust, instead of the default roots. Further calls add
    /// certificates.
    ///
    /// ```no_run
    /// use es_transport::connect::TlsSettings;
    ///
    /// let config = TlsSettings::new()
    ///     .ca_certs("/etc/elasticsearch/certs/http_ca.crt")
    ///     .client_cert("/etc/client/client.crt", "/etc/client/client.key")
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn ca_certs(mut self, pem: impl Into<Pem>) -> Self {
        self.ca_certs.push(pem.into());
        self
    }

    /// Sets the root certificates to trust if neither a CA nor a fingerprint is set.
    /// Default: Mozilla's.
    pub fn trust_roots(mut self, roots: TrustRoots) -> Self {
        self.trust_roots = roots;
        self
    }

    /// Sets the SHA-256 digest of a certificate to trust: 64 hexadecimal digits. Case, colons,
    /// dashes and spaces are ignored.
    ///
    /// If it is the digest of the server's own certificate, that certificate is accepted
    /// regardless of its name and validity period. If it is the digest of another certificate
    /// that the server presents (such as the CA's, whose fingerprint Elasticsearch prints at its
    /// first start), that certificate becomes the only trust anchor: the server's certificate
    /// must be issued under it, be within its validity period and have the right name (see
    /// [`TlsSettings::assert_hostname`]).
    pub fn ssl_assert_fingerprint(mut self, fingerprint: impl AsRef<str>) -> Self {
        self.fingerprint = Some(fingerprint.as_ref().into());
        self
    }

    /// Sets the client's certificate (followed by intermediate certificates) and private key,
    /// for mutual TLS.
    pub fn client_cert(mut self, certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        self.client_cert = Some((certificate.into(), key.into()));
        self
    }

    /// Sets whether servers are verified. If `false`, any server is accepted, and an attacker
    /// between client and server can read and change all traffic, including the credentials.
    /// Default: `true`.
    pub fn verify_certs(mut self, verify: bool) -> Self {
        self.verify_certs = verify;
        self
    }

    /// Sets whether the certificate must be valid for the host name of the node. Default:
    /// `true`.
    pub fn assert_hostname(mut self, assert: bool) -> Self {
        self.assert_hostname = assert;
        self
    }

    /// Sets the minimum version of TLS. Default: 1.2.
    ///
    /// ```
    /// use es_transport::connect::{MinTlsVersion, TlsSettings};
    ///
    /// let config = TlsSettings::new().min_tls_version(MinTlsVersion::Tls13).build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn min_tls_version(mut self, version: MinTlsVersion) -> Self {
        self.min_tls_version = version;
        self
    }

    /// Whether a fingerprint is set. It has no effect on http nodes.
    pub fn has_fingerprint(&self) -> bool {
        self.fingerprint.is_some()
    }

    /// The name of a setting that was given, if any was.
    pub(crate) fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("ssl_assert_fingerprint", self.fingerprint.is_some()),
            ("ssl_assert_hostname", !self.assert_hostname),
            ("rustls_config", self.config.is_some()),
        ];
        let given = given
            .into_iter()
            .find_map(|(setting, given)| given.then_some(setting));
        given.or_else(|| self.first_replaced_by_config())
    }

    /// The name of a setting that was given and would have no effect beside `rustls_config`.
    fn first_replaced_by_config(&self) -> Option<&'static str> {
        let given = [
            ("ca_certs", !self.ca_certs.is_empty()),
            ("client_cert", self.client_cert.is_some()),
            ("verify_certs", !self.verify_certs),
            ("trust_roots", self.trust_roots != TrustRoots::default()),
            (
                "min_tls_version",
                self.min_tls_version != MinTlsVersion::default(),
            ),
        ];
        given
            .into_iter()
            .find_map(|(setting, given)| given.then_some(setting))
    }

    /// Reads the files and checks the settings.
    ///
    /// The configuration contains the cache of TLS sessions, which were verified
    /// against these settings only: do not share that cache with another configuration.
    ///
    /// ```
    /// use es_transport::connect::TlsSettings;
    ///
    /// assert!(TlsSettings::new().build().is_ok());
    ///
    /// let digest = "a52dd93511e8c6045e21f16654b77c9ee0f34aea26d9f40320b531c474676228";
    /// let unverified = TlsSettings::new().verify_certs(false).ssl_assert_fingerprint(digest);
    /// let error = unverified.build().unwrap_err();
    /// assert_eq!(error.setting(), Some("ssl_assert_fingerprint"));
    /// ```
    ///
    /// # Errors
    /// Returns an error that names the setting if a file is missing, is empty, or
    /// contains no certificate, an expired one or one that is not valid yet; if a key
    /// does not match its certificate; if a fingerprint is invalid; or if a CA or a
    /// fingerprint is set together with `verify_certs(false)`.
    pub fn build(&self) -> Result<Arc<ClientConfig>> {
        if let Some(config) = &self.config {
            return self.over_config(config);
        }
        let provider = provider().ok_or_else(|| Error::config("tls", NO_PROVIDER))?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions())
            .map_err(|error| {
                Error::config("min_tls_version", "not supported").with_source(error)
            })?;
        let builder = self.with_trust(builder, &provider)?;
        let mut config = match &self.client_cert {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => with_client_cert(builder, certificate, key)?,
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Puts the fingerprint, if there is one, into a configuration of the caller's.
    fn over_config(&self, config: &Arc<ClientConfig>) -> Result<Arc<ClientConfig>> {
        if let Some(setting) = self.first_replaced_by_config() {
            return Err(Error::config(
                setting,
                "it has no effect beside `rustls_config`",
            ));
        }
        let Some(fingerprint) = &self.fingerprint else {
            return match self.assert_hostname {
                true => Ok(Arc::clone(config)),
                false => Err(Error::config(
                    "ssl_assert_hostname",
                    "it has no effect beside `rustls_config` without a fingerprint",
                )),
            };
        };
        let pin = Fingerprint::parse(fingerprint)?;
        let verifier = FingerprintVerifier::new(pin, config.crypto_provider())
            .assert_hostname(self.assert_hostname);
        let mut config = ClientConfig::clone(config);
        config
            .dangerous()
            .set_certificate_verifier(Arc::new(verifier));
        // What was negotiated under another verifier must not be resumed.
        config.resumption = Resumption::default();
        Ok(Arc::new(config))
    }

    fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        static FROM_12: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        static FROM_13: [&SupportedProtocolVersion; 1] = [&TLS13];
        match self.min_tls_version {
            MinTlsVersion::Tls12 => &FROM_12,
            MinTlsVersion::Tls13 => &FROM_13,
        }
    }

    fn with_trust(
        &self,
        builder: ConfigBuilder<ClientConfig, WantsVerifier>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>> {
        let trust = self.trust(provider)?;
        #[cfg(feature = "platform-verifier")]
        if let (Trust::Roots(_), TrustRoots::Platform) = (&trust, self.trust_roots) {
            return self.with_platform(builder, provider);
        }
        if let (Trust::Roots(roots), true) = (&trust, self.assert_hostname) {
            return Ok(builder.with_root_certificates(roots.clone()));
        }
        let algorithms = provider.signature_verification_algorithms;
        let verifier = Verifier::new(trust, self.assert_hostname, algorithms);
        Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier)))
    }

    #[cfg(feature = "platform-verifier")]
    fn with_platform(
        &self,
        builder: ConfigBuilder<ClientConfig, WantsVerifier>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>> {
        if !self.assert_hostname {
            return Err(Error::config(
                "ssl_assert_hostname",
                "the platform's verifier always checks the name",
            ));
        }
        let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(provider))
            .map_err(|error| Error::config("trust_roots", "not supported").with_source(error))?;
        Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier)))
    }

    fn trust(&self, provider: &CryptoProvider) -> Result<Trust> {
        let pin = self
            .fingerprint
            .as_deref()
            .map(Fingerprint::parse)
            .transpose()?;
        match pin {
            Some(_) if !self.verify_certs => Err(Error::config(
                "ssl_assert_fingerprint",
                "it contradicts `verify_certs(false)`, which would accept any certificate",
            )),
            Some(_) if !self.ca_certs.is_empty() => Err(Error::config(
                "ssl_assert_fingerprint",
                "it contradicts `ca_certs`: either trusts a certificate and no other",
            )),
            Some(pin) => Ok(Trust::Pin(pin)),
            None if !self.verify_certs && !self.ca_certs.is_empty() => Err(Error::config(
                "ca_certs",
                "it contradicts `verify_certs(false)`, which would accept any certificate",
            )),
            None if !self.verify_certs => {
                tracing::warn!(
                    "`verify_certs(false)`: any server is trusted, and so is anybody on the way to it"
                );
                Ok(Trust::Anybody)
            }
            None if self.ca_certs.is_empty() => self.trust_roots.load().map(Trust::Roots),
            None => {
                let algorithms = &provider.signature_verification_algorithms;
                roots::given(&self.ca_certs, UnixTime::now(), algorithms).map(Trust::Given)
            }
        }
    }
}

/// The crypto provider of the process, or that of the features.
fn provider() -> Option<Arc<CryptoProvider>> {
    if let Some(installed) = CryptoProvider::get_default() {
        return Some(Arc::clone(installed));
    }
    #[cfg(feature = "aws-lc-rs")]
    return Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    return Some(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    None
}

/// Whether a crypto provider is there.
pub(super) fn has_provider() -> bool {
    provider().is_some()
}

pub(super) const NO_PROVIDER: &str =
    "no crypto provider: turn on the feature `ring` or `aws-lc-rs`, or install one";

fn with_client_cert(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    certificate: &Pem,
    key: &Pem,
) -> Result<ClientConfig> {
    const SETTING: &str = "client_cert";
    let chain = certificate.certificates(SETTING)?;
    let private = key.private_key(SETTING)?;
    builder
        .with_client_auth_cert(chain, private)
        .map_err(|error| {
            let message = match &error {
                rustls::Error::InconsistentKeys(_) => {
                    format!("the key of {key} does not belong to the certificate of {certificate}")
                }
                _ => format!("{certificate} and {key} cannot be used"),
            };
            // rustls' error about a key is not kept: it may show what it could not read.
            Error::config(SETTING, message)
        })
}
