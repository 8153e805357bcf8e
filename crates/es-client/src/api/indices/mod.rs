//! The endpoints under `indices`.

mod create;
mod delete;
mod exists;
mod get;
mod refresh;

pub use create::Create;
pub use delete::Delete;
pub use exists::Exists;
pub use get::Get;
pub use refresh::Refresh;

use crate::client::Elasticsearch;

/// The namespace `indices`. Made by [`Elasticsearch::indices`].
#[derive(Clone, Debug)]
pub struct Indices {
    client: Elasticsearch,
}

impl Elasticsearch {
    /// Everything about indices as such: create, get, delete, refresh, …
    pub fn indices(&self) -> Indices {
        Indices { client: self.clone() }
    }
}
