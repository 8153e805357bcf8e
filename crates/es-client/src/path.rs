//! The target of a request: path and query in origin form.
//!
//! Nothing a caller passes can change the route: path parts are
//! percent-encoded except for unreserved characters
//! ([RFC 3986, 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3)), parts
//! that are empty, `.` or `..` are refused, and no URL is ever joined.

use std::fmt::Write;

use crate::error::{Error, Result};

/// Whether a path part is a single name or a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// A single name or ID, in which commas and `*` have no special meaning.
    Single,
    /// A list or pattern, such as index names, in which commas and `*` are special.
    List,
}

/// Appends one percent-encoded path part.
///
/// # Errors
/// A part that is empty, `.` or `..`; the error names the part.
pub(crate) fn push_part(
    target: &mut String,
    name: &'static str,
    value: &str,
    kind: PartKind,
) -> Result<()> {
    if value.is_empty() {
        return Err(Error::invalid(format!("the path part `{name}` is empty")));
    }
    if matches!(value, "." | "..") {
        return Err(Error::invalid(format!(
            "the path part `{name}` cannot be `{value}`"
        )));
    }
    let kept: &[u8] = if kind == PartKind::List { b",*" } else { b"" };
    encode(target, value, kept);
    Ok(())
}

/// Appends one query parameter, without a separator.
pub(crate) fn push_pair(target: &mut String, name: &str, value: &str) {
    encode(target, name, b"");
    target.push('=');
    encode(target, value, b",*:");
}

fn encode(target: &mut String, value: &str, kept: &[u8]) {
    let stays = |byte: u8| {
        let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        unreserved || kept.contains(&byte)
    };
    if value.bytes().all(stays) {
        return target.push_str(value);
    }
    target.reserve(value.len());
    for byte in value.bytes() {
        if stays(byte) {
            target.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(target, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(value: &str, kind: PartKind) -> Result<String> {
        let mut target = String::new();
        push_part(&mut target, "id", value, kind).map(|()| target)
    }

    #[test]
    fn what_could_change_the_route_is_encoded_or_refused() {
        assert_eq!(
            part("a/../b?x#y%z", PartKind::Single).unwrap(),
            "a%2F..%2Fb%3Fx%23y%25z"
        );
        assert_eq!(part("a,b*", PartKind::Single).unwrap(), "a%2Cb%2A");
        assert_eq!(part("a,b*", PartKind::List).unwrap(), "a,b*");
        assert_eq!(
            part("größe ~", PartKind::Single).unwrap(),
            "gr%C3%B6%C3%9Fe%20~"
        );
        for refused in ["", ".", ".."] {
            assert!(part(refused, PartKind::Single).unwrap_err().is_invalid());
            assert!(part(refused, PartKind::List).unwrap_err().is_invalid());
        }
    }

    #[test]
    fn a_query_value_cannot_add_a_parameter() {
        let mut query = String::new();
        push_pair(&mut query, "q", "a&b=c#d e");
        assert_eq!(query, "q=a%26b%3Dc%23d%20e");
    }

    proptest::proptest! {
        #[test]
        fn a_part_stays_one_segment(value in ".*") {
            if let Ok(target) = part(&value, PartKind::List) {
                let outside = |c: char| !(c.is_ascii_alphanumeric() || "-._~,*%".contains(c));
                proptest::prop_assert!(!target.contains(outside));
                proptest::prop_assert!(!matches!(&*target, "" | "." | ".."));
            }
        }
    }
}
