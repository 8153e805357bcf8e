//! Date formats: named ones and patterns.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::timestamp;
use crate::api::error::ApiError;

/// A date format, or several separated by `||`; the first one prints.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Format {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// ISO 8601 of any length.
    Iso {
        strict: bool,
    },
    Millis,
    Seconds,
    Pattern(Vec<Item>),
}

#[derive(Clone, Debug, PartialEq)]
enum Item {
    /// A field of a date: its letter and width.
    Field(char, usize),
    Text(char),
}

/// A date that was read, and from where on its fields were missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parsed {
    pub millis: i64,
    /// The last millisecond that the text may stand for.
    pub latest: i64,
}

impl Default for Format {
    fn default() -> Self {
        Self {
            text: "strict_date_optional_time||epoch_millis".to_owned(),
            parts: vec![Part::Iso { strict: true }, Part::Millis],
        }
    }
}

const NAMED: &[(&str, &str)] = &[
    ("basic_date", "yyyyMMdd"),
    ("date", "yyyy-MM-dd"),
    ("strict_date", "yyyy-MM-dd"),
    ("strict_year_month_day", "yyyy-MM-dd"),
    ("year_month_day", "yyyy-MM-dd"),
    ("strict_year_month", "yyyy-MM"),
    ("year_month", "yyyy-MM"),
    ("strict_year", "yyyy"),
    ("year", "yyyy"),
    ("date_time", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"),
    ("strict_date_time", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"),
    ("date_time_no_millis", "yyyy-MM-dd'T'HH:mm:ssXXX"),
    ("strict_date_time_no_millis", "yyyy-MM-dd'T'HH:mm:ssXXX"),
    ("date_hour_minute_second", "yyyy-MM-dd'T'HH:mm:ss"),
    ("strict_date_hour_minute_second", "yyyy-MM-dd'T'HH:mm:ss"),
];

impl Format {
    /// Reads a format.
    ///
    /// # Errors
    /// 400 for letters that no format has, or that are not done here.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let parts = text
            .split("||")
            .map(Part::parse)
            .collect::<Result<Vec<_>, _>>();
        Ok(Self {
            text: text.to_owned(),
            parts: parts?,
        })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads a date; texts without an offset are in the given zone.
    pub fn read(&self, text: &str, zone: &TimeZone) -> Option<Parsed> {
        self.parts.iter().find_map(|part| part.read(text, zone))
    }

    /// Prints a time.
    pub fn print(&self, millis: i64, zone: &TimeZone) -> String {
        match self.parts.first() {
            Some(Part::Millis) => millis.to_string(),
            Some(Part::Seconds) => {
                let sign = if millis < 0 { "-" } else { "" };
                let size = millis.unsigned_abs();
                let text = format!("{sign}{}.{:03}", size / 1000, size % 1000);
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Some(Part::Pattern(items)) => print(items, millis, zone),
            Some(Part::Iso { .. }) | None => {
                let items = pattern("uuuu-MM-dd'T'HH:mm:ss.SSSXXX").unwrap_or_default();
                print(&items, millis, zone)
            }
        }
    }
}

impl Part {
    fn parse(text: &str) -> Result<Self, ApiError> {
        Ok(match text {
            "strict_date_optional_time" => Self::Iso { strict: true },
            "date_optional_time" | "iso8601" => Self::Iso { strict: false },
            "epoch_millis" => Self::Millis,
            "epoch_second" => Self::Seconds,
            name => {
                let named = NAMED.iter().find(|(known, _)| *known == name);
                Self::Pattern(pattern(named.map_or(name, |(_, pattern)| pattern))?)
            }
        })
    }

    fn read(&self, text: &str, zone: &TimeZone) -> Option<Parsed> {
        match self {
            Self::Millis => exactly(scaled(text, 0)?),
            Self::Seconds => exactly(scaled(text, 3)?),
            Self::Iso { strict } => iso(text, *strict, zone),
            Self::Pattern(items) => read(items, text, zone),
        }
    }
}

/// Reads a number with a fraction, moved by some digits to the left, rounded down.
fn scaled(text: &str, digits: usize) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 9 {
        return None;
    }
    let moved: String = fraction
        .chars()
        .chain(std::iter::repeat('0'))
        .take(digits)
        .collect();
    let cut: i64 = format!("{sign}{whole}{moved}").parse().ok()?;
    let is_inexact = fraction.bytes().skip(digits).any(|digit| digit != b'0');
    cut.checked_sub(i64::from(is_inexact && !sign.is_empty()))
}

fn exactly(millis: i64) -> Option<Parsed> {
    Some(Parsed {
        millis,
        latest: millis,
    })
}

fn pattern(text: &str) -> Result<Vec<Item>, ApiError> {
    let mut items = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => {
                for quoted in letters.by_ref().take_while(|letter| *letter != '\'') {
                    items.push(Item::Text(quoted));
                }
            }
            'y' | 'u' | 'M' | 'd' | 'H' | 'm' | 's' | 'S' | 'X' | 'Z' => {
                let mut width = 1;
                while letters.next_if_eq(&letter).is_some() {
                    width += 1;
                }
                if letter == 'M' && width > 2 {
                    return Err(ApiError::unsupported(format!("the date format [{text}]")));
                }
                items.push(Item::Field(letter, width));
            }
            letter if letter.is_ascii_alphabetic() => {
                let known = "GYQqLwWDFEecabBhKkANnVvzOxp".contains(letter) && !text.contains('_');
                return Err(if known {
                    ApiError::unsupported(format!("the date format [{text}]"))
                } else {
                    ApiError::illegal_argument(format!(
                        "Invalid format: [{text}]: Unknown pattern letter: {letter}"
                    ))
                });
            }
            other => items.push(Item::Text(other)),
        }
    }
    Ok(items)
}

