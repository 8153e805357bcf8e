//! Reads JSON from bytes.

use std::{cell::Cell, fmt, str::Utf8Error};

use serde::{Deserialize, de::Error as _};

use crate::json_path::path_at;

/// Why JSON could not be read, and where.
#[derive(Debug)]
pub(crate) struct ReadError {
    /// The path of the value; empty for the whole text.
    pub path: String,
    pub error: serde_json::Error,
}

impl ReadError {
    /// An error about a text.
    #[cold]
    pub fn new(text: &str, error: serde_json::Error) -> Self {
        Self {
            path: path_at(text, error.line(), error.column()),
            error,
        }
    }
}

impl ReadError {
    /// Chooses between the errors of the first and the second reading, each with its text.
    /// The second is the one that matters, unless the first is about a part of the same
    /// value: the first knows the place of texts better. A failure within a document is
    /// left out.
    #[cold]
    fn of_both(first: (&str, serde_json::Error), second: (&str, serde_json::Error)) -> Self {
        let (first, second) = (Self::new(first.0, first.1), Self::new(second.0, second.1));
        let within = first.path.starts_with(&second.path) && !first.path.contains("_source");
        if within { first } else { second }
    }
}

impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        Self {
            path: String::new(),
            error,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// Reads a value from the bytes of a response.
///
/// UTF-8 is checked for all bytes at once, which costs a fraction of checking each string.
/// A text that cannot be read is read a second time, in which documents fail by themselves
/// and lone surrogates are replaced: good responses pay nothing for it.
///
/// # Errors
/// They are not JSON, or not of that form.
pub(crate) fn from_bytes<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ReadError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => from_text(text),
        Err(error) => Err(not_utf_8(bytes, error)),
    }
}

/// As [`from_bytes`], from text.
pub(crate) fn from_text<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ReadError> {
    // Without closures, which would be compiled for each type.
    let first = match serde_json::from_str(text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let trimmed = trimmed(text);
    let _second = SecondReading::begin();
    match serde_json::from_str(trimmed) {
        Ok(value) => Ok(value),
        Err(second) => Err(ReadError::of_both((text, first), (trimmed, second))),
    }
}

/// Some servers and proxies put a byte order mark before a text, or NUL after it.
#[cold]
fn trimmed(text: &str) -> &str {
    text.strip_prefix('\u{feff}')
        .unwrap_or(text)
        .trim_end_matches(['\0', ' ', '\t', '\r', '\n'])
}

thread_local! {
    static SECOND_READING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a text is read for the second time, because it could not be read before.
#[inline]
pub(crate) fn second_reading() -> bool {
    SECOND_READING.get()
}

/// The time of a second reading, until it is dropped.
struct SecondReading {
    before: bool,
}

impl SecondReading {
    fn begin() -> Self {
        Self {
            before: SECOND_READING.replace(true),
        }
    }
}

impl Drop for SecondReading {
    fn drop(&mut self) {
        SECOND_READING.set(self.before);
    }
}

/// Reading it into a value says where; not into `T`, which would have to be compiled twice
/// for this.
#[cold]
fn not_utf_8(bytes: &[u8], error: Utf8Error) -> ReadError {
    let read = serde_json::from_slice::<serde_json::Value>(bytes);
    let error = read
        .err()
        .unwrap_or_else(|| serde_json::Error::custom(error));
    ReadError::new(&String::from_utf8_lossy(bytes), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nul_and_white_space_of_json_may_follow() {
        for text in ["\u{feff}null", "null\0\0", "null \t\r\n\0"] {
            assert!(from_bytes::<()>(text.as_bytes()).is_ok(), "{text:?}");
        }
        for text in ["null\u{c}\n", "null\u{b}", "null\u{a0}", "null\0x"] {
            assert!(from_bytes::<()>(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn invalid_utf_8_is_an_error_with_its_place() {
        assert_eq!(
            from_bytes::<Vec<&str>>("[\"größe\"]".as_bytes()).unwrap(),
            ["größe"]
        );
        let error = from_bytes::<Vec<String>>(b"[\"a\",\n\"\xff\"]").unwrap_err();
        assert_eq!((error.error.line(), &*error.path), (2, "[1]"));
    }

    #[test]
    fn invalid_utf_8_is_an_error_where_nobody_reads_it() {
        #[derive(Debug, Deserialize)]
        struct Took {
            #[serde(rename = "took")]
            _took: u64,
        }
        let error = from_bytes::<Took>(b"{\"took\":1,\"a\":[\"\xfe\"]}")
            .unwrap_err()
            .error;
        assert!(error.is_syntax() && error.line() == 1, "{error}");
    }

    #[test]
    fn marks_around_the_text_are_skipped() {
        assert_eq!(
            from_bytes::<Vec<u8>>("\u{feff}[1]\n\0\0".as_bytes()).unwrap(),
            [1]
        );
        assert!(from_bytes::<Vec<u8>>("[1]x".as_bytes()).is_err());
        assert!(!second_reading());
    }
}
