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
    pub(crate) answers: BTreeMap<String, String>,
    /// Endpoint to the reason why it may, or may not, be retried.
    pub(crate) repeat: Repeat,
    /// Endpoint to the optional part that is an argument nevertheless.
    pub(crate) arguments: BTreeMap<String, String>,
    pub(crate) words: Words,
    pub(crate) examples: Examples,
}

/// Endpoint to a typical use of it, in Rust.
#[derive(Deserialize)]
pub(crate) struct Examples {
    /// Those that run against the embedded cluster.
    pub(crate) run: BTreeMap<String, String>,
    /// Those that are only compiled.
    pub(crate) compile: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(crate) struct Repeat {
    pub(crate) repeatable: BTreeMap<String, String>,
    pub(crate) unrepeatable: BTreeMap<String, String>,
    pub(crate) in_parts: BTreeMap<String, String>,
}

/// What is said of things, in words of our own.
#[derive(Deserialize)]
pub(crate) struct Words {
    pub(crate) namespaces: BTreeMap<String, String>,
    pub(crate) endpoints: BTreeMap<String, String>,
    /// By name, or by `endpoint/name` or `namespace.*/name` where it differs.
    pub(crate) parameters: BTreeMap<String, String>,
}

/// Reads the tables.
pub(crate) fn read(folder: &Path) -> Result<Tables> {
    Ok(Tables {
        answers: toml(&folder.join("answers.toml"))?,
        repeat: toml(&folder.join("repeatable.toml"))?,
        arguments: toml(&folder.join("arguments.toml"))?,
        words: toml(&folder.join("words.toml"))?,
        examples: toml(&folder.join("examples.toml"))?,
    })
}

fn toml<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(toml::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?)
}

impl Tables {
    /// Every endpoint that some table names: to find names that do not exist.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        let tables = [
            &self.answers,
            &self.repeat.repeatable,
            &self.repeat.unrepeatable,
            &self.repeat.in_parts,
            &self.arguments,
            &self.words.endpoints,
            &self.examples.run,
            &self.examples.compile,
        ];
        let endpoints = tables.into_iter().flat_map(BTreeMap::keys).map(String::as_str);
        let parameters = self.words.parameters.keys().filter_map(|name| name.split_once('/'));
        let of_one = parameters.map(|(endpoint, _)| endpoint).filter(|name| !name.ends_with(".*"));
        endpoints.chain(of_one).collect()
    }
}
