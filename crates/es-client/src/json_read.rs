//! Reads JSON from bytes.

use std::str::Utf8Error;

use serde::{Deserialize, de::Error as _};

/// Reads a value from the bytes of an answer.
///
/// That they are UTF-8 is found out for all of them at once, which costs a
/// fraction of asking for each string on its own.
///
/// # Errors
/// They are no JSON, or not of that form.
pub(crate) fn from_bytes<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text),
        Err(error) => Err(not_utf_8(bytes, error)),
    }
}

/// Reading it into a value says where; not into `T`, which would have to be
/// compiled twice for this.
#[cold]
fn not_utf_8(bytes: &[u8], error: Utf8Error) -> serde_json::Error {
    let read = serde_json::from_slice::<serde_json::Value>(bytes);
    read.err().unwrap_or_else(|| serde_json::Error::custom(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utf_8_is_an_error_with_its_place() {
        assert_eq!(from_bytes::<Vec<&str>>("[\"größe\"]".as_bytes()).unwrap(), ["größe"]);
        let error = from_bytes::<Vec<String>>(b"[\"a\",\n\"\xff\"]").unwrap_err();
        assert_eq!(error.line(), 2);
    }

    #[test]
    fn not_even_where_nobody_reads_it() {
        #[derive(Debug, Deserialize)]
        struct Took {
            #[serde(rename = "took")]
            _took: u64,
        }
        let error = from_bytes::<Took>(b"{\"took\":1,\"a\":[\"\xfe\"]}").unwrap_err();
        assert!(error.is_syntax() && error.line() == 1, "{error}");
    }
}
