//! Every client behind one trait, so that a command line or a loop can choose.

use crate::{
    floor::Floor,
    hyper_util::HyperUtil,
    operation::{BoxError, Operation},
    ours::Ours,
};

/// A set of clients that can be measured, chosen by name.
pub trait Clients: Sized {
    /// Names of the clients, in the order of the table.
    const NAMES: &'static [&'static str];

    /// Creates a client. Clients that know several nodes get all URLs, the others
    /// the first one.
    ///
    /// # Errors
    /// If there is no URL, if no client has this name, or if the client refuses a URL.
    fn new(name: &str, urls: &[String]) -> impl Future<Output = Result<Self, BoxError>>;

    /// Performs an operation a number of times, one after the other.
    ///
    /// # Errors
    /// If a request fails or a response is not the expected one.
    fn run(
        &mut self,
        operation: Operation,
        times: u64,
    ) -> impl Future<Output = Result<(), BoxError>>;
}

/// Our client and its baselines.
pub enum Own {
    /// One hyper connection.
    Floor(Floor),
    /// hyper-util's pooling client.
    HyperUtil(HyperUtil),
    /// `es-client`.
    Ours(Ours),
}

impl Own {
    /// Returns another handle to the same connections; `None` for the floor, which has one.
    pub fn share(&self) -> Option<Self> {
        match self {
            Self::Floor(_) => None,
            Self::HyperUtil(client) => Some(Self::HyperUtil(client.clone())),
            Self::Ours(client) => Some(Self::Ours(client.clone())),
        }
    }
}

impl Clients for Own {
    const NAMES: &'static [&'static str] = &["floor", "hyper-util", "ours"];

    async fn new(name: &str, urls: &[String]) -> Result<Self, BoxError> {
        let first = urls.first().ok_or("no node URL")?;
        match name {
            "floor" => Ok(Self::Floor(Floor::connect(first).await?)),
            "hyper-util" => Ok(Self::HyperUtil(HyperUtil::new(first)?)),
            "ours" => Ok(Self::Ours(Ours::new(urls)?)),
            _ => Err(format!("no client is named {name}").into()),
        }
    }

    async fn run(&mut self, operation: Operation, times: u64) -> Result<(), BoxError> {
        match self {
            Self::Floor(client) => client.run(operation, times).await,
            Self::HyperUtil(client) => client.run(operation, times).await,
            Self::Ours(client) => client.run(operation, times).await,
        }
    }
}
