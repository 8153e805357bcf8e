//! Certificates and keys in PEM, from files or memory.

use std::{
    borrow::Cow,
    fmt,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject};
use zeroize::Zeroizing;

use crate::{
    credentials::wiped,
    error::{Error, Result},
};

/// PEM text: a file that is read when the settings are built, or the text itself.
///
/// It is made from
/// - `&str`, `String` and `&String`: the text itself if it begins with
///   `-----BEGIN` (after white space and a byte order mark), otherwise a path;
/// - `&Path`, `PathBuf` and `&PathBuf`: a path;
/// - `Bytes`, `Vec<u8>`, `&[u8]` and `&[u8; N]`: the text itself.
///
/// Neither `Debug` nor an error ever shows the text, nor a path that looks as if
/// it were a part of a key.
///
/// ```
/// use es_transport::connect::Pem;
///
/// assert_eq!(format!("{:?}", Pem::from("certs/http_ca.crt")), "Pem(certs/http_ca.crt)");
///
/// let text = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG…";
/// assert_eq!(format!("{:?}", Pem::from(text)), "Pem(the given text)");
/// ```
#[derive(Clone)]
pub struct Pem(Source);

#[derive(Clone)]
enum Source {
    File(PathBuf),
    Memory(Bytes),
}

impl Pem {
    /// Takes a file, which is read when the settings are built.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// Takes the text itself.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self(Source::Memory(bytes.into()))
    }

    fn text_or_path(text: Cow<'_, str>) -> Self {
        if is_pem(text.as_bytes()) {
            let text = Zeroizing::new(text.into_owned().into_bytes());
            Self::bytes(wiped(text))
        } else {
            Self::file(text.into_owned())
        }
    }

    /// Reads the text. It may be a key, so that the copy of a file is wiped.
    fn read(&self, setting: &'static str) -> Result<Bytes> {
        let content = match &self.0 {
            Source::Memory(bytes) => bytes.clone(),
            Source::File(path) => {
                let content = std::fs::read(path).map_err(|error| {
                    Error::config(setting, format!("cannot read {self}")).with_source(error)
                })?;
                wiped(Zeroizing::new(content))
            }
        };
        let text = without_bom(&content);
        if text.is_empty() {
            return Err(Error::config(setting, format!("{self} is empty")));
        }
        Ok(content.slice_ref(text))
    }

    /// Returns all certificates, at least one.
    pub(super) fn certificates(
        &self,
        setting: &'static str,
    ) -> Result<Vec<CertificateDer<'static>>> {
        let content = self.read(setting)?;
        let certificates = CertificateDer::pem_slice_iter(&content)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| self.not_pem(setting, &content, &error))?;
        if certificates.is_empty() {
            return Err(Error::config(setting, format!("{self} has no certificate in PEM")));
        }
        Ok(certificates)
    }

    /// Returns the first private key.
    pub(super) fn private_key(&self, setting: &'static str) -> Result<PrivateKeyDer<'static>> {
        let content = self.read(setting)?;
        PrivateKeyDer::from_pem_slice(&content).map_err(|error| match error {
            pem::Error::NoItemsFound => Error::config(
                setting,
                format!("{self} has no private key in PEM, or an encrypted one"),
            ),
            error => self.not_pem(setting, &content, &error),
        })
    }

    /// Says in our own words why the text is not PEM. The parser's error shows the
    /// line that it failed at, which may be a part of a key: it is not kept as a source.
    fn not_pem(&self, setting: &'static str, content: &[u8], error: &pem::Error) -> Error {
        let reason = match error {
            _ if !content.contains(&b'\n') => "its line feeds are lost",
            pem::Error::MissingSectionEnd { .. } => "a section has no `-----END` line",
            pem::Error::IllegalSectionStart { .. } => "a `-----BEGIN` line is incomplete",
            pem::Error::Base64Decode(_) => "a section is not base64",
            pem::Error::SectionTooLarge => "a section is too large",
            _ => "it cannot be read",
        };
        Error::config(setting, format!("{self} is not PEM: {reason}"))
    }
}

/// Whether a text is PEM rather than a path to it.
fn is_pem(text: &[u8]) -> bool {
    without_bom(text).starts_with(b"-----BEGIN")
}

/// Leaves out white space around a text and a byte order mark before it.
fn without_bom(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text).trim_ascii()
}

/// Whether a path may be shown: one that is a key by mistake may not.
fn is_showable(path: &str) -> bool {
    // A key without its first and last line, as it is kept in variables.
    let is_base64 = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_'))
    };
    let is_key = path.contains("-----") || path.contains("PRIVATE KEY");
    !is_key && !path.contains(char::is_control) && !(path.len() > 60 && is_base64(path))
}

impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::File(path) => {
                let path = path.to_string_lossy();
                f.write_str(if is_showable(&path) { &path } else { "the given path" })
            }
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
    fn from(text_or_path: &str) -> Self {
        Self::text_or_path(text_or_path.into())
    }
}

impl From<String> for Pem {
    /// A text is wiped with the last copy of the settings.
    fn from(text_or_path: String) -> Self {
        Self::text_or_path(text_or_path.into())
    }
}

impl From<&String> for Pem {
    fn from(text_or_path: &String) -> Self {
        Self::text_or_path(text_or_path.into())
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

impl From<&PathBuf> for Pem {
    fn from(path: &PathBuf) -> Self {
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

impl From<&[u8]> for Pem {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl<const N: usize> From<&[u8; N]> for Pem {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.to_vec().into()
    }
}
