//! Deserializing one row.

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::StrDeserializer,
    },
    forward_to_deserialize_any,
};
use serde_json::value::RawValue;

use super::{Column, cell::Cell};

/// One row: a map by the columns' names, a list, or the value of the only column.
#[derive(Clone, Copy)]
pub(super) struct Row<'a, 'de> {
    pub columns: &'a [Column],
    pub values: &'a [&'de RawValue],
    /// The name of several columns: a map would keep one of their values.
    pub repeated: Option<&'a str>,
}

impl<'a, 'de> Row<'a, 'de> {
    fn check(&self) -> serde_json::Result<()> {
        if self.columns.len() == self.values.len() {
            return Ok(());
        }
        let (values, columns) = (self.values.len(), self.columns.len());
        Err(serde_json::Error::custom(format!(
            "{values} values for {columns} columns"
        )))
    }

    /// Returns the value of the only column.
    fn only(&self) -> Option<Cell<'a, 'de>> {
        match (self.columns, self.values) {
            ([column], [value]) => Some(Cell { column, value }),
            _ => None,
        }
    }

    fn visit_map<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        self.check()?;
        visitor.visit_map(RowMap {
            cells: self.cells(),
            value: None,
        })
    }

    fn cells(&self) -> impl Iterator<Item = Cell<'a, 'de>> + use<'a, 'de> {
        let cells = self.columns.iter().zip(self.values);
        cells.map(|(column, value)| Cell { column, value })
    }
}

macro_rules! only_value {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
            match self.only() {
                Some(cell) => cell.$method(visitor),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Row<'_, 'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        if let Some(name) = self.repeated {
            return Err(serde_json::Error::custom(format!(
                "several columns are named `{name}`: rename them, or read tuples or lists"
            )));
        }
        self.visit_map(visitor)
    }

    /// A struct refuses a repeated field itself.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        self.visit_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        self.visit_map(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        self.check()?;
        visitor.visit_seq(RowSeq(self.cells()))
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
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        match self.only() {
            Some(cell) if cell.is_null() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    only_value! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        match self.only() {
            Some(cell) => cell.deserialize_enum(name, variants, visitor),
            None => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! { unit unit_struct map identifier }
}

/// A row as a map.
struct RowMap<'a, 'de, I> {
    cells: I,
    value: Option<Cell<'a, 'de>>,
}

impl<'a, 'de, I: Iterator<Item = Cell<'a, 'de>>> MapAccess<'de> for RowMap<'a, 'de, I> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> serde_json::Result<Option<K::Value>> {
        self.value = self.cells.next();
        let Some(cell) = &self.value else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, serde_json::Error> =
            cell.column.name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> serde_json::Result<V::Value> {
        let cell = self
            .value
            .take()
            .ok_or_else(|| serde_json::Error::custom("no value"))?;
        seed.deserialize(cell).map_err(|error| cell.named(&error))
    }
}

/// A row as a list.
struct RowSeq<I>(I);

impl<'a, 'de, I: Iterator<Item = Cell<'a, 'de>>> SeqAccess<'de> for RowSeq<I> {
    type Error = serde_json::Error;

    fn next_element_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> serde_json::Result<Option<V::Value>> {
        let Some(cell) = self.0.next() else {
            return Ok(None);
        };
        seed.deserialize(cell)
            .map(Some)
            .map_err(|error| cell.named(&error))
    }
}
