use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

use super::{
    aggs::Aggregations,
    lenient::{Lenient, Read},
    object::object,
};

object! {
    /// The buckets of an aggregation, in the server's order.
    #[derive(Clone, Debug)]
    pub struct Buckets {
        /// The buckets.
        pub buckets: Vec<Bucket>,
        /// The number of documents that are not in the returned buckets (terms).
        pub sum_other_doc_count: Option<i64>,
        /// The maximum error of the counts (terms); -1 if unknown.
        pub doc_count_error_upper_bound: Option<i64>,
        /// The key after which the next page starts (composite); `None` after the last
        /// page.
        pub after_key: Option<Value>,
    }
}

impl Buckets {
    /// Returns the buckets in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Bucket> {
        self.buckets.iter()
    }

    /// Returns the bucket with this key, as [`Bucket::key`] shows it.
    ///
    /// ```
    /// use es_client::types::Aggregations;
    ///
    /// let aggs: Aggregations = serde_json::from_str(
    ///     r#"{"sold_out": {"buckets": [{"key": 1, "key_as_string": "true", "doc_count": 3}]}}"#,
    /// )?;
    /// let buckets = aggs.terms("sold_out")?;
    /// assert_eq!(buckets.get("true").map(|bucket| bucket.doc_count), Some(3));
    /// assert!(buckets.get("false").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get(&self, key: &str) -> Option<&Bucket> {
        self.iter().find(|bucket| bucket.key() == key)
    }
}

impl<'a> IntoIterator for &'a Buckets {
    type Item = &'a Bucket;
    type IntoIter = std::slice::Iter<'a, Bucket>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A bucket of several.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Bucket {
    /// The key: a text, a number, milliseconds since 1970, or an object (composite).
    pub key: Value,
    /// The key as text, if the key is none.
    pub key_as_string: Option<String>,
    /// The number of documents in the bucket.
    pub doc_count: i64,
    /// The inclusive lower bound of a range, if it is a number. Other bounds, such as
    /// addresses, are in `other`.
    pub from: Option<f64>,
    /// The exclusive upper bound of a range, if it is a number.
    pub to: Option<f64>,
    /// All other properties, such as `score` and `bg_count` of a significant term.
    pub other: Map<String, Value>,
    aggregations: Aggregations,
}

impl Bucket {
    /// Returns the key as text: as the server shows it, else as JSON.
    pub fn key(&self) -> Cow<'_, str> {
        match (&self.key_as_string, &self.key) {
            (Some(text), _) | (None, Value::String(text)) => Cow::Borrowed(text),
            (None, key) => Cow::Owned(key.to_string()),
        }
    }

    /// Returns the aggregations within the bucket.
    pub fn aggs(&self) -> &Aggregations {
        &self.aggregations
    }

    /// In an object of buckets, their names are their keys as text.
    fn named(mut self, name: String) -> Self {
        match self.key {
            Value::Null => self.key = Value::String(name),
            Value::String(_) => {}
            _ => self.key_as_string = Some(name),
        }
        self
    }

    /// Takes a member that is a number, a text or a key.
    fn set(&mut self, name: String, value: Value) {
        let number = |value: &Value| match value {
            Value::String(text) => text.parse().ok(),
            value => value.as_f64(),
        };
        match (&*name, value) {
            ("key", value) => self.key = value,
            ("key_as_string", Value::String(text)) => self.key_as_string = Some(text),
            ("doc_count", Value::Number(count)) if count.as_i64().is_some() => {
                self.doc_count = count.as_i64().unwrap_or_default();
            }
            ("from", value) if number(&value).is_some() => self.from = number(&value),
            ("to", value) if number(&value).is_some() => self.to = number(&value),
            ("from" | "to" | "key_as_string", Value::Null) => {}
            (_, value) => drop(self.other.insert(name, value)),
        }
    }
}

impl<'de> Lenient<'de> for Bucket {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        BucketVisitor { object_key: true }.deserialize(from)
    }

    fn read_list<D: Deserializer<'de>>(from: D) -> Result<Vec<Self>, D::Error> {
        from.deserialize_any(BucketsVisitor)
    }
}

struct BucketVisitor {
    /// Whether the key may be an object (composite).
    object_key: bool,
}

impl<'de> DeserializeSeed<'de> for BucketVisitor {
    type Value = Bucket;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Bucket, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for BucketVisitor {
    type Value = Bucket;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bucket")
    }

    /// An object is an aggregation, whatever its name: callers may have named one `key` or
    /// `from`, which then comes after the bucket's own.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bucket, A::Error> {
        let mut bucket = Bucket::default();
        while let Some(name) = map.next_key::<String>()? {
            let raw = map.next_value::<Box<RawValue>>()?;
            let is_key = self.object_key && name == "key" && bucket.key.is_null();
            if raw.get().starts_with('{') && !is_key {
                bucket.aggregations.0.push((name, raw));
            } else {
                let Read(value) =
                    Deserialize::deserialize(&mut serde_json::Deserializer::from_str(raw.get()))
                        .map_err(serde::de::Error::custom)?;
                bucket.set(name, value);
            }
        }
        Ok(bucket)
    }
}

/// Buckets are a list, or an object by their keys.
struct BucketsVisitor;

impl<'de> Visitor<'de> for BucketsVisitor {
    type Value = Vec<Bucket>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object of buckets")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut buckets = Vec::new();
        while let Some(Read(bucket)) = items.next_element()? {
            buckets.push(bucket);
        }
        Ok(buckets)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut buckets = Vec::new();
        while let Some(name) = map.next_key()? {
            let bucket = map.next_value_seed(BucketVisitor { object_key: false })?;
            buckets.push(bucket.named(name));
        }
        Ok(buckets)
    }
}

/// The bucket of an aggregation that has only one.
///
/// ```
/// use es_client::types::Aggregations;
///
/// let aggs: Aggregations = serde_json::from_str(
///     r#"{"cheap": {"doc_count": 3, "price": {"value": 12.5}}}"#,
/// )?;
/// let cheap = aggs.filter("cheap")?;
/// assert_eq!(cheap.doc_count, 3);
/// assert_eq!(cheap.aggs().avg("price")?, Some(12.5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SingleBucket {
    /// The number of documents in the bucket.
    pub doc_count: i64,
    /// All other properties, by name.
    pub other: Map<String, Value>,
    aggregations: Aggregations,
}

impl SingleBucket {
    /// Returns the aggregations within the bucket.
    pub fn aggs(&self) -> &Aggregations {
        &self.aggregations
    }
}

impl<'de> Deserialize<'de> for SingleBucket {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Bucket {
            doc_count,
            other,
            aggregations,
            ..
        } = BucketVisitor { object_key: false }.deserialize(from)?;
        Ok(Self {
            doc_count,
            other,
            aggregations,
        })
    }
}
