//! Date math: `now-1d/d`, `2024-01-01||+1M`, and rounding to units of the calendar.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Zoned};

use super::format::Format;
use super::timestamp;
use crate::api::error::ApiError;

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

impl Unit {
    fn of_letter(letter: char) -> Option<Self> {
        Some(match letter {
            'y' => Self::Year,
            'M' => Self::Month,
            'w' => Self::Week,
            'd' => Self::Day,
            'h' | 'H' => Self::Hour,
            'm' => Self::Minute,
            's' => Self::Second,
            _ => return None,
        })
    }
}

/// Milliseconds since 1970 by the wall clock.
pub(crate) fn now_millis() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Reads a time zone: a name, `Z` or an offset.
///
/// # Errors
/// 400 for one that there is not.
pub(crate) fn zone(text: &str) -> Result<TimeZone, ApiError> {
    let wrong = || ApiError::illegal_argument(format!("Unknown time-zone ID: {text}"));
    if matches!(text, "Z" | "UTC" | "GMT") {
        return Ok(TimeZone::UTC);
    }
    if let Some(rest) = text.strip_prefix(['+', '-']) {
        let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
        let number = |text: &str| text.parse::<i32>().map_err(|_| wrong());
        let seconds = number(hours)? * 3600 + number(minutes)? * 60;
        let signed = if text.starts_with('-') {
            -seconds
        } else {
            seconds
        };
        return Ok(TimeZone::fixed(
            Offset::from_seconds(signed).map_err(|_| wrong())?,
        ));
    }
    TimeZone::get(text).map_err(|_| wrong())
}

pub(crate) fn in_zone(millis: i64, zone: &TimeZone) -> Zoned {
    timestamp(millis).to_zoned(zone.clone())
}

/// Moves a time by some units.
pub(crate) fn add(millis: i64, count: i64, unit: Unit, zone: &TimeZone) -> Option<i64> {
    let span = Span::new();
    let span = match unit {
        Unit::Year => span.try_years(count),
        Unit::Quarter => span.try_months(count.checked_mul(3)?),
        Unit::Month => span.try_months(count),
        Unit::Week => span.try_weeks(count),
        Unit::Day => span.try_days(count),
        Unit::Hour => span.try_hours(count),
        Unit::Minute => span.try_minutes(count),
        Unit::Second => span.try_seconds(count),
    };
    let moved = in_zone(millis, zone).checked_add(span.ok()?).ok()?;
    Some(moved.timestamp().as_millisecond())
}

/// Rounds a time down to the beginning of its unit.
pub(crate) fn round(millis: i64, unit: Unit, zone: &TimeZone) -> i64 {
    let at = in_zone(millis, zone);
    let date = at.date();
    let first = match unit {
        Unit::Hour | Unit::Minute | Unit::Second => {
            let step = match unit {
                Unit::Hour => 3_600_000,
                Unit::Minute => 60_000,
                _ => 1_000,
            };
            let shift = i64::from(at.offset().seconds()) * 1000;
            return (millis + shift).div_euclid(step) * step - shift;
        }
        Unit::Day => Some(date),
        Unit::Week => {
            let back = i64::from(date.weekday().to_monday_zero_offset());
            Span::new()
                .try_days(back)
                .ok()
                .and_then(|span| date.checked_sub(span).ok())
        }
        Unit::Month => Some(date.first_of_month()),
        Unit::Quarter => date
            .first_of_month()
            .with()
            .month((date.month() - 1) / 3 * 3 + 1)
            .build()
            .ok(),
        Unit::Year => Some(date.first_of_year()),
    };
    let start = first.and_then(|date| date.to_zoned(zone.clone()).ok());
    start.map_or(millis, |start| start.timestamp().as_millisecond())
}

/// Reads a date that may be followed by date math. With `up`, what the text leaves open is filled
/// with its last moment, as `gt` and `lte` do it.
///
/// # Errors
/// 400 for what is no date of this format.
pub(crate) fn parse_math(
    text: &str,
    format: &Format,
    zone: &TimeZone,
    up: bool,
    now: i64,
) -> Result<i64, ApiError> {
    let failed = |what: &str| {
        ApiError::bad_request(
            "parse_exception",
            format!(
                "failed to parse date field [{text}] with format [{}]{what}",
                format.text()
            ),
        )
    };
    let (start, math) = match text.strip_prefix("now") {
        Some(math) => (now, math),
        None => {
            let (date, math) = text.split_once("||").unwrap_or((text, ""));
            let parsed = format.read(date, zone).ok_or_else(|| failed(""))?;
            (
                if up && math.is_empty() {
                    parsed.latest
                } else {
                    parsed.millis
                },
                math,
            )
        }
    };
    let mut millis = start;
    let mut letters = math.chars().peekable();
    while let Some(operator) = letters.next() {
        let mut number = String::new();
        while let Some(digit) = letters.next_if(char::is_ascii_digit) {
            number.push(digit);
        }
        let unit = letters.next().and_then(Unit::of_letter);
        let unit = unit.ok_or_else(|| failed(": [unit not supported for date math]"))?;
        let count: i64 = if number.is_empty() {
            1
        } else {
            number.parse().unwrap_or(1)
        };
        millis = match operator {
            '+' => add(millis, count, unit, zone),
            '-' => add(millis, -count, unit, zone),
            '/' if number.is_empty() || number == "1" => {
                let down = round(millis, unit, zone);
                if up {
                    add(down, 1, unit, zone).map(|next| next - 1)
                } else {
                    Some(down)
                }
            }
            _ => None,
        }
        .ok_or_else(|| failed(": [operator not supported for date math]"))?;
    }
    Ok(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_and_rounds() {
        let format = Format::default();
        let read = |text, up| {
            parse_math(text, &format, &TimeZone::UTC, up, 0)
                .map(super::super::iso_date)
                .ok()
        };
        assert_eq!(
            read("2024-01-31||+1M", false).as_deref(),
            Some("2024-02-29T00:00:00.000Z")
        );
        assert_eq!(
            read("2024-03-06T10:00:00||/w", false).as_deref(),
            Some("2024-03-04T00:00:00.000Z")
        );
        assert_eq!(
            read("2024-03-06||/M", true).as_deref(),
            Some("2024-03-31T23:59:59.999Z")
        );
        assert_eq!(
            read("2024-03-06", true).as_deref(),
            Some("2024-03-06T23:59:59.999Z")
        );
        assert_eq!(
            read("now-1d", false).as_deref(),
            Some("1969-12-31T00:00:00.000Z")
        );
        assert_eq!(read("now-1x", false), None);
    }

    #[test]
    fn days_begin_in_their_zone() {
        let berlin = zone("Europe/Berlin").unwrap_or(TimeZone::UTC);
        assert_eq!(
            super::super::iso_date(round(1_709_251_200_000, Unit::Day, &berlin)),
            "2024-02-29T23:00:00.000Z"
        );
        assert!(zone("Mars/North").is_err());
    }
}
