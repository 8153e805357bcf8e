//! Certificates and keys in PEM, from files or memory.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use zeroize::Zeroizing;

use crate::{
    credentials::wiped,
    error::{Error, Result},
};

/// PEM text: a file that is read when the settings are built, or bytes.
///
/// A path is made from `&str`, `String`, `&Path` and `PathBuf`; the content
/// itself from `Bytes`, `Vec<u8>` and `&'static [u8]`.
#[derive(Clone)]
pub struct Pem(Source);

#[derive(Clone)]
enum Source {
    File(PathBuf),
    Memory(Bytes),
}

impl Pem {
    /// A file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// The text itself.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self(Source::Memory(bytes.into()))
    }

    /// A file may be a key, which is wiped after it was read.
    fn read(&self, setting: &'static str) -> Result<Bytes> {
        let content = match &self.0 {
            Source::Memory(bytes) => bytes.clone(),
            Source::File(path) => wiped(Zeroizing::new(std::fs::read(path).map_err(|error| {
                Error::config(setting, format!("cannot read {self}")).with_source(error)
            })?)),
        };
        if content.trim_ascii().is_empty() {
            return Err(Error::config(setting, format!("{self} is empty")));
        }
        Ok(content)
    }

    /// All certificates, at least one.
    pub(super) fn certificates(
        &self,
        setting: &'static str,
    ) -> Result<Vec<CertificateDer<'static>>> {
        let content = self.read(setting)?;
        let certificates =
            CertificateDer::pem_slice_iter(&content).collect::<Result<Vec<_>, _>>().map_err(
                |error| Error::config(setting, format!("{self} is not PEM")).with_source(error),
            )?;
        if certificates.is_empty() {
            return Err(Error::config(setting, format!("{self} has no certificate in PEM")));
        }
        Ok(certificates)
    }

    /// The first private key.
    pub(super) fn private_key(&self, setting: &'static str) -> Result<PrivateKeyDer<'static>> {
        // The error is not kept as a source: it could show a part of the key.
        PrivateKeyDer::from_pem_slice(&self.read(setting)?).map_err(|_| {
            Error::config(setting, format!("{self} has no private key in PEM, or an encrypted one"))
        })
    }
}

impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::File(path) => write!(f, "{}", path.display()),
            Source::Memory(_) => f.write_str("the given text"),
        }
    }
}

impl fmt::Debug for Pem {
    /// Shows a path, and never the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pem({self})")
    }
}

impl From<&str> for Pem {
    fn from(path: &str) -> Self {
        Self::file(path)
    }
}

impl From<String> for Pem {
    fn from(path: String) -> Self {
        Self::file(path)
    }
}

impl From<&Path> for Pem {
    fn from(path: &Path) -> Self {
        Self::file(path)
    }
}

impl From<PathBuf> for Pem {
    fn from(path: PathBuf) -> Self {
        Self::file(path)
    }
}

impl From<Bytes> for Pem {
    fn from(bytes: Bytes) -> Self {
        Self::bytes(bytes)
    }
}

impl From<Vec<u8>> for Pem {
    /// The text is wiped with the last copy of the settings.
    fn from(bytes: Vec<u8>) -> Self {
        Self::bytes(wiped(Zeroizing::new(bytes)))
    }
}

impl From<&'static [u8]> for Pem {
    fn from(bytes: &'static [u8]) -> Self {
        Self::bytes(bytes)
    }
}
