//! Root certificates: configured CAs, Mozilla's, or the operating system's.

use rustls::{
    RootCertStore,
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, UnixTime},
};

use super::{Fingerprint, pem::Pem, validity};
use crate::error::{Error, Result};

/// The root certificates that are trusted if neither a CA nor a fingerprint is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustRoots {
    /// Mozilla's root certificates, built in.
    #[default]
    Mozilla,
    /// The operating system's certificate store.
    #[cfg(feature = "native-roots")]
    System,
    /// The operating system's verifier, which also applies revocations, administrators'
    /// policies and distrust lists.
    #[cfg(feature = "platform-verifier")]
    Platform,
}

impl TrustRoots {
    pub(super) fn load(self) -> Result<RootCertStore> {
        match self {
            Self::Mozilla => Ok(RootCertStore {
                roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            }),
            #[cfg(feature = "native-roots")]
            Self::System => system(),
            #[cfg(feature = "platform-verifier")]
            Self::Platform => Ok(RootCertStore::empty()),
        }
    }
}

#[cfg(feature = "native-roots")]
fn system() -> Result<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A store holds odd certificates now and then; they are left out.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let error = Error::config(
            "trust_roots",
            "the system's store has no usable certificate",
        );
        return Err(match found.errors.into_iter().next() {
            Some(source) => error.with_source(source),
            None => error,
        });
    }
    Ok(roots)
}

const CA_CERTS: &str = "ca_certs";

/// The certificates of `ca_certs`.
#[derive(Debug)]
pub(super) struct GivenRoots {
    pub store: RootCertStore,
    /// A server may present one of them as its own: it is then trusted as it stands.
    pub fingerprints: Vec<Fingerprint>,
}

/// Reads the given certificates. Those that cannot be read or are out of their dates are
/// left out, as long as each source has one that can be used.
pub(super) fn given(
    sources: &[Pem],
    now: UnixTime,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<GivenRoots> {
    let mut roots = GivenRoots {
        store: RootCertStore::empty(),
        fingerprints: Vec::new(),
    };
    for source in sources {
        let certificates = source.each_certificate(CA_CERTS)?;
        let count = certificates.len();
        let mut problem = None;
        let before = roots.store.len();
        for (at, certificate) in certificates.into_iter().enumerate() {
            let name = match count {
                1 => source.to_string(),
                _ => format!("certificate {} of {count} in {source}", at + 1),
            };
            let added = certificate.and_then(|der| roots.add(der, &name, now, algorithms));
            if let Err(error) = added {
                tracing::warn!(%error, "a CA certificate is left out");
                problem.get_or_insert(error);
            }
        }
        if let Some(error) = problem.filter(|_| roots.store.len() == before) {
            return Err(error);
        }
    }
    Ok(roots)
}

impl GivenRoots {
    fn add(
        &mut self,
        certificate: CertificateDer<'static>,
        name: &str,
        now: UnixTime,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<()> {
        if let Err(error) = validity::check(&certificate, now, algorithms)
            && validity::is_about_dates(&error)
        {
            let message = format!("{name} is not within its dates");
            return Err(Error::config(CA_CERTS, message).with_source(error));
        }
        let fingerprint = Fingerprint::of(&certificate);
        self.store.add(certificate).map_err(|error| {
            Error::config(CA_CERTS, format!("{name} cannot be read")).with_source(error)
        })?;
        self.fingerprints.push(fingerprint);
        Ok(())
    }
}
