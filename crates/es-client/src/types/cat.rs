use std::{collections::BTreeMap, str::FromStr, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::lenient::{parse_bytes, parse_duration, text};

/// One row of a cat endpoint: its columns by their names.
///
/// Which columns there are is up to the endpoint, the server's version and the
/// parameter `h`. Numbers come as text.
///
/// ```
/// use es_client::types::CatRow;
///
/// let row: CatRow = serde_json::from_str(
///     r#"{"index": "products", "docs.count": "42", "store.size": "1.5kb", "pri": null}"#,
/// )?;
/// assert_eq!(row.get("index"), Some("products"));
/// assert_eq!(row.number("docs.count"), Some(42));
/// assert_eq!(row.bytes("store.size"), Some(1_536));
/// assert_eq!(row.get("pri"), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<String, Value>")]
pub struct CatRow(BTreeMap<String, String>);

impl From<BTreeMap<String, Value>> for CatRow {
    fn from(columns: BTreeMap<String, Value>) -> Self {
        let texts = columns.into_iter().filter_map(|(name, value)| Some((name, text(&value)?)));
        Self(texts.collect())
    }
}

impl CatRow {
    /// A column's text; `None` where it is not there or has no value.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.0.get(column).map(String::as_str)
    }

    /// A column as a value that is written as text, such as a float or an address.
    pub fn parse<T: FromStr>(&self, column: &str) -> Option<T> {
        self.get(column)?.parse().ok()
    }

    /// A column as a whole number.
    pub fn number(&self, column: &str) -> Option<u64> {
        self.parse(column)
    }

    /// A column that is a size, in bytes, with whatever unit it came.
    pub fn bytes(&self, column: &str) -> Option<u64> {
        parse_bytes(self.get(column)?)
    }

    /// A column that is a time with a unit.
    pub fn duration(&self, column: &str) -> Option<Duration> {
        parse_duration(self.get(column)?)
    }

    /// All columns that have a value, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