/// The fields of a date that were read, the later ones missing.
#[derive(Clone, Copy, Debug, Default)]
struct Read {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    hour: Option<i8>,
    minute: Option<i8>,
    second: Option<i8>,
    nanos: Option<i32>,
    offset: Option<i32>,
}

impl Read {
    fn finish(self, zone: &TimeZone) -> Option<Parsed> {
        let at = |month, day, hour, minute, second, nanos| {
            let date = Date::new(self.year?, month, day).ok()?;
            let time = Time::new(hour, minute, second, nanos).ok()?;
            let civil = DateTime::from_parts(date, time);
            let offset = match self.offset {
                None if *zone == TimeZone::UTC => Some(0),
                offset => offset,
            };
            let Some(seconds) = offset else {
                let zoned = zone.to_timestamp(civil).ok()?;
                return Some(zoned.as_nanosecond().div_euclid(1_000_000));
            };
            // The last day of the last year is beyond the times that jiff knows.
            let since = civil.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0));
            Some(since.as_nanos().div_euclid(1_000_000) - i128::from(seconds) * 1000)
        };
        let month = self.month.unwrap_or(1);
        let earliest = at(
            month,
            self.day.unwrap_or(1),
            self.hour.unwrap_or(0),
            self.minute.unwrap_or(0),
            self.second.unwrap_or(0),
            self.nanos.unwrap_or(0),
        )?;
        // The server fills a missing month or day with the first one, rounding up or not.
        let latest = at(
            month,
            self.day.unwrap_or(1),
            self.hour.unwrap_or(23),
            self.minute.unwrap_or(59),
            self.second.unwrap_or(59),
            self.nanos.unwrap_or(999_999_999),
        )?;
        Some(Parsed {
            millis: i64::try_from(earliest).ok()?,
            latest: i64::try_from(latest).ok()?,
        })
    }
}

/// Reads digits from the front.
fn digits<T: std::str::FromStr>(rest: &mut &str, least: usize, most: usize) -> Option<T> {
    let count = rest
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    if count < least {
        return None;
    }
    let (number, after) = rest.split_at(count);
    *rest = after;
    number.parse().ok()
}

