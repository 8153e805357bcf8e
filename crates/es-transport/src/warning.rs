//! Warnings of the server, for example about deprecated parameters.
//!
//! The form of the headers is that of [RFC 7234,
//! 5.5](https://www.rfc-editor.org/rfc/rfc7234#section-5.5); Elasticsearch sends a separate header
//! for each text.
//!
//! ```
//! use es_transport::warning;
//! use http::{HeaderMap, header::WARNING};
//!
//! let mut headers = HeaderMap::new();
//! headers.append(WARNING, r#"299 Elasticsearch-9.2.0 "[types removal] is deprecated""#.parse()?);
//! assert_eq!(warning::texts(&headers).collect::<Vec<_>>(), ["[types removal] is deprecated"]);
//! # Ok::<(), http::header::InvalidHeaderValue>(())
//! ```

use std::borrow::Cow;

use http::{HeaderMap, header::WARNING};

/// Returns the texts of all `Warning` headers, in order. A header that does not have the
/// form of the RFC is returned unchanged.
pub fn texts(headers: &HeaderMap) -> impl Iterator<Item = Cow<'_, str>> {
    headers.get_all(WARNING).into_iter().flat_map(|value| {
        let value = String::from_utf8_lossy(value.as_bytes());
        match value {
            Cow::Borrowed(value) => of_value(value),
            Cow::Owned(value) => of_value(&value)
                .into_iter()
                .map(|text| Cow::Owned(text.into_owned()))
                .collect(),
        }
    })
}

/// The texts of one header: `code agent "text" ["date"]`, with commas between several.
fn of_value(value: &str) -> Vec<Cow<'_, str>> {
    let mut texts = Vec::with_capacity(1);
    let mut rest = value;
    while let Some((text, after)) = quoted(rest) {
        texts.push(text);
        let after = after.trim_start();
        // A quoted string that follows at once is the warning's date.
        let after = match after.strip_prefix('"') {
            Some(_) => quoted(after).map_or("", |(_, after)| after.trim_start()),
            None => after,
        };
        let Some(next) = after.strip_prefix(',') else {
            break;
        };
        rest = next;
    }
    if texts.is_empty() && !value.trim().is_empty() {
        texts.push(Cow::Borrowed(value.trim()));
    }
    texts
}

/// The first quoted string, without its escapes, and what follows it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let (_, inner) = text.split_once('"')?;
    let mut is_escaped = false;
    let end = inner.find(|c| {
        let is_end = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    })?;
    let (quoted, after) = (inner.get(..end)?, inner.get(end + 1..)?);
    if !quoted.contains('\\') {
        return Some((Cow::Borrowed(quoted), after));
    }
    let mut plain = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' {
            chars.next().unwrap_or(c)
        } else {
            c
        });
    }
    Some((Cow::Owned(plain), after))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(values: &[&str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WARNING, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        texts(&headers).map(Cow::into_owned).collect()
    }

    #[test]
    fn a_header_of_its_own_for_each_text() {
        let first = r#"299 Elasticsearch-7.17.9-abc "first, with a comma""#;
        let second =
            r#"299 Elasticsearch-7.17.9-abc "use \"y\" not \\x" "Tue, 24 Nov 2026 02:00:00 GMT""#;
        assert_eq!(
            read(&[first, second]),
            ["first, with a comma", r#"use "y" not \x"#]
        );
    }

    #[test]
    fn several_texts_in_one_header() {
        assert_eq!(
            read(&[r#"299 a "x" "date", 299 b "y",299 c "z""#]),
            ["x", "y", "z"]
        );
    }

    #[test]
    fn what_is_not_of_the_form_is_shown_as_it_stands() {
        for odd in ["299", "\"", "no quotes", r#"299 a "never ends"#] {
            assert_eq!(read(&[odd]), [odd]);
        }
        assert!(read(&["", " "]).is_empty());
        assert_eq!(read(&["299 a \"gr\u{fc}n\""]), ["gr\u{fc}n"]);
    }

    proptest! {
        #[test]
        fn a_text_comes_back_whatever_is_in_it(text in "[ -~]{0,40}", agent in "[a-zA-Z0-9.-]{1,10}") {
            let escaped = text.replace('\\', r"\\").replace('"', r#"\""#);
            prop_assert_eq!(read(&[&format!("299 {agent} \"{escaped}\"")]), [text]);
        }

        #[test]
        fn no_value_panics(value in "[ -~\u{80}-\u{ff}]{0,60}") {
            read(&[&value]);
        }
    }
}
