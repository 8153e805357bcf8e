//! Dates: formats, date math, rounding. The calendar and the time zones are jiff's.

mod format;
mod math;

pub(crate) use format::Format;
pub(crate) use math::{Unit, add, in_zone, now_millis, parse_math, round, zone};

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
