//! Whom to trust: given CAs, Mozilla's, or the system's.

use rustls::{
    RootCertStore,
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, UnixTime},
};

use super::{pem::Pem, validity};
use crate::error::{Error, Result};

/// The roots that are trusted where no CA and no fingerprint is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustRoots {
    /// Mozilla's, built in (what Python's `certifi` holds).
    #[default]
    Mozilla,
    /// The operating system's store.
    #[cfg(feature = "native-roots")]
    System,
}

impl TrustRoots {
    pub(super) fn load(self) -> Result<RootCertStore> {
        match self {
            Self::Mozilla => Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }),
            #[cfg(feature = "native-roots")]
            Self::System => system(),
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
        let error = Error::config("trust_roots", "the system's store has no usable certificate");
        return Err(match found.errors.into_iter().next() {
            Some(source) => error.with_source(source),
            None => error,
        });
    }
    Ok(roots)
}

const CA_CERTS: &str = "ca_certs";

/// The given CAs, of which at least one must be within its dates.
pub(super) fn given(
    sources: &[Pem],
    now: UnixTime,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for source in sources {
        let mut outdated = None;
        let before = roots.len();
        for certificate in source.certificates(CA_CERTS)? {
            match validity::check(&certificate, now, algorithms) {
                Err(error) if validity::is_about_dates(&error) => outdated = Some(error),
                _ => add(&mut roots, certificate, source)?,
            }
        }
        match outdated {
            Some(error) if roots.len() == before => {
                return Err(Error::config(
                    CA_CERTS,
                    format!("{source} has no certificate within its dates"),
                )
                .with_source(error));
            }
            Some(error) => tracing::warn!(%source, %error, "a CA certificate is left out"),
            None => {}
        }
    }
    Ok(roots)
}

fn add(
    roots: &mut RootCertStore,
    certificate: CertificateDer<'static>,
    source: &Pem,
) -> Result<()> {
    roots.add(certificate).map_err(|error| {
        Error::config(CA_CERTS, format!("{source} has a certificate that cannot be read"))
            .with_source(error)
    })
}
