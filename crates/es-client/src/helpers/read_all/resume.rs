//! The position of a reader, from which it can be resumed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::error::{Error, Result};

/// The position of a [`ReadAllStream`](super::ReadAllStream). It can be converted to
/// text, stored in a file and used by another process, as long as the server keeps the
/// point in time ([`keep_alive`](super::ReadAll::keep_alive)).
///
/// ```
/// # fn kept(text: &str) -> es_client::Result<()> {
/// use es_client::helpers::read_all::ResumeToken;
///
/// let token: ResumeToken = text.parse()?;
/// assert_eq!(token.to_string(), text);
/// # Ok(())
/// # }
/// # let token = r#"{"index":"i","pit":"abc","search":7,"slices":["start",{"after":[17]},"ended"]}"#;
/// # kept(token).unwrap();
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "UncheckedToken")]
pub struct ResumeToken {
    pub(super) index: String,
    pub(super) pit: String,
    /// [`Spec::search_hash`](super::builder::Spec::search_hash).
    pub(super) search: u64,
    pub(super) slices: Vec<Position>,
}

/// A token as it was stored, which may have been edited.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UncheckedToken {
    index: String,
    pit: String,
    search: u64,
    slices: Vec<Position>,
}

/// The position within one slice.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Position {
    /// Nothing was read.
    #[default]
    Start,
    /// Hits up to the one with these sort values were read.
    After(Box<RawValue>),
    /// All hits were read.
    Ended,
}

/// The sort values of the last hit that was read of a page.
#[derive(Debug)]
pub(super) enum LastRead {
    /// The only one, a whole number: a copy costs nothing.
    Number(serde_json::Number),
    Values(Vec<Value>),
    /// The values would not be exact; the page is read again from its beginning.
    StartOfPage,
}

impl LastRead {
    pub fn of(sort: &[Value]) -> Self {
        match sort {
            [Value::Number(number)] if !number.is_f64() => Self::Number(number.clone()),
            values if values.is_empty() || values.iter().any(Value::is_f64) => Self::StartOfPage,
            values => Self::Values(values.to_vec()),
        }
    }

    /// Returns the position after it, or that of the page's beginning.
    pub fn position(&self, start_of_page: &Position) -> Position {
        let raw = match self {
            Self::Number(number) => serde_json::value::to_raw_value(&[number]),
            Self::Values(values) => serde_json::value::to_raw_value(values),
            Self::StartOfPage => return start_of_page.clone(),
        };
        raw.map_or_else(|_| start_of_page.clone(), Position::After)
    }
}

impl TryFrom<UncheckedToken> for ResumeToken {
    type Error = &'static str;

    fn try_from(token: UncheckedToken) -> Result<Self, Self::Error> {
        let UncheckedToken {
            index,
            pit,
            search,
            slices,
        } = token;
        if pit.is_empty() {
            return Err("its point in time is empty");
        }
        if slices.is_empty() {
            return Err("it has no slices");
        }
        if !slices.iter().all(Position::is_valid) {
            return Err("`after` is not a list of sort values");
        }
        Ok(Self {
            index,
            pit,
            search,
            slices,
        })
    }
}

impl Position {
    fn is_valid(&self) -> bool {
        let Self::After(values) = self else {
            return true;
        };
        let is_sort_value = |value: &Value| !value.is_object() && !value.is_array();
        serde_json::from_str::<Vec<Value>>(values.get())
            .is_ok_and(|values| !values.is_empty() && values.iter().all(is_sort_value))
    }
}

impl fmt::Display for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for ResumeToken {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|error| Error::invalid(format!("cannot read the resume token: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_no_stream_returns_is_refused() {
        for slices in [
            "[]",
            "[{\"after\":[]}]",
            "[{\"after\":17}]",
            "[\"start\",{\"after\":[{}]}]",
            "[\"begin\"]",
        ] {
            let text = format!(r#"{{"index":"i","pit":"p","search":7,"slices":{slices}}}"#);
            let error = text.parse::<ResumeToken>().unwrap_err();
            assert!(error.is_invalid(), "{slices}");
            let message = error.to_string();
            assert!(
                message.contains("cannot read the resume token"),
                "{message}"
            );
        }
        let empty = r#"{"index":"i","pit":"","search":7,"slices":["start"]}"#;
        assert!(empty.parse::<ResumeToken>().is_err());
        let good =
            r#"{"index":"i","pit":"p","search":7,"slices":[{"after":[1,"a",null]},"ended"]}"#;
        assert_eq!(good.parse::<ResumeToken>().unwrap().to_string(), good);
    }
}
