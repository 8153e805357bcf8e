//! Deserializing one value of a row.

use serde::{
    Deserializer,
    de::{Error as _, Visitor},
};
use serde_json::value::RawValue;

use super::Column;

/// One value. A field with a single value is sent without a list around it, and
/// is read as a list of one where a list is wanted.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a, 'de> {
    pub column: &'a Column,
    pub value: &'de RawValue,
}

impl Cell<'_, '_> {
    pub fn is_null(&self) -> bool {
        self.value.get() == "null"
    }

    /// Names the column in an error.
    pub fn named(&self, error: &serde_json::Error) -> serde_json::Error {
        let Column { name, kind } = self.column;
        serde_json::Error::custom(format!("column `{name}` ({kind}): {error}"))
    }
}

macro_rules! forward {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
            self.value.$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Cell<'_, 'de> {
    type Error = serde_json::Error;

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        if self.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> serde_json::Result<V::Value> {
        if self.value.get().starts_with('[') {
            self.value.deserialize_seq(visitor)
        } else {
            let values = (!self.is_null()).then_some(self.value);
            visitor.visit_seq(serde::de::value::SeqDeserializer::new(values.into_iter()))
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        self.value.deserialize_tuple(length, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        self.value.deserialize_tuple_struct(name, length, visitor)
    }

    /// `RawValue` itself is one of these.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        self.value.deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        self.value.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        self.value.deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> serde_json::Result<V::Value> {
        self.value.deserialize_enum(name, variants, visitor)
    }

    forward! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32
        deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_unit deserialize_map deserialize_identifier deserialize_ignored_any
    }
}
