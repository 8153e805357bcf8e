//! The number of hits, which has two forms.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// How many documents match.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Total {
    /// The number.
    pub value: u64,
    /// `eq`, or `gte` where counting stopped there.
    pub relation: String,
}

/// Reads it in either form: with `rest_total_hits_as_int` it is a bare number,
/// which is exact, or -1 where nobody counted.
pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Total>, D::Error> {
    from.deserialize_any(EitherForm)
}

struct EitherForm;

impl<'de> Visitor<'de> for EitherForm {
    type Value = Option<Total>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of hits, alone or with its relation")
    }

    fn visit_map<A: MapAccess<'de>>(self, parts: A) -> Result<Self::Value, A::Error> {
        Total::deserialize(MapAccessDeserializer::new(parts)).map(Some)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Total { value, relation: "eq".to_owned() }))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
