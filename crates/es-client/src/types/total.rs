//! The number of hits, which has two forms.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value};

use super::{
    lenient::{Lenient, Read},
    object::object,
};

object! {
    #[derive(Debug)]
    pub(super) struct TotalObject {
        /// The number.
        pub value: Option<i64>,
        /// The relation.
        pub relation: String,
    }
}

/// The number of matching documents.
///
/// ```
/// use es_client::SearchResponse;
///
/// let found: SearchResponse<()> = serde_json::from_str(
///     r#"{"hits": {"total": {"value": 10000, "relation": "gte"}, "hits": []}}"#,
/// )?;
/// assert_eq!(found.total(), Some(10_000));
/// // There may be more: set `track_total_hits` to count them all.
/// assert_eq!(found.hits.total.unwrap().relation, "gte");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Total {
    /// The number; `None` if it is not in the response.
    pub value: Option<i64>,
    /// `eq`, or `gte` if the number is a lower bound; empty if it is not in the response.
    pub relation: String,
    /// The members without a field.
    pub other: Map<String, Value>,
}

impl Total {
    pub(super) fn exactly(value: i64) -> Self {
        Self {
            value: Some(value),
            relation: "eq".to_owned(),
            other: Map::new(),
        }
    }
}

impl<'de> Deserialize<'de> for Total {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Lenient::read(from)
    }
}

/// Reads an object or, with `rest_total_hits_as_int`, a number: -1 if nobody counted.
impl<'de> Lenient<'de> for Total {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TotalVisitor)
    }
}

struct TotalVisitor;

impl<'de> Visitor<'de> for TotalVisitor {
    type Value = Total;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of hits, alone or with its relation")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Total, A::Error> {
        let Read(TotalObject {
            value,
            relation,
            other,
        }) = Read::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Total {
            value,
            relation,
            other,
        })
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Total, E> {
        if value < 0 {
            return Ok(Total {
                value: None,
                relation: String::new(),
                other: Map::new(),
            });
        }
        Ok(Total::exactly(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Total, E> {
        i64::try_from(value)
            .map(Total::exactly)
            .map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Total, E> {
        let number = text
            .trim()
            .parse()
            .map_err(|_| E::custom("the total is not a number"))?;
        self.visit_i64(number)
    }
}
