//! Buckets by intervals of time.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::histogram::{MAX_BUCKETS, Shape, Slots, check_bounds, too_many};
use super::{Agg, Bucket, Context, Outcome, unfit};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::dates::{Format, Unit, add, in_zone, now_millis, parse_math, parse_time, round, zone};
use crate::search::execute::Row;
use crate::store::Kind;
use crate::strict::Fields;

/// The first and the last key, in milliseconds.
type Bounds = (Option<i64>, Option<i64>);

/// The length of buckets.
#[derive(Clone, Copy, Debug)]
pub(super) enum Interval {
    Calendar(Unit),
    Fixed(i64),
}

impl Interval {
    /// Takes `calendar_interval` or `fixed_interval`.
    pub fn take(fields: &Fields<'_>) -> Result<Self, ApiError> {
        match (
            fields.text("calendar_interval")?,
            fields.text("fixed_interval")?,
        ) {
            (Some(text), None) => Self::calendar(fields, &text),
            (None, Some(text)) => {
                let time = parse_time(&text).and_then(|time| i64::try_from(time.as_millis()).ok());
                match time {
                    Some(millis) if millis > 0 => Ok(Self::Fixed(millis)),
                    Some(_) => Err(ApiError::illegal_argument(
                        "Zero or negative time interval not supported",
                    )
                    .in_search()),
                    None => Err(fields.invalid(format!("failed to parse setting [date_histogram.fixedInterval] with value [{text}] as a time value: unit is missing or unrecognized"
                    ))),
                }
            }
            (None, None) => {
                fields
                    .rest()
                    .iter()
                    .find(|(name, _)| *name == "interval")
                    .map_or(Ok(()), |_| fields.finish())?;
                Err(ApiError::illegal_argument(
                    "Invalid interval specified, must be non-null and non-empty",
                )
                .in_search())
            }
            _ => Err(fields.invalid(
                "Cannot use [fixed_interval] with [calendar_interval] configuration option.",
            )),
        }
    }

    fn calendar(fields: &Fields<'_>, text: &str) -> Result<Self, ApiError> {
        Ok(Self::Calendar(match text {
            "year" | "1y" => Unit::Year,
            "quarter" | "1q" => Unit::Quarter,
            "month" | "1M" => Unit::Month,
            "week" | "1w" => Unit::Week,
            "day" | "1d" => Unit::Day,
            "hour" | "1h" => Unit::Hour,
            "minute" | "1m" => Unit::Minute,
            _ => {
                return Err(fields.invalid(format!(
                    "The supplied interval [{text}] could not be parsed as a calendar interval."
                )));
            }
        }))
    }

    pub fn round(self, millis: i64, zone: &TimeZone) -> i64 {
        match self {
            Self::Calendar(unit) => round(millis, unit, zone),
            Self::Fixed(length) => {
                let shift = shift_at(millis, zone);
                let start = millis.saturating_add(shift).div_euclid(length);
                let local = start.saturating_mul(length);
                // The clock may have been changed since.
                let start = local.saturating_sub(shift);
                local.saturating_sub(shift_at(start, zone))
            }
        }
    }

    fn next(self, millis: i64, zone: &TimeZone) -> Option<i64> {
        match self {
            Self::Calendar(unit) => add(millis, 1, unit, zone),
            Self::Fixed(length) => {
                let next = millis.checked_add(length)?;
                let Some(change) = clock_change(millis, next, zone) else {
                    return Some(next);
                };
                let (before, after) = (shift_at(millis, zone), shift_at(change, zone));
                let local = if after > before {
                    // A local time that the clock leaves out is the time of the change.
                    next.checked_add(before)?.max(change.checked_add(after)?)
                } else {
                    // Local times come twice.
                    let first = change.checked_add(after)?;
                    let rest = first.rem_euclid(length);
                    let missing = if rest > 0 { length - rest } else { 0 };
                    first.checked_add(missing)?
                };
                local.checked_sub(after)
            }
        }
    }
}

/// Returns when the clock of a zone is changed after one time and up to another, if it is.
fn clock_change(after: i64, upto: i64, zone: &TimeZone) -> Option<i64> {
    let shift = shift_at(after, zone);
    if shift_at(upto, zone) == shift {
        return None;
    }
    let (mut before, mut behind) = (after, upto);
    while behind - before > 1 {
        let middle = before + (behind - before) / 2;
        if shift_at(middle, zone) == shift {
            before = middle;
        } else {
            behind = middle;
        }
    }
    Some(behind)
}

/// Returns how many milliseconds the clock of a zone is ahead.
fn shift_at(millis: i64, zone: &TimeZone) -> i64 {
    i64::from(in_zone(millis, zone).offset().seconds()) * 1000
}

/// The settings of a histogram of dates.
struct Dates {
    interval: Interval,
    zone: TimeZone,
    offset: i64,
    /// Absent for numbers.
    format: Option<Format>,
    extended: Bounds,
    hard: Bounds,
}

impl Dates {
    /// The interval of a time within the hard bounds.
    fn slot(&self, millis: i64) -> Option<i64> {
        let (least, most) = self.hard;
        let key = self.round(millis);
        let inside = least.is_none_or(|least| key >= least) && most.is_none_or(|most| key < most);
        inside.then_some(key)
    }