fn eat(rest: &mut &str, letter: char) -> bool {
    match rest.strip_prefix(letter) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

fn fraction(rest: &mut &str, most: usize) -> Option<i32> {
    let count = rest
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    let (number, after) = rest.split_at(count);
    *rest = after;
    if number.is_empty() {
        return None;
    }
    format!("{number:0<9}").get(..9)?.parse().ok()
}

fn offset(rest: &mut &str) -> Option<i32> {
    if eat(rest, 'Z') {
        return Some(0);
    }
    let sign = if eat(rest, '+') {
        1
    } else if eat(rest, '-') {
        -1
    } else {
        return None;
    };
    let hours: i32 = digits(rest, 2, 2)?;
    let minutes: i32 = if eat(rest, ':') {
        digits(rest, 2, 2)?
    } else {
        digits(rest, 2, 2).unwrap_or(0)
    };
    let seconds: i32 = if eat(rest, ':') {
        digits(rest, 2, 2)?
    } else {
        0
    };
    (hours <= 18 && minutes <= 59 && seconds <= 59)
        .then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}

fn iso(text: &str, strict: bool, zone: &TimeZone) -> Option<Parsed> {
    let least = if strict { 2 } else { 1 };
    let mut rest = text;
    let rest = &mut rest;
    let sign = if eat(rest, '-') { -1 } else { 1 };
    let year: i16 = digits(rest, if strict { 4 } else { 1 }, 4)?;
    let mut read = Read {
        year: Some(sign * year),
        ..Read::default()
    };
    if eat(rest, '-') {
        read.month = Some(digits(rest, least, 2)?);
        if eat(rest, '-') {
            read.day = Some(digits(rest, least, 2)?);
        }
    }
    if eat(rest, 'T') && !rest.is_empty() {
        read.hour = Some(digits(rest, least, 2)?);
        if eat(rest, ':') {
            read.minute = Some(digits(rest, least, 2)?);
            if eat(rest, ':') {
                read.second = Some(digits(rest, least, 2)?);
                if eat(rest, '.') || eat(rest, ',') {
                    read.nanos = Some(fraction(rest, 9)?);
                }
            }
        }
        let before = *rest;
        if let Some(seconds) = offset(rest) {
            read.offset = Some(seconds);
        } else if !before.is_empty() {
            return read.finish(&super::zone(before).ok()?);
        }
    }
    if rest.is_empty() {
        read.finish(zone)
    } else {
        None
    }
}

fn read(items: &[Item], text: &str, zone: &TimeZone) -> Option<Parsed> {
    let mut rest = text;
    let rest = &mut rest;
    let mut read = Read::default();
    for item in items {
        match item {
            Item::Text(letter) => eat(rest, *letter).then_some(())?,
            Item::Field(letter, width) => {
                let most = if matches!(letter, 'y' | 'u') && *width == 1 {
                    4
                } else {
                    (*width).max(2)
                };
                match letter {
                    'y' | 'u' => read.year = Some(digits(rest, *width, most)?),
                    'M' => read.month = Some(digits(rest, *width, 2)?),
                    'd' => read.day = Some(digits(rest, *width, 2)?),
                    'H' => read.hour = Some(digits(rest, *width, 2)?),
                    'm' => read.minute = Some(digits(rest, *width, 2)?),
                    's' => read.second = Some(digits(rest, *width, 2)?),
                    'S' => read.nanos = Some(fraction(rest, *width)?),
                    _ => read.offset = Some(offset(rest)?),
                }
            }
        }
    }
    read.year = read.year.or(Some(1970));
    if rest.is_empty() {
        read.finish(zone)
    } else {
        None
    }
}

/// A time of any year, those too that jiff does not know.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    /// Since midnight.
    millis: i64,
    offset: i32,
}

