use std::{collections::BTreeMap, fmt, marker::PhantomData, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::lenient::{parse_bytes, parse_duration, text};

/// One row of a cat endpoint: its columns by their names.
///
/// Each endpoint has a name of its own for it, such as [`CatIndices`](super::CatIndices),
/// with a method for each column. Which columns a row really has is up to the
/// server's version and the parameter `h`; what is there besides, or by another
/// name, is read by [`column`](Self::column).
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
    /// The same row without its columns' methods: rows of several endpoints have one
    /// type then.
    pub fn untyped(self) -> CatRow {
        CatRow { columns: self.columns, of: PhantomData }
    }

    /// A column by its name.
    pub fn column(&self, name: &str) -> Column<'_> {
        Column(self.columns.get(name).map(String::as_str))
    }

    /// A column's text; `None` where it is not there or has no value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.column(name).0
    }

    /// All columns that have a value, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<C> Clone for CatRow<C> {
    fn clone(&self) -> Self {
        Self { columns: self.columns.clone(), of: PhantomData }
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
        let texts = columns.into_iter().filter_map(|(name, value)| Some((name, text(&value)?)));
        Ok(Self { columns: texts.collect(), of: PhantomData })
    }
}

/// One column of a row, which is a text whatever it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column<'a>(Option<&'a str>);

impl<'a> Column<'a> {
    /// The text; `None` where the column is not there or has no value.
    pub fn text(self) -> Option<&'a str> {
        self.0
    }

    /// A value that is written as text, such as a float or an address.
    pub fn parse<T: FromStr>(self) -> Option<T> {
        self.0?.parse().ok()
    }

    /// A whole number.
    pub fn number(self) -> Option<u64> {
        self.parse()
    }

    /// A size, in bytes, with whatever unit it came.
    pub fn bytes(self) -> Option<u64> {
        parse_bytes(self.0?)
    }

    /// A time with a unit.
    pub fn duration(self) -> Option<Duration> {
        parse_duration(self.0?)
    }

    /// A share such as `12.5%`, as a number of percent.
    pub fn percent(self) -> Option<f64> {
        self.0?.trim_end_matches('%').parse().ok()
    }

    /// A truth value.
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