    fn round(&self, millis: i64) -> i64 {
        let start = millis.saturating_sub(self.offset);
        let rounded = self.interval.round(start, &self.zone);
        rounded.saturating_add(self.offset)
    }

    /// Adds the empty intervals between the others, and up to the extended bounds.
    fn fill(&self, slots: &mut Slots<'_, i64>) -> Result<(), ApiError> {
        let (least, most) = self.extended;
        let (first, last) = (slots.keys().next(), slots.keys().next_back());
        let low = least
            .map(|least| self.round(least))
            .into_iter()
            .chain(first.copied())
            .min();
        let high = most
            .map(|most| self.round(most))
            .into_iter()
            .chain(last.copied())
            .max();
        let (Some(mut at), Some(high)) = (low, high) else {
            return Ok(());
        };
        while at <= high {
            slots.entry(at).or_default();
            if slots.len() > MAX_BUCKETS {
                return Err(too_many().rooted("").in_search());
            }
            let next = at
                .checked_sub(self.offset)
                .and_then(|start| self.interval.next(start, &self.zone))
                .and_then(|next| next.checked_add(self.offset));
            match next {
                Some(next) if next > at => at = next,
                _ => break,
            }
        }
        Ok(())
    }
}

/// Bounds as numbers, those that are not given without an end.
fn open((least, most): Bounds) -> Option<(f64, f64)> {
    least.or(most)?;
    Some((
        least.map_or(f64::NEG_INFINITY, |least| least as f64),
        most.map_or(f64::INFINITY, |most| most as f64),
    ))
}

/// Reads a shift of all intervals: `+6h`, `-1d`.
fn read_offset(text: &str) -> Result<i64, ApiError> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    parse_time(rest)
        .and_then(|time| i64::try_from(time.as_millis()).ok())
        .map(|millis| sign * millis)
        .ok_or_else(|| {
            ApiError::bad_request(
                "x_content_parse_exception",
                format!("[1:1] [date_histogram] failed to parse field [offset] of [{text}]"),
            )
        })
}

fn read_bounds(
    value: Option<&Value>,
    format: &Format,
    zone: &TimeZone,
) -> Result<Bounds, ApiError> {
    let Some(value) = value else {
        return Ok((None, None));
    };
    let fields = Fields::section("bounds", value)?;
    let read = |name: &str| match fields.get(name)? {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(number.as_i64()),
        Some(value) => {
            let text = value.as_str().unwrap_or_default();
            parse_math(text, format, zone, false, now_millis()).map(Some)
        }
    };
    let bounds = (read("min")?, read("max")?);
    fields.finish()?;
    Ok(bounds)
}

impl<'a> Context<'_, 'a> {
    pub fn date_histogram(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("date_histogram", &agg.settings)?;
        fields.unsupported(&["script"])?;
        let mut shape = Shape::take(&fields)?;
        let dates = self.dates(&fields, &shape.values.field)?;
        if let Some(format) = &dates.format {
            shape.values.read_missing(format, &dates.zone)?;
        }
        let mut slots = self.slots(rows, &shape.values, |term| match term {
            Term::Integer(millis) => dates.slot(*millis),
            term => dates.slot(term.number()? as i64),
        })?;
        if shape.least == 0 {
            dates.fill(&mut slots)?;
        }
        self.intervals(agg, &shape, slots, |key, rows| {
            let bucket = Bucket::new(rows);
            let bucket = match &dates.format {
                Some(format) => bucket.with("key_as_string", format.print(key, &dates.zone)),
                None => bucket,
            };
            bucket.with("key", key)
        })
    }

    fn dates(&self, fields: &Fields<'_>, path: &str) -> Result<Dates, ApiError> {
        let interval = Interval::take(fields)?;
        let zone = zone(fields.text("time_zone")?.as_deref().unwrap_or("UTC"))
            .map_err(|error| fields.invalid(error.reason))?;
        let offset = fields.text("offset")?;
        let offset = offset.map_or(Ok(0), |text| read_offset(&text))?;
        let format = fields.text("format")?;
        let (extended, hard) = (fields.get("extended_bounds")?, fields.get("hard_bounds")?);
        let format = format.map(|text| Format::parse(&text)).transpose()?;
        fields.finish()?;
        let field = self.any_field(path)?;
        let own = match field.as_deref() {
            None => Some(Format::default()),
            Some(field) => match &field.kind {
                Kind::Date { format } => Some(format.clone()),
                Kind::Number(_) if format.is_some() => {
                    return Err(ApiError::unsupported(
                        "[format] of numbers in [date_histogram]",
                    ));
                }
                Kind::Number(_) => None,
                _ => return Err(unfit(path, &field.type_name, "date_histogram")),
            },
        };
        let format = format.or(own);
        let read = format.clone().unwrap_or_default();
        let extended = read_bounds(extended, &read, &zone)?;
        let hard = read_bounds(hard, &read, &zone)?;
        check_bounds(open(extended), open(hard))?;
        let mut dates = Dates {
            extended,
            hard,
            interval,
            zone,
            offset,
            format,
        };
        // The bounds are those of keys.
        let round = |bound: Option<i64>| bound.map(|millis| dates.round(millis));
        dates.hard = (round(hard.0), round(hard.1));
        Ok(dates)
    }
}
