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

/// Certificates or a key in PEM or DER: a file that is read when the settings are built,
/// or the content itself.
///
/// It can be created from
/// - `&str`, `String` and `&String`: the content itself if it begins with `-----BEGIN`
///   (after whitespace and a byte order mark), otherwise a path;
/// - `&Path`, `PathBuf` and `&PathBuf`: a path;
/// - `Bytes`, `Vec<u8>`, `&[u8]` and `&[u8; N]`: the content itself.
///
/// Neither `Debug` nor an error shows the content, or a path that looks like part of a
/// key.
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
    /// Creates a reference to a file, which is read when the settings are built.
    ///
    /// ```
    /// use es_transport::connect::{Pem, TlsSettings};
    ///
    /// let tls = TlsSettings::new().ca_certs(Pem::file("/run/secrets/ca"));
    /// ```
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// Creates a value from the content itself.
    ///
    /// ```
    /// use es_transport::connect::{Pem, TlsSettings};
    ///
    /// # const CA: &[u8] = b"-----BEGIN CERTIFICATE-----";
    /// let tls = TlsSettings::new().ca_certs(Pem::bytes(CA));
    /// ```
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
        let text = if is_der(&content) {
            &content
        } else {
            without_bom(&content)
        };
        if text.is_empty() {
            return Err(Error::config(setting, format!("{self} is empty")));
        }
        Ok(content.slice_ref(text))
    }

    /// Returns all certificates, at least one. One that cannot be read is an error that
    /// names its number.
    pub(super) fn certificates(
        &self,
        setting: &'static str,
    ) -> Result<Vec<CertificateDer<'static>>> {
        self.each_certificate(setting)?.into_iter().collect()
    }

    /// Returns all certificates, at least one, of which some may be unreadable.
    pub(super) fn each_certificate(
        &self,
        setting: &'static str,
    ) -> Result<Vec<Result<CertificateDer<'static>>>> {
        let content = self.read(setting)?;
        if is_der(&content) {
            return Ok(vec![Ok(CertificateDer::from(content.to_vec()))]);
        }
        let sections = certificate_sections(&content);
        if sections.is_empty() {
            let message = format!("{self} has no certificate in PEM or DER");
            return Err(Error::config(setting, message));
        }
        let count = sections.len();
        let numbered = sections.into_iter().enumerate();
        let read = numbered.map(|(at, section)| {
            let name = match count {
                1 => self.to_string(),
                _ => format!("certificate {} of {count} in {self}", at + 1),
            };
            CertificateDer::from_pem_slice(&section)
                .map(|der| first_element(&der).into())
                .map_err(|error| not_pem(setting, &name, &section, &error))
        });
        Ok(read.collect())
    }

    /// Returns the first private key.
    pub(super) fn private_key(&self, setting: &'static str) -> Result<PrivateKeyDer<'static>> {
        let content = self.read(setting)?;
        if is_der(&content) {
            let der = Zeroizing::new(content.to_vec());
            let key = PrivateKeyDer::try_from(der.as_slice()).map(|key| key.clone_key());
            return key.map_err(|_| {
                Error::config(setting, format!("{self} is not a private key in DER"))
            });
        }
        PrivateKeyDer::from_pem_slice(&content).map_err(|error| match error {
            pem::Error::NoItemsFound => Error::config(
                setting,
                format!("{self} has no private key in PEM, or an encrypted one"),
            ),
            error => not_pem(setting, &self.to_string(), &content, &error),
        })
    }
}

/// Says in our own words why a text is not PEM. The parser's error shows the line that it
/// failed at, which may be a part of a key: it is not kept as a source.
fn not_pem(setting: &'static str, name: &str, content: &[u8], error: &pem::Error) -> Error {
    let reason = match error {
        _ if !content.contains(&b'\n') => "its line feeds are lost",
        pem::Error::MissingSectionEnd { .. } => "a section has no `-----END` line",
        pem::Error::IllegalSectionStart { .. } => "a `-----BEGIN` line is incomplete",
        pem::Error::Base64Decode(_) => "a section is not base64",
        pem::Error::SectionTooLarge => "a section is too large",
        _ => "it cannot be read",
    };
    Error::config(setting, format!("{name} is not PEM: {reason}"))
}

/// Whether this is DER: a sequence whose length takes more than one byte.
fn is_der(content: &[u8]) -> bool {
    matches!(content, [0x30, 0x81..=0x84, ..])
}

/// Cuts a text into its certificates, so that one that is broken hides no other. The labels
/// that OpenSSL writes besides the usual one become it.
fn certificate_sections(text: &[u8]) -> Vec<Vec<u8>> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let begins = text.windows(BEGIN.len()).enumerate();
    let begins: Vec<_> = begins
        .filter(|(_, at)| *at == BEGIN)
        .map(|(at, _)| at)
        .collect();
    let ends = begins.iter().skip(1).copied().chain([text.len()]);
    let sections = begins.iter().copied().zip(ends);
    sections
        .filter_map(|(begin, end)| certificate_section(text.get(begin..end)?))
        .collect()
}

fn certificate_section(section: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(section);
    let label = text.strip_prefix("-----BEGIN ")?;
    let label = ["TRUSTED CERTIFICATE", "X509 CERTIFICATE", "CERTIFICATE"]
        .into_iter()
        .find(|known| {
            label
                .strip_prefix(known)
                .is_some_and(|rest| rest.starts_with("-----"))
        })?;
    Some(text.replace(label, "CERTIFICATE").into_bytes())
}

/// Returns the first element of a DER text: OpenSSL puts what it trusts a certificate for
/// behind it.
fn first_element(der: &[u8]) -> Vec<u8> {
    let length = match der {
        [0x30, 0x82, high, low, ..] => 4 + usize::from(*high) * 256 + usize::from(*low),
        [0x30, 0x81, length, ..] => 3 + usize::from(*length),
        _ => der.len(),
    };
    der.get(..length).unwrap_or(der).to_vec()
}

/// Whether a text is PEM rather than a path to it.
fn is_pem(text: &[u8]) -> bool {
    without_bom(text).starts_with(b"-----BEGIN")
}

/// Leaves out white space around a text and a byte order mark before it.
fn without_bom(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    text.strip_prefix("\u{feff}".as_bytes())
        .unwrap_or(text)
        .trim_ascii()
}

/// Whether a path may be shown: one that is a key by mistake may not.
fn is_showable(path: &str) -> bool {
    // A key without its first and last line, as it is kept in variables.
    let is_base64 = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_'))
    };
    let is_key = path.contains("-----") || path.contains("PRIVATE KEY");
    let may_be_key =
        is_key || path.contains(char::is_control) || (path.len() > 60 && is_base64(path));
    !may_be_key
}

impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::File(path) => {
                let path = path.to_string_lossy();
                f.write_str(if is_showable(&path) {
                    &path
                } else {
                    "the given path"
                })
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
