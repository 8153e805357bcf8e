use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, Error as _, IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::value::RawValue;

use crate::{
    error::{Error, Result},
    json_read::{self, ReadError},
    response::Meta,
};

/// The rows of a query, each a `T`, and their columns.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rows<T> {
    /// The columns, in their order.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<T>,
    /// Whether something is missing; only where it was allowed.
    pub is_partial: bool,
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

/// The answer; its values are read when their row is.
#[derive(Deserialize)]
struct Answer<'a> {
    columns: Vec<Column>,
    #[serde(borrow)]
    values: Vec<Vec<&'a RawValue>>,
    #[serde(default)]
    is_partial: bool,
}

impl<T: DeserializeOwned> Rows<T> {
    pub(super) fn read(meta: Meta, body: Bytes, allow_partial: bool) -> Result<Self> {
        let read = || -> Result<_, ReadError> {
            let answer: Answer<'_> = json_read::from_bytes(&body)?;
            let row = |values: &Vec<_>| T::deserialize(Row { columns: &answer.columns, values });
            let rows = answer.values.iter().map(row).collect::<serde_json::Result<_>>()?;
            Ok((answer.columns, rows, answer.is_partial))
        };
        let (columns, rows, is_partial) = match read() {
            Ok(read) => read,
            Err(error) => return Err(Error::decode("the rows of `esql.query`", error, meta, body)),
        };
        if is_partial && !allow_partial {
            return Err(Error::partial(0, 0, None));
        }
        Ok(Self { columns, rows, is_partial, meta })
    }
}

/// One row, as a map by the columns' names or as a list.
struct Row<'a, 'de> {
    columns: &'a [Column],
    values: &'a [&'de RawValue],
}

impl Row<'_, '_> {
    fn check(&self) -> serde_json::Result<()> {
        if self.columns.len() == self.values.len() {
            return Ok(());
        }
        let (values, columns) = (self.values.len(), self.columns.len());
        Err(serde_json::Error::custom(format!("a row has {values} values for {columns} columns")))
    }
}

impl<'de> Deserializer<'de> for Row<'_, 'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        self.check()?;
        let names = self.columns.iter().map(|column| column.name.as_str());
        let fields = names.zip(self.values.iter().copied());
        visitor.visit_map(MapDeserializer::new(fields))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        self.check()?;
        visitor.visit_seq(SeqDeserializer::new(self.values.iter().copied()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    /// A wrapper around one value is read from the only column.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        match self.values {
            [only] => visitor.visit_newtype_struct((*only).into_deserializer()),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    fn read<T: DeserializeOwned>(body: &str, allow: bool) -> Result<Vec<T>> {
        let (parts, ()) = http::Response::new(()).into_parts();
        let body = Bytes::from(body.to_owned());
        Rows::read(Meta::new(parts, None, std::time::Duration::ZERO), body, allow)
            .map(|rows| rows.rows)
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
        let sold = |brand: &str, sold| Sold { sold, brand: brand.to_owned() };
        assert_eq!(
            read::<Sold>(TABLE, false).unwrap(),
            [sold("a\"b", Some(i64::MAX)), sold("c", None)]
        );
        let maps: Vec<BTreeMap<String, Value>> = read(TABLE, false).unwrap();
        assert_eq!(maps[0]["tags"], json!(["x", "y"]));
        let tuples: Vec<(String, Option<u64>, Value)> = read(TABLE, false).unwrap();
        assert_eq!(tuples[1], ("c".to_owned(), None, json!("z")));
        let lists: Vec<Vec<Value>> = read(TABLE, false).unwrap();
        assert_eq!(lists[1], [json!("c"), Value::Null, json!("z")]);
        #[derive(Debug, PartialEq, Deserialize)]
        struct Count(u64);
        let one = r#"{"columns":[{"name":"n","type":"long"}],"values":[[7]]}"#;
        assert_eq!(read::<Count>(one, false).unwrap(), [Count(7)]);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert!(read::<(String, u64, String)>(TABLE, false).unwrap_err().is_decode());
        let short = r#"{"columns":[{"name":"a"},{"name":"b"}],"values":[[1]]}"#;
        assert!(read::<Value>(short, false).unwrap_err().is_decode());
        let partial = r#"{"is_partial":true,"columns":[],"values":[]}"#;
        assert!(read::<Value>(partial, false).unwrap_err().is_partial());
        assert!(read::<Value>(partial, true).unwrap().is_empty());
    }
}
