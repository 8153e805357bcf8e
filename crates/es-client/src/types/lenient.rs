//! What one server says as a number and another as text.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A list, of which one item may stand alone; `null` is an empty one.
pub(super) fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        one => text(&one).into_iter().collect(),
    })
}

/// Names in a list, or as the keys of an object; `null` is an empty one.
pub(super) fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Object(named) => named.into_iter().map(|(name, _)| name).collect(),
        Value::Array(items) => items.iter().filter_map(text).collect(),
        _ => Vec::new(),
    })
}

/// A text, a number or a truth value as text; `None` for anything else.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// Reads a time as Elasticsearch writes it: `250ms`, `1.5s`, `2m`, `3h`, `4d`,
/// `10micros`, `10nanos`. `None` for what is no such time, `-1` included.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(es_client::types::parse_duration("1.5s"), Some(Duration::from_millis(1_500)));
/// assert_eq!(es_client::types::parse_duration("-1"), None);
/// ```
pub fn parse_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 7] = [
        ("nanos", 1e-9),
        ("micros", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3_600.0),
        ("d", 86_400.0),
    ];
    let (number, unit) = split(text);
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Duration::try_from_secs_f64(number? * seconds).ok()
}

/// Reads a size as Elasticsearch writes it, into bytes: `225b`, `1.2kb`, `3mb`,
/// `4gb`, `5tb`, `6pb`; steps of 1,024. A number without unit is bytes.
///
/// ```
/// assert_eq!(es_client::types::parse_bytes("1.5kb"), Some(1_536));
/// ```
pub fn parse_bytes(text: &str) -> Option<u64> {
    const UNITS: [&str; 6] = ["b", "kb", "mb", "gb", "tb", "pb"];
    let (number, unit) = split(text);
    if unit.is_empty() {
        return text.trim().parse().ok();
    }
    let unit = unit.to_ascii_lowercase();
    let power = UNITS.iter().position(|name| *name == unit)?;
    let bytes = number? * 1_024_f64.powi(i32::try_from(power).ok()?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    (bytes >= 0.0).then_some(bytes.round() as u64)
}

fn split(text: &str) -> (Option<f64>, &str) {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number.trim().parse().ok(), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read_with_their_units() {
        assert_eq!(parse_duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse_duration("2d"), Some(Duration::from_secs(172_800)));
        assert_eq!(parse_duration("5"), None);
        assert_eq!(parse_duration("-3s"), None);
        assert_eq!(parse_bytes("225b"), Some(225));
        assert_eq!(parse_bytes("2gb"), Some(2_147_483_648));
        assert_eq!(parse_bytes("18014398509481984"), Some(18_014_398_509_481_984));
        assert_eq!(parse_bytes("much"), None);
    }
}
