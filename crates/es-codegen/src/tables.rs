//! The tables that people keep, beside the facts: `tables/*.toml`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::Result;

/// All tables. Each file says at its top what it is for.
pub(crate) struct Tables {
    /// Endpoint to the Rust type of its response, as seen from `es_client::types`.
    pub responses: BTreeMap<String, String>,
    /// Endpoint to the reason why it may, or may not, be retried.
    pub idempotency: Idempotency,
    /// Endpoint to the optional part that is an argument nevertheless.
    pub arguments: BTreeMap<String, String>,
    pub words: Words,
    pub examples: Examples,
    pub dsl: Dsl,
}

/// Endpoint to a typical use of it, in Rust.
#[derive(Deserialize)]
pub(crate) struct Examples {
    /// Those that run against the embedded cluster.
    pub run: BTreeMap<String, String>,
    /// Those that are only compiled.
    pub compile: BTreeMap<String, String>,
}

/// The query DSL.
#[derive(Deserialize)]
pub(crate) struct Dsl {
    /// Aggregations that may have others within their buckets.
    pub buckets: BTreeSet<String>,
    /// `Kind/option` to the reason why its setter is written by hand, or is none.
    pub by_hand: BTreeMap<String, String>,
    /// The effect of an option, by name, or by `Kind/name` where it differs.
    pub options: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(crate) struct Idempotency {
    pub idempotent: BTreeMap<String, String>,
    pub not_idempotent: BTreeMap<String, String>,
    pub partial: BTreeMap<String, String>,
}

/// Descriptions in the words of this project.
#[derive(Deserialize)]
pub(crate) struct Words {
    pub namespaces: BTreeMap<String, String>,
    pub endpoints: BTreeMap<String, String>,
    /// By name, or by `endpoint/name` or `namespace.*/name` where it differs.
    pub parameters: BTreeMap<String, String>,
}

/// Reads the tables.
pub(crate) fn read(folder: &Path) -> Result<Tables> {
    Ok(Tables {
        responses: toml(&folder.join("responses.toml"))?,
        idempotency: toml(&folder.join("idempotency.toml"))?,
        arguments: toml(&folder.join("arguments.toml"))?,
        words: toml(&folder.join("words.toml"))?,
        examples: toml(&folder.join("examples.toml"))?,
        dsl: toml(&folder.join("dsl.toml"))?,
    })
}

fn toml<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(toml::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?)
}

impl Tables {
    /// Every endpoint that some table names: to find names that do not exist.
    pub fn names(&self) -> BTreeSet<&str> {
        let tables = [
            &self.responses,
            &self.idempotency.idempotent,
            &self.idempotency.not_idempotent,
            &self.idempotency.partial,
            &self.arguments,
            &self.words.endpoints,
            &self.examples.run,
            &self.examples.compile,
        ];
        let endpoints = tables
            .into_iter()
            .flat_map(BTreeMap::keys)
            .map(String::as_str);
        let parameters = self
            .words
            .parameters
            .keys()
            .filter_map(|name| name.split_once('/'));
        let of_one = parameters
            .map(|(endpoint, _)| endpoint)
            .filter(|name| !name.ends_with(".*"));
        endpoints.chain(of_one).collect()
    }
}
