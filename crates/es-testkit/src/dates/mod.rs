//! Dates: formats, date math, rounding. The calendar and the time zones are jiff's.

mod format;
mod math;

pub(crate) use format::Format;
pub(crate) use math::{Unit, add, in_zone, now_millis, parse_math, round, zone};

use std::time::Duration;

use jiff::Timestamp;

/// Returns a time as the default format prints it, `2024-03-01T00:00:00.000Z`.
#[cfg(test)]
pub(crate) fn iso_date(millis: i64) -> String {
    Format::default().print(millis, &jiff::tz::TimeZone::UTC)
}

/// A time by its milliseconds since 1970; the nearest one that jiff knows.
pub(crate) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// Reads a number with a unit of time. Except for minutes, capital letters are the same units.
pub(crate) fn parse_time(text: &str) -> Option<Duration> {
    let text = text.trim();
    let number = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let count = number.trim().parse::<i64>().ok()?.try_into().ok()?;
    let seconds = |factor: u64| Some(Duration::from_secs(u64::saturating_mul(count, factor)));
    let unit = text.get(number.len()..)?;
    let lowered = unit.to_ascii_lowercase();
    match if unit == "M" { unit } else { &lowered } {
        "d" => seconds(86_400),
        "h" => seconds(3_600),
        "m" => seconds(60),
        "s" => seconds(1),
        "ms" => Some(Duration::from_millis(count)),
        "micros" => Some(Duration::from_micros(count)),
        "nanos" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}
