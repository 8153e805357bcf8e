//! JSON as it is sent: objects keep their order, and documents the bytes that were stored.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A JSON value of a response.
#[derive(Clone, Debug)]
pub(crate) enum Json {
    /// A value in which the order of members does not matter.
    Value(Value),
    /// Text that was checked before, sent as it stands.
    Raw(Arc<RawValue>),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a document so that its members keep their order.
    pub fn parse(raw: &RawValue) -> Self {
        serde_json::from_str(raw.get()).unwrap_or(Self::Value(Value::Null))
    }

    /// Opens everything, so that each member can be reached.
    pub fn opened(self) -> Self {
        match self {
            Self::Value(Value::Array(items)) => Self::Array(
                items
                    .into_iter()
                    .map(|item| Self::Value(item).opened())
                    .collect(),
            ),
            Self::Value(Value::Object(fields)) => Self::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (name, Self::Value(value).opened()))
                    .collect(),
            ),
            Self::Raw(raw) => Self::parse(&raw),
            Self::Array(items) => Self::Array(items.into_iter().map(Self::opened).collect()),
            Self::Object(fields) => Self::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (name, value.opened()))
                    .collect(),
            ),
            value => value,
        }
    }

    /// Returns the same as a plain value.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Raw(raw) => serde_json::from_str(raw.get()).unwrap_or(Value::Null),
            Self::Array(items) => items.iter().map(Self::to_value).collect(),
            Self::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), value.to_value()))
                    .collect(),
            ),
        }
    }

    /// Adds a member to an object; anything else stays as it is.
    pub fn insert(&mut self, name: &str, value: impl Into<Json>) {
        match self {
            Self::Object(fields) => {
                fields.retain(|(known, _)| known != name);
                fields.push((name.to_owned(), value.into()));
            }
            Self::Value(Value::Object(fields)) => {
                fields.insert(name.to_owned(), value.into().to_value());
            }
            _ => {}
        }
    }
}

/// Builds a [`Json`] object from names and values, in this order.
macro_rules! object {
    ($($name:literal : $value:expr),* $(,)?) => {
        $crate::json::Json::Object(vec![
            $(($name.to_owned(), $crate::json::Json::from($value))),*
        ])
    };
}
pub(crate) use object;

macro_rules! from_values {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Json {
            fn from(value: $kind) -> Self {
                Self::Value(Value::from(value))
            }
        }
    )*};
}
from_values!(Value, &str, String, bool, i32, i64, u64, u16, u8, usize, f64, serde_json::Map<String, Value>);

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Self {
        Self::Array(items)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    sequence.serialize_element(item)?;
                }
                sequence.end()
            }
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Value(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = access.next_entry()? {
            fields.push(entry);
        }
        Ok(Json::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order() {
        let text = r#"{"z":1,"a":{"y":[true,null,1.5],"b":"c"}}"#;
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap_or_default();
        assert_eq!(
            serde_json::to_string(&Json::parse(&raw)).ok().as_deref(),
            Some(text)
        );
        let shown = object! {"z": 1, "raw": Json::Raw(raw.into()), "a": vec![Json::from("x")]};
        let sent = serde_json::to_string(&shown).unwrap_or_default();
        assert_eq!(sent, format!(r#"{{"z":1,"raw":{text},"a":["x"]}}"#));
    }
}
