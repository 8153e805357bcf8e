use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{SeqAccess, Visitor},
    ser::Error as _,
};

/// A dense vector of a document, and how it is written into JSON.
///
/// By default, it is serialized as a list of numbers, which every server accepts.
/// Base64 needs less than half the bytes, and is faster to parse:
///
/// | encoding | accepted by |
/// | --- | --- |
/// | [`Numbers`](VectorEncoding::Numbers) | every server |
/// | [`Base64`](VectorEncoding::Base64) | Elasticsearch 9.3 and later |
/// | [`Base64LittleEndian`](VectorEncoding::Base64LittleEndian) | OpenSearch 3.9 and later |
///
/// Since 9.2, Elasticsearch omits vectors from `_source` by default. To read a document
/// with its vectors, set `source_exclude_vectors(false)`. Indexing it again without them
/// erases them, so the field should not be an `Option` if it must be kept.
///
/// ```
/// use es_client::types::{Vector, VectorEncoding};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Product {
///     title: String,
///     embedding: Vector,
/// }
///
/// let embedding = Vector::from([0.5, -1.0]);
/// assert_eq!(serde_json::to_string(&embedding)?, "[0.5,-1.0]");
///
/// let compact = embedding.with_encoding(VectorEncoding::Base64);
/// assert_eq!(serde_json::to_string(&compact)?, r#""PwAAAL+AAAA=""#);
/// let read: Vector = serde_json::from_str(r#""PwAAAL+AAAA=""#)?;
/// assert_eq!(read.as_slice(), [0.5, -1.0]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vector {
    values: Vec<f32>,
    encoding: VectorEncoding,
}

/// The JSON form of a [`Vector`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum VectorEncoding {
    /// A list of numbers.
    #[default]
    Numbers,
    /// Base64 of the values as big-endian 32-bit floats, as Elasticsearch reads it.
    Base64,
    /// Base64 of the values as little-endian 32-bit floats, as OpenSearch reads it.
    ///
    /// The byte order cannot be detected, so this encoding is not used when reading;
    /// see [`Vector::from_base64`].
    Base64LittleEndian,
}

impl Vector {
    /// Creates a vector that is written as a list of numbers.
    pub fn new(values: impl Into<Vec<f32>>) -> Self {
        Self {
            values: values.into(),
            encoding: VectorEncoding::Numbers,
        }
    }

