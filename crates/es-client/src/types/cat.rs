use std::{collections::BTreeMap, fmt, marker::PhantomData, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{
    lenient::text,
    units::{parse_bytes, parse_duration},
};

/// A row of a cat endpoint: its columns by name.
///
/// Each endpoint has its own type, such as [`CatIndices`](super::CatIndices), with a
/// method for each column. The columns of a row depend on the version of the server and
/// the parameter `h`; [`column`](Self::column) returns a column by name.
///
/// ```
/// use es_client::types::CatIndices;
///
/// let row: CatIndices = serde_json::from_str(
///     r#"{"index": "products", "docs.count": "42", "store.size": "1.5kb", "pri": null}"#,
/// )?;
/// assert_eq!(row.index().text(), Some("products"));
/// assert_eq!(row.docs_count().number(), Some(42));
/// assert_eq!(row.store_size().bytes(), Some(1_536));
/// assert_eq!(row.pri().text(), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct CatRow<C = AnyColumns> {
    columns: BTreeMap<String, String>,
    of: PhantomData<fn() -> C>,
}

/// Marks rows of any endpoint.
#[expect(missing_debug_implementations, reason = "it has no value")]
pub enum AnyColumns {}

impl<C> CatRow<C> {
    /// Returns the same row without the methods for its columns, so that rows of several
    /// endpoints have one type.
    pub fn untyped(self) -> CatRow {
        CatRow {
            columns: self.columns,
            of: PhantomData,
        }
    }

    /// Returns a column by name.
    pub fn column(&self, name: &str) -> Column<'_> {
        Column(self.columns.get(name).map(String::as_str))
    }

    /// Returns the text of a column; `None` if there is none or it has no value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.column(name).0
    }

    /// Returns all columns that have a value, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<C> Clone for CatRow<C> {
    fn clone(&self) -> Self {
        Self {
            columns: self.columns.clone(),
            of: PhantomData,
        }
    }
}

impl<C> fmt::Debug for CatRow<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CatRow").field(&self.columns).finish()
    }
}

impl<'de, C> Deserialize<'de> for CatRow<C> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let columns = BTreeMap::<String, Value>::deserialize(from)?;
        let texts = columns
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let text = text(&value).unwrap_or_else(|| value.to_string());
                (name, text)
            });
        Ok(Self {
            columns: texts.collect(),
            of: PhantomData,
        })
    }
}

/// A column of a row. Its value is a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column<'a>(Option<&'a str>);

impl<'a> Column<'a> {
    /// Returns the text; `None` if there is no such column or it has no value.
    pub fn text(self) -> Option<&'a str> {
        self.0
    }

    /// Parses the text, for example as a float or an address.
    pub fn parse<T: FromStr>(self) -> Option<T> {
        self.0?.parse().ok()
    }

    /// Returns the value as an integer. Some unknown values are -1.
    pub fn number(self) -> Option<i64> {
        self.parse()
    }

    /// Returns a size in bytes, from a value with any unit.
    pub fn bytes(self) -> Option<u64> {
        parse_bytes(self.0?)
    }

    /// Returns a time.
    pub fn duration(self) -> Option<Duration> {
        parse_duration(self.0?)
    }

    /// Returns a percentage, with or without `%`.
    pub fn percent(self) -> Option<f64> {
        self.0?.trim_end_matches('%').parse().ok()
    }

    /// Returns a boolean.
    pub fn flag(self) -> Option<bool> {
        self.parse()
    }
}

/// Defines the rows of an endpoint, with a method for each column.
macro_rules! rows {
    ($($row:ident of $columns:ident is $endpoint:literal { $($name:ident($wire:literal))* })*) => {$(
        #[doc = concat!("A row of `", $endpoint, "`.")]
        pub type $row = super::CatRow<$columns>;

        #[doc = concat!("Marks the rows of `", $endpoint, "`.")]
        #[expect(missing_debug_implementations, reason = "it has no value")]
        pub enum $columns {}

        impl super::CatRow<$columns> {
            $(
                #[doc = concat!("The column `", $wire, "`.")]
                #[inline]
                pub fn $name(&self) -> super::Column<'_> {
                    self.column($wire)
                }
            )*
        }
    )*};
}
pub(super) use rows;
