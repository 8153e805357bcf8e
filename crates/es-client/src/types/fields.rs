use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::answer::answer;
use super::{lenient::list, search::Shards};

answer! {
    /// The answer to `terms_enum`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct TermsEnumResponse {
        /// The terms that start so.
        pub terms: Vec<String>,
        /// Whether these are all; `false` where time was short or a shard failed.
        pub complete: bool,
        /// The shards that took part.
        pub shards: Shards = "_shards",
    }
}

/// The answer to `field_caps`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FieldCapsResponse {
    /// The indices that were looked at.
    #[serde(deserialize_with = "list")]
    pub indices: Vec<String>,
    /// Each field by its name, and within it what it can do by its type.
    pub fields: BTreeMap<String, BTreeMap<String, FieldCapability>>,
}

/// What a field can do in the indices where it has one type.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FieldCapability {
    /// The type, or its family.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it is one of the server's own, such as `_id`.
    pub metadata_field: bool,
    /// Whether it can be searched in all of them.
    pub searchable: bool,
    /// Whether it can be aggregated in all of them.
    pub aggregatable: bool,
    /// Them, where the type differs between indices.
    #[serde(deserialize_with = "list")]
    pub indices: Vec<String>,
    /// Those where it cannot be searched.
    #[serde(deserialize_with = "list")]
    pub non_searchable_indices: Vec<String>,
    /// Those where it cannot be aggregated.
    #[serde(deserialize_with = "list")]
    pub non_aggregatable_indices: Vec<String>,
}

answer! {
    /// The answer to `esql.query` as JSON.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct EsqlResponse {
        /// How long the cluster took, in milliseconds.
        pub took: u64,
        /// Whether some shard or cluster did not answer.
        pub is_partial: bool,
        /// The columns.
        pub columns: Vec<EsqlColumn>,
        /// The rows; the columns' values where `columnar` was asked for.
        pub values: Vec<Vec<Value>>,
    }
}

impl EsqlResponse {
    /// The rows as values of a type whose fields are named as the columns are.
    ///
    /// # Errors
    /// A row is not of that type.
    pub fn rows<T: DeserializeOwned>(&self) -> serde_json::Result<Vec<T>> {
        let names = || self.columns.iter().map(|column| column.name.clone());
        let object = |row: &Vec<Value>| names().zip(row.iter().cloned()).collect::<Map<_, _>>();
        self.values.iter().map(|row| T::deserialize(Value::Object(object(row)))).collect()
    }
}

answer! {
    /// One column.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct EsqlColumn {
        /// Its name.
        pub name: String,
        /// Its type, such as `keyword` or `long`.
        pub kind: String = "type",
    }
}
