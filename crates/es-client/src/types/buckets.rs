use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Map, Value};

use super::aggs::Aggregations;

/// The buckets of an aggregation.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Buckets {
    /// The buckets.
    #[serde(deserialize_with = "listed_or_keyed")]
    pub buckets: Vec<Bucket>,
    /// How many documents are in none of the buckets that are shown (terms).
    #[serde(default)]
    pub sum_other_doc_count: Option<u64>,
    /// By how much counts may be too small (terms); -1 for unknown.
    #[serde(default)]
    pub doc_count_error_upper_bound: Option<i64>,
    /// The key to go on after (composite); `None` after the last page.
    #[serde(default)]
    pub after_key: Option<Value>,
}

impl Buckets {
    /// The buckets in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Bucket> {
        self.buckets.iter()
    }

    /// The bucket with this key, as [`Bucket::key`] shows it.
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

/// One bucket of several.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Bucket {
    /// Its key: a text, a number, milliseconds since 1970, or an object (composite).
    pub key: Value,
    /// Its key as text, where the key is none.
    pub key_as_string: Option<String>,
    /// How many documents are in it.
    pub doc_count: u64,
    /// Where its range starts.
    pub from: Option<f64>,
    /// Where its range ends, itself not in it.
    pub to: Option<f64>,
    /// What else is told of it, such as `score` and `bg_count` of a significant term.
    pub other: Map<String, Value>,
    aggregations: Aggregations,
}

impl Bucket {
    /// Its key as text: as the server shows it, else as JSON.
    pub fn key(&self) -> Cow<'_, str> {
        match (&self.key_as_string, &self.key) {
            (Some(text), _) | (None, Value::String(text)) => Cow::Borrowed(text),
            (None, key) => Cow::Owned(key.to_string()),
        }
    }

    /// The aggregations within.
    pub fn aggs(&self) -> &Aggregations {
        &self.aggregations
    }

    /// Where buckets are an object, their names in it are their keys as text.
    fn named(name: String, mut parts: Map<String, Value>) -> Self {
        let key = parts.entry("key").or_insert_with(|| Value::String(name.clone()));
        if !key.is_string() {
            parts.insert("key_as_string".to_owned(), Value::String(name));
        }
        Self::new(parts)
    }

    /// Whatever is no object is no aggregation.
    fn new(mut parts: Map<String, Value>) -> Self {
        let text = |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        };
        let mut bucket = Self {
            key: parts.remove("key").unwrap_or_default(),
            key_as_string: parts.remove("key_as_string").and_then(text),
            doc_count: parts.remove("doc_count").and_then(|n| n.as_u64()).unwrap_or_default(),
            from: parts.remove("from").and_then(|n| n.as_f64()),
            to: parts.remove("to").and_then(|n| n.as_f64()),
            ..Self::default()
        };
        for (name, value) in parts {
            if value.is_object() {
                bucket.aggregations.0.insert(name, value);
            } else {
                bucket.other.insert(name, value);
            }
        }
        bucket
    }
}

fn within(parts: Map<String, Value>) -> Aggregations {
    Aggregations(parts.into_iter().filter(|(_, value)| value.is_object()).collect())
}

fn listed_or_keyed<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Bucket>, D::Error> {
    match Value::deserialize(from)? {
        Value::Array(buckets) => buckets
            .into_iter()
            .map(|bucket| match bucket {
                Value::Object(parts) => Ok(Bucket::new(parts)),
                _ => Err(D::Error::custom("a bucket is no object")),
            })
            .collect(),
        Value::Object(buckets) => buckets
            .into_iter()
            .map(|(key, bucket)| match bucket {
                Value::Object(parts) => Ok(Bucket::named(key, parts)),
                _ => Err(D::Error::custom("a bucket is no object")),
            })
            .collect(),
        _ => Err(D::Error::custom("buckets are neither a list nor an object")),
    }
}

/// The bucket of an aggregation that has only one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
#[non_exhaustive]
pub struct SingleBucket {
    /// How many documents are in it.
    pub doc_count: u64,
    aggregations: Aggregations,
}

impl SingleBucket {
    /// The aggregations within.
    pub fn aggs(&self) -> &Aggregations {
        &self.aggregations
    }
}

impl TryFrom<Map<String, Value>> for SingleBucket {
    type Error = &'static str;

    fn try_from(parts: Map<String, Value>) -> Result<Self, &'static str> {
        let doc_count =
            parts.get("doc_count").and_then(Value::as_u64).ok_or("it has no `doc_count`")?;
        Ok(Self { doc_count, aggregations: within(parts) })
    }
}
