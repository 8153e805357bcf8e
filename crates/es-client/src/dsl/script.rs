use super::{
    kinds::Script,
    object::{Clause, pair},
};
use crate::params::Param;

/// ```
/// use es_client::dsl::Script;
/// use serde_json::json;
///
/// let sale = Script::source("ctx._source.price *= params.rate").params(json!({"rate": 0.9}));
/// assert_eq!(
///     serde_json::to_value(sale)?,
///     json!({"source": "ctx._source.price *= params.rate", "params": {"rate": 0.9}})
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
impl Script {
    /// Creates an inline script.
    pub fn source(source: impl Into<String>) -> Self {
        Self(Clause::plain(pair("source", source.into())))
    }

    /// Creates a reference to a stored script.
    pub fn stored(id: impl Into<String>) -> Self {
        Self(Clause::plain(pair("id", id.into())))
    }
}

/// The source of an inline script.
impl Param<Script> for str {}
impl Param<Script> for String {}
