use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    object::{object, response},
    search::Shards,
};
use crate::{
    error::{DecodeError, Result},
    json_read::ReadError,
};

response! {
    /// The response of `terms_enum`.
    #[derive(Clone, Debug)]
    pub struct TermsEnumResponse {
        /// The terms with the prefix.
        pub terms: Vec<String>,
        /// Whether the list is complete; `false` if the request timed out or a shard
        /// failed.
        pub complete: bool,
        /// The shards that executed the request.
        pub shards: Shards = "_shards",
    }
}

response! {
    /// The response of `field_caps`.
    #[derive(Clone, Debug)]
    pub struct FieldCapsResponse {
        /// The indices.
        pub indices: Vec<String>,
        /// The fields by name, each with its capabilities by type.
        pub fields: BTreeMap<String, BTreeMap<String, FieldCapability>>,
    }
}

object! {
    /// The capabilities of a field in the indices where it has one type.
    #[derive(Clone, Debug)]
    pub struct FieldCapability {
        /// The type, or its family.
        pub kind: String = "type",
        /// Whether it is a metadata field, such as `_id`.
        pub metadata_field: bool,
        /// Whether it is searchable in all of these indices.
        pub searchable: bool,
        /// Whether it is aggregatable in all of these indices.
        pub aggregatable: bool,
        /// These indices, if the type differs between indices.
        pub indices: Vec<String>,
        /// The indices where it is not searchable.
        pub non_searchable_indices: Vec<String>,
        /// The indices where it is not aggregatable.
        pub non_aggregatable_indices: Vec<String>,
    }
}

response! {
    /// The response of `esql.query` as JSON.
    #[derive(Clone, Debug)]
    pub struct EsqlResponse {
        /// The time that the cluster took, in milliseconds.
        pub took: i64,
        /// Whether results of some shards or clusters are missing. `None` if it is not in
        /// the response.
        pub is_partial: Option<bool>,
        /// The columns.
        pub columns: Vec<EsqlColumn>,
        /// The rows; the values of each column with `columnar`.
        pub values: Vec<Vec<Value>>,
    }
}

impl EsqlResponse {
    /// Returns the rows, deserialized into a type whose fields have the names of the
    /// columns.
    ///
    /// ```
    /// use es_client::types::EsqlResponse;
    ///
    /// #[derive(Debug, PartialEq, serde::Deserialize)]
    /// struct Brand {
    ///     brand: String,
    ///     average: f64,
    /// }
    /// let response: EsqlResponse = serde_json::from_str(
    ///     r#"{"columns": [{"name": "average"}, {"name": "brand"}], "values": [[12.5, "acme"]]}"#,
    /// )?;
    /// assert_eq!(response.rows::<Brand>()?, [Brand { brand: "acme".into(), average: 12.5 }]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if a row cannot be deserialized.
    pub fn rows<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        let names = || self.columns.iter().map(|column| column.name.clone());
        let row = |(number, row): (usize, &Vec<Value>)| {
            let object: Map<_, _> = names().zip(row.iter().cloned()).collect();
            T::deserialize(Value::Object(object)).map_err(|error| {
                let error = ReadError {
                    path: format!("values[{number}]"),
                    error,
                };
                DecodeError::of_part("the rows of an ES|QL response", None, None, error, "").into()
            })
        };
        self.values.iter().enumerate().map(row).collect()
    }
}

object! {
    /// A column.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct EsqlColumn {
        /// The name.
        pub name: String,
        /// The type, such as `keyword` or `long`.
        pub kind: String = "type",
    }
}
