//! What the examples share. The examples themselves lie beside this folder; run
//! one with `cargo run --example quickstart`.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// What `main` returns: any error, shown with all its causes.
pub type Result<T = ()> = std::result::Result<T, Report>;

/// An error and what caused it, line by line.
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

/// An endpoint of Elasticsearch's own API: the documents of the examples.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Endpoint {
    /// Such as `indices.create`.
    pub name: String,
    /// Such as `indices`; `core` for those without one.
    pub namespace: String,
    /// The templates of its paths.
    pub paths: Vec<String>,
    /// The methods that the server takes.
    pub methods: Vec<String>,
    /// `stable`, `beta` or `experimental`.
    pub stability: String,
    /// How many query parameters it has.
    pub parameters: u32,
    /// Whether it is deprecated.
    pub deprecated: bool,
    /// The version that brought it, where that is on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// The 567 endpoints of the public API, as facts (see NOTICE).
///
/// # Errors
/// A line of the file is no endpoint.
pub fn endpoints() -> Result<Vec<Endpoint>> {
    let lines = include_str!("../data/endpoints.ndjson").lines();
    Ok(lines.map(serde_json::from_str).collect::<std::result::Result<_, _>>()?)
}

/// How often each node answered.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<String, usize>);

impl Tally {
    /// Counts one answer.
    pub fn count(&mut self, meta: &es_client::Meta) {
        let node = meta.node().unwrap_or("(unknown)");
        *self.0.entry(node.to_owned()).or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (node, answers) in &self.0 {
            writeln!(f, "    {node}  {answers:>4}")?;
        }
        Ok(())
    }
}
