//! The peers that the client is compared with.
//!
//! | Module | Client |
//! |---|---|
//! | [`reqwest`] | reqwest |
//! | [`elasticsearch`] | the `elasticsearch` crate |
//! | [`opensearch`] | the `opensearch` crate |
//!
//! A workspace of its own: `cargo bench` of the project must not compile them.

pub mod elasticsearch;
pub mod opensearch;
pub mod reqwest;

use es_benches::{
    clients::{Clients, Own},
    operation::{BoxError, Operation},
};

use crate::{elasticsearch::Elastic, opensearch::Open, reqwest::Plain};

/// All clients: the peers, our client and its baselines.
pub enum Peers {
    /// `es-client`, or a baseline.
    Own(Own),
    /// reqwest.
    Reqwest(Plain),
    /// The `elasticsearch` crate.
    Elasticsearch(Elastic),
    /// The `opensearch` crate.
    OpenSearch(Open),
}

impl Clients for Peers {
    const NAMES: &'static [&'static str] = &[
        "floor",
        "hyper-util",
        "reqwest",
        "elasticsearch",
        "opensearch",
        "ours",
    ];

    async fn new(name: &str, urls: &[String]) -> Result<Self, BoxError> {
        let first = urls.first().ok_or("no node URL")?;
        Ok(match name {
            "reqwest" => Self::Reqwest(Plain::new(first)?),
            "elasticsearch" => Self::Elasticsearch(Elastic::new(urls)?),
            "opensearch" => Self::OpenSearch(Open::new(first)?),
            own => Self::Own(Own::new(own, urls).await?),
        })
    }

    async fn run(&mut self, operation: Operation, times: u64) -> Result<(), BoxError> {
        match self {
            Self::Own(client) => client.run(operation, times).await,
            Self::Reqwest(client) => client.run(operation, times).await,
            Self::Elasticsearch(client) => client.run(operation, times).await,
            Self::OpenSearch(client) => client.run(operation, times).await,
        }
    }
}
