//! Every client under one name, so that a command line or a loop can choose.

use std::str::FromStr;

use peers::{
    elastic::Elastic,
    floor::Floor,
    legacy::Legacy,
    open::Open,
    operation::{BoxError, Operation},
    plain::Plain,
};

use crate::ours::Ours;

/// Which client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    Floor,
    HyperUtil,
    Reqwest,
    Elasticsearch,
    OpenSearch,
    Ours,
}

impl Name {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 6] = [
        Self::Floor,
        Self::HyperUtil,
        Self::Reqwest,
        Self::Elasticsearch,
        Self::OpenSearch,
        Self::Ours,
    ];

    /// The name on a command line and in a table.
    pub fn text(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::HyperUtil => "hyper-util",
            Self::Reqwest => "reqwest",
            Self::Elasticsearch => "elasticsearch",
            Self::OpenSearch => "opensearch",
            Self::Ours => "ours",
        }
    }
}

impl FromStr for Name {
    type Err = BoxError;

    fn from_str(text: &str) -> Result<Self, BoxError> {
        Self::ALL
            .into_iter()
            .find(|name| name.text() == text)
            .ok_or_else(|| format!("no client is called {text}").into())
    }
}

/// A client that is ready to be measured.
pub enum Client {
    Floor(Floor),
    HyperUtil(Legacy),
    Reqwest(Plain),
    Elasticsearch(Elastic),
    OpenSearch(Open),
    Ours(Ours),
}

impl Client {
    /// Makes a client. Those that know several nodes get all the URLs, the
    /// others the first one.
    ///
    /// # Errors
    /// When there is no URL, or the client refuses it.
    pub async fn new(name: Name, urls: &[String]) -> Result<Self, BoxError> {
        let first = urls.first().ok_or("no node was named")?;
        Ok(match name {
            Name::Floor => Self::Floor(Floor::connect(first).await?),
            Name::HyperUtil => Self::HyperUtil(Legacy::new(first)?),
            Name::Reqwest => Self::Reqwest(Plain::new(first)?),
            Name::Elasticsearch => Self::Elasticsearch(Elastic::new(urls)?),
            Name::OpenSearch => Self::OpenSearch(Open::new(first)?),
            Name::Ours => Self::Ours(Ours::new(urls)?),
        })
    }

    /// Performs one operation a number of times, one after the other. The loop
    /// is inside each client, so that choosing costs nothing per request.
    ///
    /// # Errors
    /// When a request fails or an answer is not what it must be.
    pub async fn run(&mut self, operation: Operation, times: u64) -> Result<(), BoxError> {
        match self {
            Self::Floor(client) => client.run(operation, times).await,
            Self::HyperUtil(client) => client.run(operation, times).await,
            Self::Reqwest(client) => client.run(operation, times).await,
            Self::Elasticsearch(client) => client.run(operation, times).await,
            Self::OpenSearch(client) => client.run(operation, times).await,
            Self::Ours(client) => client.run(operation, times).await,
        }
    }
}
