//! Shared parts of the examples, which are beside this folder: an embedded cluster with
//! products, and the error that `main` returns. Run one with `cargo run --example quickstart`.

use std::{collections::BTreeMap, fmt};

use es_client::Elasticsearch;
use es_testkit::Cluster;
use serde::{Deserialize, Serialize};

#[cfg(doctest)]
mod guide;

/// The result of `main`: any error is shown with all its causes.
pub type Result<T = ()> = std::result::Result<T, Report>;

/// An error and its causes, one per line.
pub struct Report(Box<dyn std::error::Error + Send + Sync>);

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Report {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, "\n  because {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// An endpoint of Elasticsearch's API: the documents of the quickstart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Endpoint {
    /// Such as `indices.create`.
    pub name: String,
    /// Such as `indices`; `core` for those without one.
    pub namespace: String,
    /// The templates of its paths.
    pub paths: Vec<String>,
    /// Its HTTP methods.
    pub methods: Vec<String>,
    /// `stable`, `beta` or `experimental`.
    pub stability: String,
    /// Number of query parameters.
    pub parameters: u32,
    /// Whether it is deprecated.
    pub deprecated: bool,
    /// Version that introduced it, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// The 567 endpoints of the public API, as facts (see NOTICE).
///
/// # Errors
/// If a line of the file is not an endpoint.
pub fn endpoints() -> Result<Vec<Endpoint>> {
    let lines = include_str!("../data/endpoints.ndjson").lines();
    Ok(lines
        .map(serde_json::from_str)
        .collect::<std::result::Result<_, _>>()?)
}

/// Counts the responses of each node.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<String, usize>);

impl Tally {
    /// Counts a response.
    pub fn count(&mut self, meta: &es_client::Meta) {
        let node = meta.node().unwrap_or("(unknown)");
        *self.0.entry(node.to_owned()).or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (node, responses) in &self.0 {
            writeln!(f, "    {node}  {responses:>4}")?;
        }
        Ok(())
    }
}

/// A product of the embedded shop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// Such as `Trail shoes 7`.
    pub title: String,
    /// One of three brands.
    pub brand: String,
    /// Price in euros.
    pub price: f64,
    /// Number of items in stock.
    pub stock: u32,
}

impl Product {
    /// Creates a product that differs a little for each number.
    pub fn numbered(number: u32) -> Self {
        let brand = ["Longstride", "Northpeak", "Velora"]
            .get(number as usize % 3)
            .copied()
            .unwrap_or_default();
        let kind = if number.is_multiple_of(2) {
            "Trail shoes"
        } else {
            "Rain jacket"
        };
        Self {
            title: format!("{kind} {number}"),
            brand: brand.to_owned(),
            price: 20.0 + f64::from(number % 80),
            stock: number % 12,
        }
    }
}

/// Starts an embedded cluster of three nodes and connects to it.
///
/// # Errors
/// If no port is available.
pub async fn cluster() -> Result<(Cluster, Elasticsearch)> {
    let cluster = Cluster::builder().nodes(3).tls(true).start().await?;
    let client = Elasticsearch::builder()
        .nodes(cluster.urls())
        .ssl_assert_fingerprint(cluster.ca_fingerprint())
        .basic_auth("elastic", cluster.password())
        .build()?;
    Ok((cluster, client))
}

/// Starts an embedded cluster with 240 products in the index `products`.
///
/// # Errors
/// If the cluster does not start, or a product is not indexed.
pub async fn shop() -> Result<(Cluster, Elasticsearch)> {
    let (cluster, client) = cluster().await?;
    let products = (0..240).map(Product::numbered);
    let report = client
        .helpers()
        .bulk("products", products)
        .refresh(true)
        .await?;
    if !report.is_complete() {
        return Err(report.to_string().into());
    }
    Ok((cluster, client))
}