impl Civil {
    fn new(millis: i64, zone: &TimeZone) -> Self {
        const DAY: i64 = 86_400_000;
        let offset = timestamp(millis).to_zoned(zone.clone()).offset().seconds();
        let local = i128::from(millis) + i128::from(offset) * 1000;
        let days = i64::try_from(local.div_euclid(i128::from(DAY))).unwrap_or(0);
        // In years that begin in March, so that the day that may be missing is the last one.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * years + years / 4 - years / 100);
        let month = (5 * of_year + 2) / 153;
        Self {
            year: years + era * 400 + i64::from(month >= 10),
            month: if month < 10 { month + 3 } else { month - 9 },
            day: of_year - (153 * month + 2) / 5 + 1,
            millis: i64::try_from(local.rem_euclid(i128::from(DAY))).unwrap_or(0),
            offset,
        }
    }

    fn print(&self, letter: char, width: usize) -> String {
        let millis = self.millis;
        let number = match letter {
            'y' if self.year <= 0 => return print_year(1 - self.year, width),
            'y' | 'u' => return print_year(self.year, width),
            'S' => {
                let digits = format!("{:03}000000", millis % 1_000);
                return digits.chars().take(width).collect();
            }
            'M' => self.month,
            'd' => self.day,
            'H' => millis / 3_600_000,
            'm' => millis / 60_000 % 60,
            's' => millis / 1_000 % 60,
            _ => return print_offset(self.offset, letter == 'X'),
        };
        format!("{number:0width$}")
    }
}

/// A year of more digits than its format has a sign.
fn print_year(year: i64, width: usize) -> String {
    let digits = format!("{:0width$}", year.unsigned_abs());
    match year {
        ..0 => format!("-{digits}"),
        _ if width >= 4 && digits.len() > width => format!("+{digits}"),
        _ => digits,
    }
}

fn print(items: &[Item], millis: i64, zone: &TimeZone) -> String {
    let at = Civil::new(millis, zone);
    let mut text = String::new();
    for item in items {
        match item {
            Item::Text(letter) => text.push(*letter),
            Item::Field(letter, width) => text.push_str(&at.print(*letter, *width)),
        }
    }
    text
}

fn print_offset(seconds: i32, zulu: bool) -> String {
    if seconds == 0 && zulu {
        return "Z".to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(format: &str, text: &str) -> Option<i64> {
        let format = Format::parse(format).ok()?;
        format
            .read(text, &TimeZone::UTC)
            .map(|parsed| parsed.millis)
    }

    #[test]
    fn fraction_below_the_least_time_is_refused() {
        assert_eq!(millis("epoch_millis", "-9223372036854775808.5"), None);
        assert_eq!(
            millis("epoch_millis", "-9223372036854775808"),
            Some(i64::MIN)
        );
    }

    #[test]
    fn reads_iso_and_numbers() {
        let default = "strict_date_optional_time||epoch_millis";
        for (text, expected) in [
            ("1970-01-01", 0),
            ("2000-02-29", 951_782_400_000),
            ("2024-03-01T00:00:00Z", 1_709_251_200_000),
            ("2024-03-01T01:30:00.5+01:30", 1_709_251_200_500),
            ("2024", 1_704_067_200_000),
            ("12", 12),
        ] {
            assert_eq!(millis(default, text), Some(expected), "{text}");
        }
        for text in [
            "yesterday",
            "2024-13-01",
            "2024-02-30",
            "2024-01-01T25:00",
            "24-01-01",
            "",
            "2024-1-1",
        ] {
            assert_eq!(millis(default, text), None, "{text}");
        }
        assert_eq!(
            millis("date_optional_time", "2024-1-1"),
            Some(1_704_067_200_000)
        );
    }

    #[test]
    fn reads_and_prints_patterns() {
        assert_eq!(
            millis("dd/MM/yyyy HH:mm", "01/03/2024 00:00"),
            Some(1_709_251_200_000)
        );
        assert_eq!(millis("epoch_second", "2"), Some(2_000));
        let format = Format::parse("yyyy-MM-dd'T'HH:mm:ssXXX").unwrap_or_default();
        assert_eq!(
            format.print(1_709_251_200_000, &TimeZone::UTC),
            "2024-03-01T00:00:00Z"
        );
        assert!(Format::parse("nonsense_format").is_err());
    }
}