    /// Sets the encoding of the vector. Default: the one that it was read with, or
    /// [`VectorEncoding::Numbers`].
    #[must_use]
    pub fn with_encoding(mut self, encoding: VectorEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Decodes Base64 of 32-bit floats in the byte order of `encoding`: little-endian for
    /// [`VectorEncoding::Base64LittleEndian`], otherwise big-endian. Returns `None` if the
    /// text is not valid.
    ///
    /// ```
    /// use es_client::types::{Vector, VectorEncoding};
    ///
    /// let read = Vector::from_base64("AAAAPw==", VectorEncoding::Base64LittleEndian);
    /// assert_eq!(read.unwrap().into_vec(), [0.5]);
    /// ```
    pub fn from_base64(text: &str, encoding: VectorEncoding) -> Option<Self> {
        let bytes = STANDARD.decode(text).ok()?;
        let (chunks, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return None;
        }
        let value = |bytes: &[u8; 4]| match encoding {
            VectorEncoding::Base64LittleEndian => f32::from_le_bytes(*bytes),
            VectorEncoding::Numbers | VectorEncoding::Base64 => f32::from_be_bytes(*bytes),
        };
        Some(Self {
            values: chunks.iter().map(value).collect(),
            encoding,
        })
    }

    /// Returns the values.
    pub fn as_slice(&self) -> &[f32] {
        &self.values
    }

    /// Returns the values.
    pub fn into_vec(self) -> Vec<f32> {
        self.values
    }

    /// Returns the encoding of the vector.
    pub fn encoding(&self) -> VectorEncoding {
        self.encoding
    }

    fn to_base64(&self, bytes: fn(f32) -> [u8; 4]) -> String {
        let bytes: Vec<u8> = self.values.iter().flat_map(|value| bytes(*value)).collect();
        STANDARD.encode(bytes)
    }
}

impl From<Vec<f32>> for Vector {
    fn from(values: Vec<f32>) -> Self {
        Self::new(values)
    }
}

impl<const N: usize> From<[f32; N]> for Vector {
    fn from(values: [f32; N]) -> Self {
        Self::new(values)
    }
}

impl From<Vector> for Vec<f32> {
    fn from(vector: Vector) -> Self {
        vector.values
    }
}

impl AsRef<[f32]> for Vector {
    fn as_ref(&self) -> &[f32] {
        &self.values
    }
}

impl Serialize for Vector {
    /// Fails if a value is not finite: JSON has no number for it, and no server stores it.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if let Some(at) = self.values.iter().position(|value| !value.is_finite()) {
            return Err(S::Error::custom(format_args!(
                "value {at} of the vector is not finite"
            )));
        }
        match self.encoding {
            VectorEncoding::Numbers => self.values.serialize(to),
            VectorEncoding::Base64 => to.serialize_str(&self.to_base64(f32::to_be_bytes)),
            VectorEncoding::Base64LittleEndian => {
                to.serialize_str(&self.to_base64(f32::to_le_bytes))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Vector {
    /// Reads a list of numbers, or base64 of big-endian 32-bit floats.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(VectorVisitor)
    }
}

struct VectorVisitor;

impl<'de> Visitor<'de> for VectorVisitor {
    type Value = Vector;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers, or base64 of big-endian 32-bit floats")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vector, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element()? {
            values.push(value);
        }
        Ok(Vector::new(values))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vector, E> {
        Vector::from_base64(text, VectorEncoding::Base64)
            .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn vectors_survive_both_forms() {
        let values = [0.1_f32, -2.5, f32::MIN_POSITIVE, 3.0e38, 0.0];
        for encoding in [VectorEncoding::Numbers, VectorEncoding::Base64] {
            let vector = Vector::from(values).with_encoding(encoding);
            let json = serde_json::to_value(&vector).unwrap();
            assert_eq!(json.is_string(), encoding == VectorEncoding::Base64);
            assert_eq!(serde_json::from_value::<Vector>(json).unwrap(), vector);
        }
    }

    /// The pair that Elasticsearch's own tests use.
    #[test]
    fn base64_is_big_endian() {
        let vector = Vector::from([0.1, 0.2, 0.3]).with_encoding(VectorEncoding::Base64);
        assert_eq!(
            serde_json::to_value(&vector).unwrap(),
            json!("PczMzT5MzM0+mZma")
        );
    }

    #[test]
    fn little_endian_is_read_only_on_request() {
        let vector = Vector::from([0.5]).with_encoding(VectorEncoding::Base64LittleEndian);
        let json = serde_json::to_value(&vector).unwrap();
        assert_eq!(json, json!("AAAAPw=="));
        let read = Vector::from_base64("AAAAPw==", VectorEncoding::Base64LittleEndian);
        assert_eq!(read, Some(vector));
    }

    #[test]
    fn other_texts_are_errors() {
        for wrong in [
            json!("no base64"),
            json!("AAAA"),
            json!({"a": 1}),
            json!(["x"]),
            json!(null),
        ] {
            assert!(
                serde_json::from_value::<Vector>(wrong.clone()).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn non_finite_values_are_not_written() {
        for encoding in [VectorEncoding::Numbers, VectorEncoding::Base64] {
            let vector = Vector::from([1.0, f32::NAN]).with_encoding(encoding);
            let error = serde_json::to_value(&vector).unwrap_err();
            assert_eq!(error.to_string(), "value 1 of the vector is not finite");
        }
    }
}
