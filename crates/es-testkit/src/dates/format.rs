//! Date formats: named ones and patterns.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

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
    pub(crate) millis: i64,
    /// The last millisecond that the text may stand for.
    pub(crate) latest: i64,
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
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let parts = text
            .split("||")
            .map(Part::parse)
            .collect::<Result<Vec<_>, _>>();
        Ok(Self {
            text: text.to_owned(),
            parts: parts?,
        })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Reads a date; texts without an offset are in the given zone.
    pub(crate) fn read(&self, text: &str, zone: &TimeZone) -> Option<Parsed> {
        self.parts.iter().find_map(|part| part.read(text, zone))
    }

    /// Prints a time.
    pub(crate) fn print(&self, millis: i64, zone: &TimeZone) -> String {
        match self.parts.first() {
            Some(Part::Millis) => millis.to_string(),
            Some(Part::Seconds) => millis.div_euclid(1000).to_string(),
            Some(Part::Pattern(items)) => print(items, millis, zone),
            Some(Part::Iso { .. }) | None => {
                let items = pattern("yyyy-MM-dd'T'HH:mm:ss.SSSXXX").unwrap_or_default();
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
            Self::Millis => exactly(text.parse().ok()?),
            Self::Seconds => exactly(text.parse::<i64>().ok()?.checked_mul(1000)?),
            Self::Iso { strict } => iso(text, *strict, zone),
            Self::Pattern(items) => read(items, text, zone),
        }
    }
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
            let zoned = match self.offset {
                Some(seconds) => Offset::from_seconds(seconds)
                    .ok()?
                    .to_timestamp(civil)
                    .ok()?,
                None => zone.to_timestamp(civil).ok()?,
            };
            Some(zoned.as_nanosecond().div_euclid(1_000_000))
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
    (hours <= 18 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn iso(text: &str, strict: bool, zone: &TimeZone) -> Option<Parsed> {
    let least = if strict { 2 } else { 1 };
    let mut rest = text;
    let rest = &mut rest;
    let mut read = Read {
        year: Some(digits(rest, if strict { 4 } else { 1 }, 4)?),
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
        if !rest.is_empty() {
            read.offset = Some(offset(rest)?);
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

fn print(items: &[Item], millis: i64, zone: &TimeZone) -> String {
    let at = timestamp(millis).to_zoned(zone.clone());
    let mut text = String::new();
    for item in items {
        match item {
            Item::Text(letter) => text.push(*letter),
            Item::Field(letter, width) => text.push_str(&match letter {
                'y' | 'u' => format!("{:0width$}", at.year()),
                'M' => format!("{:0width$}", at.month()),
                'd' => format!("{:0width$}", at.day()),
                'H' => format!("{:0width$}", at.hour()),
                'm' => format!("{:0width$}", at.minute()),
                's' => format!("{:0width$}", at.second()),
                'S' => format!("{:09}", at.subsec_nanosecond())
                    .chars()
                    .take(*width)
                    .collect(),
                _ => print_offset(at.offset().seconds(), *letter == 'X'),
            }),
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
