//! Rows of a table, deserialized into a type of the caller.

mod cell;
mod row;

use bytes::Bytes;
use serde::{
    Deserialize,
    de::{DeserializeOwned, Error as _},
};
use serde_json::value::RawValue;

use super::clusters::Clusters;
use crate::{
    error::{Error, Result},
    json_read::{self, ReadError},
    response::Meta,
};
use row::Row;

/// The rows of a query, and their columns.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rows<T> {
    /// The columns, in their order.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<T>,
    /// Whether rows of some shards or clusters are missing, if that is allowed.
    pub is_partial: bool,
    /// Whether the server truncated the result
    /// ([`allow_truncated`](super::esql::Esql::allow_truncated)), if that is allowed.
    pub is_truncated: bool,
    /// Status, headers (with warnings), node and attempts.
    pub meta: Meta,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, such as `keyword`, `long` or `date`.
    #[serde(rename = "type", default)]
    pub kind: String,
}

/// The response to an ES|QL query; its values are read when their row is.
#[derive(Deserialize)]
struct Table<'a> {
    columns: Vec<Column>,
    #[serde(borrow)]
    values: Vec<Vec<&'a RawValue>>,
    #[serde(default)]
    is_partial: bool,
    #[serde(rename = "_clusters", default)]
    clusters: Option<Clusters>,
}

impl<T: DeserializeOwned> Rows<T> {
    pub(super) fn read(meta: Meta, body: Bytes) -> Result<Self> {
        let read = || -> Result<_, ReadError> {
            let table: Table<'_> = json_read::from_bytes(&body)?;
            let rows = read_rows(&table.columns, &table.values, 0)?;
            // Servers before 8.18 say it of the clusters alone.
            let is_missing = |clusters: Clusters| clusters.missing() > 0;
            let is_partial = table.is_partial || table.clusters.is_some_and(is_missing);
            Ok((table.columns, rows, is_partial))
        };
        let (columns, rows, is_partial) = match read() {
            Ok(read) => read,
            Err(error) => return Err(Error::decode("the rows of `esql.query`", error, meta, body)),
        };
        Ok(Self {
            columns,
            rows,
            is_partial,
            is_truncated: false,
            meta,
        })
    }
}

/// Returns the default limit, if the server applied it: a result with as many rows was
/// cut.
pub(super) fn default_limit(meta: &Meta) -> Option<usize> {
    // As servers since 8.11 say: "No limit defined, adding default limit of [1000]".
    let default_limit = |text: &str| {
        let (_, rest) = text.split_once("adding default limit of [")?;
        let (limit, _) = rest.split_once(']')?;
        limit.parse::<usize>().ok()
    };
    meta.warnings().find_map(|text| default_limit(&text))
}

/// Returns the number of rows of a CSV text, without the line of the columns' names.
pub(super) fn csv_rows(text: &[u8]) -> usize {
    let mut is_quoted = false;
    let mut lines = 0_usize;
    for byte in text {
        is_quoted ^= *byte == b'"';
        lines += usize::from(*byte == b'\n' && !is_quoted);
    }
    lines.saturating_sub(1)
}

/// Reads rows into a type; `first` is the number of the first one, for errors.
pub(super) fn read_rows<T: DeserializeOwned>(
    columns: &[Column],
    values: &[Vec<&RawValue>],
    first: usize,
) -> serde_json::Result<Vec<T>> {
    let repeated = repeated_name(columns);
    let row = |(at, values): (usize, &Vec<_>)| {
        let row = Row {
            columns,
            values,
            repeated,
        };
        T::deserialize(row)
            .map_err(|error| serde_json::Error::custom(format!("row {}: {error}", first + at)))
    };
    values.iter().enumerate().map(row).collect()
}

