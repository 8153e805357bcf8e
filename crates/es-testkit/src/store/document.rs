//! One document and the conditions a write may carry.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::mapping::Entry;
use crate::api::error::ApiError;
use crate::json::Json;

/// A stored document.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub id: String,
    /// The document as it was sent.
    pub raw: Arc<RawValue>,
    pub entry: Entry,
    pub version: u64,
    pub seq_no: u64,
    pub primary_term: u64,
    pub routing: Option<String>,
    pub shard: u32,
}

impl Document {
    /// Returns the document as a value.
    pub fn source(&self) -> Value {
        serde_json::from_str(self.raw.get()).unwrap_or(Value::Null)
    }
}

/// A document to be written: its text, and the same as a value.
#[derive(Clone, Debug)]
pub(crate) struct NewSource {
    pub raw: Arc<RawValue>,
    pub value: Value,
}

impl NewSource {
    /// Reads a document.
    ///
    /// # Errors
    /// 400 for what is no JSON object, or has a member twice.
    pub fn read(text: &[u8]) -> Result<Self, ApiError> {
        let failed = |error: &serde_json::Error| {
            // Where no value follows, the server fails while it reads the rest.
            let rest = text
                .get(whole_value(text)..)
                .unwrap_or_default()
                .trim_ascii_start();
            let starts = |letter: &u8| b"{[\"-0123456789".contains(letter);
            let is_value = rest.first().is_some_and(starts);
            if error.to_string().starts_with("trailing characters") && is_value {
                return ApiError::illegal_argument(
                    "Malformed content, found extra data after parsing",
                );
            }
            let place = (error.line(), error.column());
            ApiError::bad_request(
                "document_parsing_exception",
                format!("[{}:{}] failed to parse: {error}", place.0, place.1),
            )
        };
        let raw: Box<RawValue> = serde_json::from_slice(text).map_err(|error| failed(&error))?;
        let json: Json = serde_json::from_str(raw.get()).map_err(|error| failed(&error))?;
        if let Some(name) = repeated(&json) {
            return Err(ApiError::bad_request(
                "document_parsing_exception",
                format!("[1:1] failed to parse: [1:1] Duplicate field '{name}'"),
            ));
        }
        if !matches!(json, Json::Object(_)) {
            return Err(ApiError::bad_request(
                "document_parsing_exception",
                "[1:1] failed to parse: the document is not an object",
            ));
        }
        Ok(Self {
            value: json.to_value(),
            raw: raw.into(),
        })
    }

    /// Writes a document that was made here.
    pub fn of(json: &Json) -> Self {
        let text = serde_json::to_string(json).unwrap_or_default();
        let raw = RawValue::from_string(text).unwrap_or_default();
        Self {
            value: json.to_value(),
            raw: raw.into(),
        }
    }
}

/// Returns where the first value of a text ends.
fn whole_value(text: &[u8]) -> usize {
    let mut values =
        serde_json::Deserializer::from_slice(text).into_iter::<serde::de::IgnoredAny>();
    values.next();
    values.byte_offset()
}

/// Returns the name of a member that an object has twice.
pub(crate) fn repeated(json: &Json) -> Option<&str> {
    match json {
        Json::Object(fields) => {
            let mut seen = BTreeSet::new();
            fields.iter().find_map(|(name, value)| {
                if seen.insert(name) {
                    repeated(value)
                } else {
                    Some(name.as_str())
                }
            })
        }
        Json::Array(items) => items.iter().find_map(repeated),
        _ => None,
    }
}

/// The conditions that a write expects to hold.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expected {
    /// The document must not exist yet (`op_type=create`).
    pub absent: bool,
    /// `if_seq_no` and `if_primary_term`.
    pub seq_no_and_term: Option<(u64, u64)>,
    /// `version` with `version_type=external` (or `external_gte`, when the flag is set).
    pub external_version: Option<(u64, bool)>,
}
