use super::{
    bulk::{Bulk, IntoOperations},
    read_all::ReadAll,
};
use crate::{client::Elasticsearch, params::IntoParam};

/// The helpers of a client; made by [`Elasticsearch::helpers`].
///
/// They use the client's own settings: `client.options().api_key(key).helpers()`
/// writes and reads with that key.
#[derive(Clone, Debug)]
pub struct Helpers {
    client: Elasticsearch,
}

impl Elasticsearch {
    /// What takes more than one call: writing much, reading all.
    pub fn helpers(&self) -> Helpers {
        Helpers { client: self.clone() }
    }
}

impl Helpers {
    /// Writes documents or [operations](super::bulk::Operation) from an iterator
    /// or a stream; see [`bulk`](super::bulk). What names no index of its own
    /// goes to `index`.
    ///
    /// Items that are results may fail: the first error ends the input.
    pub fn bulk<S, Via>(&self, index: impl IntoParam, operations: S) -> Bulk<S::Operations>
    where
        S: IntoOperations<Via>,
    {
        Bulk::new(self.client.clone(), index.into_param(), operations.into_operations())
    }

    /// Reads every document of indices (a name, a pattern, or a list of them)
    /// as a stream; see [`read_all`](super::read_all). `T` is the type of the
    /// documents; [`serde_json::Value`] takes any.
    pub fn read_all<T>(&self, index: impl IntoParam) -> ReadAll<T> {
        ReadAll::new(self.client.clone(), index.into_param())
    }
}