/// Returns the name of several columns, if there is one.
fn repeated_name(columns: &[Column]) -> Option<&str> {
    let is_repeated = |(at, column): &(usize, &Column)| {
        let mut before = columns.iter().take(*at);
        before.any(|other| other.name == column.name)
    };
    let repeated = columns.iter().enumerate().find(is_repeated);
    repeated.map(|(_, column)| &*column.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    fn meta(warning: Option<&str>) -> Meta {
        let (mut parts, ()) = http::Response::new(()).into_parts();
        if let Some(warning) = warning {
            parts.headers.insert("warning", warning.parse().unwrap());
        }
        Meta::new(parts, None, std::time::Duration::ZERO)
    }

    fn table<T: DeserializeOwned>(body: &str) -> Result<Rows<T>> {
        Rows::read(meta(None), Bytes::from(body.to_owned()))
    }

    fn read<T: DeserializeOwned>(body: &str) -> Result<Vec<T>> {
        table(body).map(|rows| rows.rows)
    }

    const TABLE: &str = r#"{"took":3,"is_partial":false,
        "columns":[{"name":"brand","type":"keyword"},{"name":"sold","type":"long"},{"name":"tags","type":"keyword"}],
        "values":[["a\"b",9223372036854775807,["x","y"]],["c",null,"z"]]}"#;

    #[test]
    fn rows_become_structs_maps_tuples_and_lists() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Sold {
            sold: Option<i64>,
            brand: String,
        }
        let sold = |brand: &str, sold| Sold {
            sold,
            brand: brand.to_owned(),
        };
        assert_eq!(
            read::<Sold>(TABLE).unwrap(),
            [sold("a\"b", Some(i64::MAX)), sold("c", None)]
        );
        let maps: Vec<BTreeMap<String, Value>> = read(TABLE).unwrap();
        assert_eq!(maps[0]["tags"], json!(["x", "y"]));
        let tuples: Vec<(String, Option<u64>, Value)> = read(TABLE).unwrap();
        assert_eq!(tuples[1], ("c".to_owned(), None, json!("z")));
        let lists: Vec<Vec<Value>> = read(TABLE).unwrap();
        assert_eq!(lists[1], [json!("c"), Value::Null, json!("z")]);
        #[derive(Debug, PartialEq, Deserialize)]
        struct Count(u64);
        let one = r#"{"columns":[{"name":"n","type":"long"}],"values":[[7]]}"#;
        assert_eq!(read::<Count>(one).unwrap(), [Count(7)]);
    }

    #[test]
    fn single_value_is_a_list_of_one() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Tagged {
            tags: Vec<String>,
        }
        let rows: Vec<Tagged> = read(TABLE).unwrap();
        assert_eq!(rows[0].tags, ["x", "y"]);
        assert_eq!(rows[1].tags, ["z"]);
        let none = r#"{"columns":[{"name":"tags"}],"values":[[null]]}"#;
        assert_eq!(read::<Tagged>(none).unwrap()[0].tags, [""; 0]);
    }

    #[test]
    fn only_column_is_read_as_its_value() {
        let one = r#"{"columns":[{"name":"n","type":"long"}],"values":[[7],[8]]}"#;
        assert_eq!(read::<i64>(one).unwrap(), [7, 8]);
        assert_eq!(read::<(i64,)>(one).unwrap(), [(7,), (8,)]);
        let some = r#"{"columns":[{"name":"s","type":"keyword"}],"values":[["a"],[null]]}"#;
        assert_eq!(
            read::<Option<String>>(some).unwrap(),
            [Some("a".to_owned()), None]
        );
    }

    #[test]
    fn errors_name_row_and_column() {
        let error = read::<(String, u64, Value)>(TABLE).unwrap_err();
        let shown = error.to_string();
        assert!(
            shown.contains(": row 1: column `sold` (long): invalid type: null"),
            "{shown}"
        );
        let error = read::<i64>(TABLE).unwrap_err();
        assert!(error.is_decode());
        let short = r#"{"columns":[{"name":"a"},{"name":"b"}],"values":[[1]]}"#;
        let error = read::<Value>(short).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with(": row 0: 1 values for 2 columns"),
            "{error}"
        );
    }

    #[test]
    fn repeated_name_is_no_key() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Other {
            b: i64,
        }
        let body = r#"{"columns":[{"name":"a"},{"name":"b"},{"name":"a"}],"values":[[1,2,3]]}"#;
        let errors = [
            read::<Value>(body).unwrap_err(),
            read::<BTreeMap<String, i64>>(body).unwrap_err(),
        ];
        for error in errors {
            let shown = error.to_string();
            assert!(shown.contains("several columns are named `a`"), "{shown}");
        }
        assert_eq!(read::<(i64, i64, i64)>(body).unwrap(), [(1, 2, 3)]);
        assert_eq!(read::<Vec<i64>>(body).unwrap(), [[1, 2, 3]]);
        assert_eq!(read::<Other>(body).unwrap(), [Other { b: 2 }]);
    }

    #[test]
    fn default_limit_is_read_from_the_warning() {
        let warning = "299 Elasticsearch-9.2.0 \"No limit defined, adding default limit of [2]\"";
        assert_eq!(default_limit(&meta(Some(warning))), Some(2));
        assert_eq!(default_limit(&meta(Some("299 x \"another\""))), None);
        assert_eq!(default_limit(&meta(None)), None);
        assert_eq!(csv_rows(b"a,b\r\n1,\"x\n\"\"y\"\r\n2,z\r\n"), 2);
        assert_eq!(csv_rows(b""), 0);
    }

    #[test]
    fn missing_clusters_make_it_partial() {
        let clusters = |counts: &str| {
            let body = format!(r#"{{"columns":[],"values":[],"_clusters":{{{counts}}}}}"#);
            table::<Value>(&body).unwrap().is_partial
        };
        assert!(!clusters(r#""total":2,"successful":2,"skipped":0"#));
        assert!(clusters(r#""total":2,"successful":1,"skipped":1"#));
        let partial = r#"{"is_partial":true,"columns":[],"values":[]}"#;
        assert!(table::<Value>(partial).unwrap().is_partial);
    }
}
