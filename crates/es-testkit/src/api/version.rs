//! The server's version number and what hangs on it.

use std::fmt;

/// `major.minor.patch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub major: u8,
    pub minor: u8,
    pub patch: u8,
}

impl Version {
    /// Reads `9.2.0`, `9.2` or `9`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| part.parse::<u8>().ok());
        let major = parts.next()??;
        let minor = parts.next().unwrap_or(Some(0))?;
        let patch = parts.next().unwrap_or(Some(0))?;
        parts.next().is_none().then_some(Self {
            major,
            minor,
            patch,
        })
    }

    pub fn lucene(self) -> &'static str {
        match self.major {
            0..=7 => "8.11.1",
            8 => "9.12.2",
            _ => "10.3.1",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn reads_short_and_long_forms() {
        assert_eq!(
            Version::parse("8.19").map(|v| v.to_string()).as_deref(),
            Some("8.19.0")
        );
        assert_eq!(Version::parse("9.2.1").map(|v| v.patch), Some(1));
        assert_eq!(Version::parse("9.2.1.4"), None);
        assert_eq!(Version::parse("nine"), None);
    }
}
