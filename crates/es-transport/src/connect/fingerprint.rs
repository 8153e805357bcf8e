//! SHA-256 digests of certificates.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The SHA-256 digest of a certificate, as Elasticsearch prints it at its first start
/// and as `openssl x509 -fingerprint -sha256` prints it.
///
/// ```
/// use es_transport::connect::Fingerprint;
///
/// let pin = Fingerprint::parse(
///     "A5:2D:D9:35:11:E8:C6:04:5E:21:F1:66:54:B7:7C:9E:E0:F3:4A:EA:26:D9:F4:03:20:B5:31:C4:74:67:62:28",
/// )?;
/// assert_eq!(pin, Fingerprint::parse("a52dd93511e8c6045e21f16654b77c9ee0f34aea26d9f40320b531c474676228")?);
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Fingerprint([u8; 32]);

const SETTING: &str = "ssl_assert_fingerprint";

impl Fingerprint {
    /// Parses 64 hexadecimal digits. Case, colons, dashes and spaces are ignored, and so is a
    /// leading label: `sha256:…`, or `SHA256 Fingerprint=…` as OpenSSL prints it.
    ///
    /// ```
    /// use es_transport::connect::Fingerprint;
    ///
    /// let printed = "sha256 Fingerprint=A5:2D:D9:35:11:E8:C6:04:5E:21:F1:66:54:B7:7C:9E:\
    ///     E0:F3:4A:EA:26:D9:F4:03:20:B5:31:C4:74:67:62:28";
    /// let pin: Fingerprint = printed.parse()?;
    /// assert!(pin.to_string().starts_with("a52dd93511e8c604"));
    ///
    /// // Too short: an MD5 digest.
    /// assert!(Fingerprint::parse("0123456789abcdef0123456789abcdef").is_err());
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error for any other character or number of digits. Shorter digests
    /// (MD5, SHA-1) are rejected because they can be forged.
    pub fn parse(text: &str) -> Result<Self> {
        let digits = without_label(text)?
            .chars()
            .filter(|c| !matches!(c, ':' | '-') && !c.is_ascii_whitespace())
            .map(|c| c.to_digit(16))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| Error::config(SETTING, "it has a character that is no hex digit"))?;
        let mut bytes = [0_u8; 32];
        if digits.len() != 2 * bytes.len() {
            return Err(Error::config(
                SETTING,
                format!(
                    "a SHA-256 fingerprint has 64 hex digits, this one {}",
                    digits.len()
                ),
            ));
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |byte, digit| byte << 4 | *digit as u8);
        }
        Ok(Self(bytes))
    }

    /// Returns the digest of a certificate in DER.
    ///
    /// ```
    /// use es_transport::connect::Fingerprint;
    ///
    /// # let der = b"a certificate".as_slice();
    /// let fingerprint = Fingerprint::of(der);
    /// println!("{fingerprint}");
    /// ```
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

/// Leaves out the name of the digest in front of it.
fn without_label(text: &str) -> Result<&str> {
    let (label, digits) = match text.split_once('=') {
        Some(parts) => parts,
        None => match text.split_once(':') {
            Some((label, digits)) if label.to_ascii_lowercase().contains("sha") => (label, digits),
            _ => return Ok(text),
        },
    };
    let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    match label.to_ascii_lowercase().as_str() {
        "sha256" | "sha256fingerprint" => Ok(digits),
        _ => Err(Error::config(
            SETTING,
            "it must be the SHA-256 digest of a certificate",
        )),
    }
}

impl PartialEq for Fingerprint {
    /// Takes the same time wherever the two differ.
    fn eq(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .fold(0, |different, (a, b)| different | (a ^ b))
            == 0
    }
}

impl Eq for Fingerprint {}

impl fmt::Display for Fingerprint {
    /// 64 digits in lower case, as Elasticsearch prints them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The digest of the empty string, from FIPS 180-4's examples.
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn is_sha_256() {
        assert_eq!(Fingerprint::of(b"").to_string(), EMPTY);
    }

    #[test]
    fn other_lengths_and_digits_are_refused_by_name() {
        let sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        for wrong in [
            "",
            sha1,
            &EMPTY[1..],
            &format!("{EMPTY}0"),
            &EMPTY.replace('e', "g"),
            "é",
        ] {
            let error = Fingerprint::parse(wrong).unwrap_err();
            assert_eq!(error.setting(), Some("ssl_assert_fingerprint"), "{wrong}");
        }
    }

    #[test]
    fn labels_are_skipped() {
        let pin = Fingerprint::parse(EMPTY).unwrap();
        for label in [
            "sha256:",
            "SHA-256: ",
            "SHA256 Fingerprint=",
            "sha256 Fingerprint=",
        ] {
            assert_eq!(
                Fingerprint::parse(&format!("{label}{EMPTY}")).unwrap(),
                pin,
                "{label}"
            );
        }
        for label in ["sha1:", "SHA1 Fingerprint=", "MD5 Fingerprint=", "SHA512:"] {
            assert!(
                Fingerprint::parse(&format!("{label}{EMPTY}")).is_err(),
                "{label}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_way_to_write_it_means_the_same(bytes: [u8; 32], separator in "[:\\- ]?") {
            let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            let pin = Fingerprint::parse(&pairs.join(&separator)).unwrap();
            prop_assert_eq!(pin, Fingerprint(bytes));
            prop_assert_eq!(Fingerprint::parse(&pin.to_string()).unwrap(), pin);
        }

        #[test]
        fn one_bit_makes_a_difference(bytes: [u8; 32], at in 0..32_usize, bit in 0..8_u8) {
            let mut other = bytes;
            other[at] ^= 1 << bit;
            prop_assert_ne!(Fingerprint(bytes), Fingerprint(other));
        }
    }
}
