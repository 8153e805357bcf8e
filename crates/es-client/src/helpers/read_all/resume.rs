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
/// # let token = r#"{"index":"i","pit":"abc","slices":["start",{"after":[17]},"ended"]}"#;
/// # kept(token).unwrap();
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResumeToken {
    pub(super) index: String,
    pub(super) pit: String,
    pub(super) slices: Vec<Position>,
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
    pub(super) fn of(sort: &[Value]) -> Self {
        match sort {
            [Value::Number(number)] if !number.is_f64() => Self::Number(number.clone()),
            values if values.is_empty() || values.iter().any(Value::is_f64) => Self::StartOfPage,
            values => Self::Values(values.to_vec()),
        }
    }

    /// Returns the position after it, or that of the page's beginning.
    pub(super) fn position(&self, start_of_page: &Position) -> Position {
        let raw = match self {
            Self::Number(number) => serde_json::value::to_raw_value(&[number]),
            Self::Values(values) => serde_json::value::to_raw_value(values),
            Self::StartOfPage => return start_of_page.clone(),
        };
        raw.map_or_else(|_| start_of_page.clone(), Position::After)
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
        let token: Self = serde_json::from_str(text)
            .map_err(|error| Error::invalid(format!("cannot read the resume token: {error}")))?;
        if token.slices.is_empty() {
            return Err(Error::invalid(
                "cannot read the resume token: it has no slices",
            ));
        }
        Ok(token)
    }
}
