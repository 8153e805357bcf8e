//! Times and sizes as Elasticsearch writes them.

use std::time::Duration;

/// Parses a duration in Elasticsearch's format: `250ms`, `1.5s`, `2m`, `3h`, `4d`,
/// `10micros`, `10nanos`. Returns `None` for any other text, including `-1`.
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

/// Parses a size in Elasticsearch's format into bytes: `225b`, `1.2kb`, `3mb`, `4gb`,
/// `5tb`, `6pb`, with factors of 1,024. A number without unit is in bytes.
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
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates"
    )]
    (bytes >= 0.0).then_some(bytes.round() as u64)
}

fn split(text: &str) -> (Option<f64>, &str) {
    let text = text.trim();
    let end = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
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
        assert_eq!(
            parse_bytes("18014398509481984"),
            Some(18_014_398_509_481_984)
        );
        assert_eq!(parse_bytes("much"), None);
    }
}
