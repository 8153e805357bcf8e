//! Verifiers of server certificates for settings that rustls does not support itself.

use std::{fmt, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, Error as TlsError, OtherError, RootCertStore,
    SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::{fingerprint::Fingerprint, roots::GivenRoots, validity};

/// Whom a [`Verifier`] trusts.
#[derive(Debug)]
pub(super) enum Trust {
    /// Certificates under these roots.
    Roots(RootCertStore),
    /// The same, and these certificates themselves.
    Given(GivenRoots),
    /// A certificate with this digest: as the server's own it is accepted as it
    /// stands, as another presented one it is the only trust anchor.
    Pin(Fingerprint),
    /// Anybody.
    Anybody,
}

/// A verifier of a server by the [`Fingerprint`] of its certificate, or of a CA
/// certificate that it presents, for use in your own [`rustls::ClientConfig`].
///
/// If it is the digest of the server's own certificate, that certificate is accepted. If it
/// is the digest of another certificate that the server presents, that certificate becomes
/// the only trust anchor, and the path is validated. The server must always prove possession
/// of the private key.
///
/// ```
/// use std::sync::Arc;
/// use es_transport::connect::{Fingerprint, FingerprintVerifier};
/// use rustls::{ClientConfig, crypto::CryptoProvider};
///
/// # let provider = Arc::new(rustls::crypto::ring::default_provider());
/// let pin = Fingerprint::parse("a52dd93511e8c6045e21f16654b77c9ee0f34aea26d9f40320b531c474676228")?;
/// let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
///     .with_safe_default_protocol_versions()?
///     .dangerous()
///     .with_custom_certificate_verifier(Arc::new(FingerprintVerifier::new(pin, &provider)))
///     .with_no_client_auth();
/// # let _ = config;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FingerprintVerifier(Verifier);

impl FingerprintVerifier {
    /// Creates a verifier with the signature algorithms of a crypto provider.
    ///
    /// ```
    /// use es_transport::connect::{Fingerprint, FingerprintVerifier};
    /// use rustls::{client::danger::ServerCertVerifier, pki_types::{ServerName, UnixTime}};
    /// # let provider = rustls::crypto::ring::default_provider();
    ///
    /// let certificate = rcgen::generate_simple_self_signed(["es01".to_owned()])?.cert;
    /// let verifier = FingerprintVerifier::new(Fingerprint::of(certificate.der()), &provider);
    /// // It is the server's own certificate: its name does not matter.
    /// let name = ServerName::try_from("localhost")?;
    /// let now = UnixTime::now();
    /// let verify = |presented| verifier.verify_server_cert(presented, &[], &name, &[], now);
    /// assert!(verify(certificate.der()).is_ok());
    ///
    /// let other = rcgen::generate_simple_self_signed(["localhost".to_owned()])?.cert;
    /// assert!(verify(other.der()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(fingerprint: Fingerprint, provider: &CryptoProvider) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self(Verifier::new(Trust::Pin(fingerprint), true, algorithms))
    }

    /// Sets whether the server's certificate must be valid for its host name if a CA
    /// certificate is pinned. Default: `true`.
    #[must_use]
    pub fn assert_hostname(mut self, assert: bool) -> Self {
        self.0.check_name = assert;
        self
    }
}

impl ServerCertVerifier for FingerprintVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        self.0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Decides about the certificates a server presents. That the server holds the
/// key of its certificate is always verified, by the provider's algorithms.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
    check_name: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub fn new(trust: Trust, check_name: bool, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self {
            trust,
            check_name,
            algorithms,
        }
    }

    /// Accepts a certificate that was given itself, within its dates: path validation
    /// refuses one that is a CA's as a server's own.
    fn verify_given(
        &self,
        leaf: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), TlsError> {
        validity::check(leaf, now, &self.algorithms)?;
        let leaf = ParsedCertificate::try_from(leaf)?;
        if self.check_name {
            verify_server_name(&leaf, name)
        } else {
            Ok(())
        }
    }

    /// Real path validation: signatures, dates and constraints up to an anchor.
    fn verify_path(
        &self,
        roots: &RootCertStore,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), TlsError> {
        let leaf = ParsedCertificate::try_from(leaf)?;
        let algorithms = self.algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&leaf, roots, intermediates, now, algorithms)?;
        if self.check_name {
            verify_server_name(&leaf, name)
        } else {
            Ok(())
        }
    }

    fn verify_pin(
        &self,
        pin: Fingerprint,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), TlsError> {
        if Fingerprint::of(leaf) == pin {
            return Ok(());
        }
        // That it is among the presented ones proves nothing: it is public.
        let Some(anchor) = others.iter().find(|other| Fingerprint::of(other) == pin) else {
            let presented = std::iter::once(leaf)
                .chain(others)
                .map(|der| Fingerprint::of(der));
            return Err(PinError::NoMatch(presented.collect()).into());
        };
        validity::check(anchor, now, &self.algorithms)
            .map_err(|error| PinError::Dates(error.to_string().into()))?;
        let mut only = RootCertStore::empty();
        only.add(anchor.clone().into_owned())?;
        self.verify_path(&only, leaf, others, name, now)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        match &self.trust {
            Trust::Roots(roots) => {
                self.verify_path(roots, end_entity, intermediates, server_name, now)?;
            }
            Trust::Given(roots) if roots.fingerprints.contains(&Fingerprint::of(end_entity)) => {
                self.verify_given(end_entity, server_name, now)?;
            }
            Trust::Given(roots) => {
                self.verify_path(&roots.store, end_entity, intermediates, server_name, now)?;
            }
            Trust::Pin(pin) => {
                self.verify_pin(*pin, end_entity, intermediates, server_name, now)?;
            }
            Trust::Anybody => {}
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Why a pin did not accept a server.
#[derive(Clone, Debug)]
pub(super) enum PinError {
    /// No presented certificate has the digest; theirs, the server's own first.
    NoMatch(Arc<[Fingerprint]>),
    /// The pinned certificate is out of its dates; rustls' words.
    Dates(Arc<str>),
}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMatch(presented) => {
                f.write_str("no certificate that the server presents has the fingerprint of `ssl_assert_fingerprint`; presented: ")?;
                for (at, fingerprint) in presented.iter().enumerate() {
                    let separator = if at == 0 { "" } else { ", " };
                    write!(f, "{separator}{fingerprint}")?;
                }
                if presented.len() == 1 {
                    f.write_str(" (a server that sends only its own certificate cannot be pinned by its CA's: pin this one, or use `ca_certs`)")?;
                }
                Ok(())
            }
            Self::Dates(words) => write!(f, "the pinned certificate cannot be used: {words}"),
        }
    }
}

impl std::error::Error for PinError {}

impl From<PinError> for TlsError {
    fn from(error: PinError) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
    }
}
