//! Buckets by intervals of time.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::histogram::{Shape, Slots, too_many};
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
    pub(super) fn take(fields: &Fields<'_>) -> Result<Self, ApiError> {
        match (
            fields.text("calendar_interval")?,
            fields.text("fixed_interval")?,
        ) {
            (Some(text), None) => Self::calendar(fields, &text),
            (None, Some(text)) => {
                let time = parse_time(&text).and_then(|time| i64::try_from(time.as_millis()).ok());
                match time.filter(|millis| *millis > 0) {
                    Some(millis) => Ok(Self::Fixed(millis)),
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

    pub(super) fn round(self, millis: i64, zone: &TimeZone) -> i64 {
        match self {
            Self::Calendar(unit) => round(millis, unit, zone),
            Self::Fixed(length) => {
                let shift = i64::from(in_zone(millis, zone).offset().seconds()) * 1000;
                (millis + shift).div_euclid(length) * length - shift
            }
        }
    }

    fn next(self, millis: i64, zone: &TimeZone) -> Option<i64> {
        match self {
            Self::Calendar(unit) => add(millis, 1, unit, zone),
            Self::Fixed(length) => millis.checked_add(length),
        }
    }
}

/// The settings of a histogram of dates.
struct Dates {
    interval: Interval,
    zone: TimeZone,
    offset: i64,
    format: Format,
    extended: Bounds,
    hard: Bounds,
}

impl Dates {
    /// The interval of a time within the hard bounds.
    fn slot(&self, millis: i64) -> Option<i64> {
        let (least, most) = self.hard;
        let inside =
            least.is_none_or(|least| millis >= least) && most.is_none_or(|most| millis < most);
        inside.then(|| self.round(millis))
    }

    fn round(&self, millis: i64) -> i64 {
        self.interval.round(millis - self.offset, &self.zone) + self.offset
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
            if slots.len() > 65_536 {
                return Err(too_many());
            }
            match self.interval.next(at - self.offset, &self.zone) {
                Some(next) => at = next + self.offset,
                None => break,
            }
        }
        Ok(())
    }
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
        .ok_or_else(|| ApiError::illegal_argument(format!("failed to parse the offset [{text}]")))
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
    pub(super) fn date_histogram(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("date_histogram", &agg.settings)?;
        fields.unsupported(&["script"])?;
        let shape = Shape::take(&fields)?;
        let dates = self.dates(&fields, &shape.values.field)?;
        let mut slots = self.slots(rows, &shape.values, |term| match term {
            Term::Integer(millis) => dates.slot(*millis),
            _ => None,
        })?;
        if shape.least == 0 {
            dates.fill(&mut slots)?;
        }
        self.intervals(agg, &shape, slots, |key, rows| {
            Bucket::new(rows)
                .with("key_as_string", dates.format.print(key, &dates.zone))
                .with("key", key)
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
            None => Format::default(),
            Some(field) => match &field.kind {
                Kind::Date { format } => format.clone(),
                _ => return Err(unfit(path, &field.type_name, "date_histogram")),
            },
        };
        let format = format.unwrap_or(own);
        Ok(Dates {
            extended: read_bounds(extended, &format, &zone)?,
            hard: read_bounds(hard, &format, &zone)?,
            interval,
            zone,
            offset,
            format,
        })
    }
}
