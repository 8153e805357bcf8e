use serde::Serialize;
use serde_json::{Map, Value};

use super::object::{Clause, texts};
use crate::params::{List, Param};

/// Source filtering: which part of the documents is returned.
///
/// Setters also take `bool`, a field name, a list of them, or
/// [`json!`](serde_json::json).
///
/// ```
/// use es_client::dsl::SourceFilter;
/// use serde_json::json;
///
/// let filter = SourceFilter::new().includes(["title", "price"]).excludes(["price.history"]);
/// assert_eq!(
///     json!(filter),
///     json!({"includes": ["title", "price"], "excludes": ["price.history"]})
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SourceFilter(Clause);

impl SourceFilter {
    /// Creates a filter that returns everything.
    pub fn new() -> Self {
        Self(Clause::plain(Map::new()))
    }

    /// Sets the fields to return. Wildcards are allowed.
    #[must_use]
    pub fn includes<T: Into<String>>(self, fields: impl IntoIterator<Item = T>) -> Self {
        self.with("includes", texts(fields))
    }

    /// Sets the fields to leave out. Wildcards are allowed.
    #[must_use]
    pub fn excludes<T: Into<String>>(self, fields: impl IntoIterator<Item = T>) -> Self {
        self.with("excludes", texts(fields))
    }

    /// Whether vectors are left out. The server's default since 9.2.0: `true`.
    #[must_use]
    pub fn exclude_vectors(self, exclude: impl Into<Option<bool>>) -> Self {
        self.with("exclude_vectors", exclude.into())
    }

    /// Sets any option by its name. `null` changes nothing.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Serialize) -> Self {
        self.0.set(option, value);
        self
    }
}

impl Default for SourceFilter {
    fn default() -> Self {
        Self::new()
    }
}

value! { SourceFilter in [SourceFilter] }

macro_rules! takes {
    ($($value:ty),*) => {
        $(impl Param<SourceFilter> for $value {})*
    };
}
takes!(bool, str, String, List, Value);
impl<T: Param<String>> Param<SourceFilter> for [T] {}
impl<T: Param<String>> Param<SourceFilter> for Vec<T> {}
impl<T: Param<String>, const N: usize> Param<SourceFilter> for [T; N] {}
