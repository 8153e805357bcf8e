//! Buckets by intervals of time.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::bucket::{sort_by_key_or_count, too_many, unfit};
use super::{Agg, Bucket, Context, Outcome, Values, arrange, no_field};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::dates::{Format, Unit, add, in_zone, parse_math, round, zone};
use crate::json::object;
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
                let time = crate::dates::parse_time(&text)
                    .and_then(|time| i64::try_from(time.as_millis()).ok());
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

impl<'a> Context<'_, 'a> {
    pub(super) fn date_histogram(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section("date_histogram", &agg.settings)?;
        fields.unsupported(&["script"])?;
        let Some(path) = fields.text("field")? else {
            return Err(no_field());
        };
        let source = Values {
            field: path,
            missing: fields.get("missing")?.cloned(),
        };
        let interval = Interval::take(&fields)?;
        let zone = zone(fields.text("time_zone")?.as_deref().unwrap_or("UTC"))
            .map_err(|error| fields.invalid(error.reason))?;
        let offset = match fields.text("offset")? {
            None => 0,
            Some(text) => {
                let (sign, rest) = match text.strip_prefix('-') {
                    Some(rest) => (-1, rest),
                    None => (1, text.strip_prefix('+').unwrap_or(&text)),
                };
                let time = crate::dates::parse_time(rest)
                    .and_then(|time| i64::try_from(time.as_millis()).ok());
                sign * time.ok_or_else(|| {
                    ApiError::illegal_argument(format!("failed to parse the offset [{text}]"))
                })?
            }
        };
        let least = fields.count("min_doc_count")?.unwrap_or(0);
        let by_key = fields.flag("keyed")?.unwrap_or(false);
        let order = fields.get("order")?;
        let format = fields
            .text("format")?
            .map(|text| Format::parse(&text))
            .transpose()?;
        let extended = fields.get("extended_bounds")?;
        let hard = fields.get("hard_bounds")?;
        fields.finish()?;
        let field = self.any_field(&source.field)?;
        let own = match field.as_deref().map(|field| &field.kind) {
            None => Format::default(),
            Some(Kind::Date { format }) => format.clone(),
            Some(_) => {
                return Err(unfit(
                    &source.field,
                    field.as_deref().map_or("", |field| &field.type_name),
                    "date_histogram",
                ));
            }
        };
        let format = format.unwrap_or(own);
        let limits = |value: Option<&Value>| -> Result<Option<Bounds>, ApiError> {
            let Some(value) = value else { return Ok(None) };
            let fields = Fields::section("bounds", value)?;
            let read = |name: &str| -> Result<Option<i64>, ApiError> {
                match fields.get(name)? {
                    None => Ok(None),
                    Some(Value::Number(number)) => Ok(number.as_i64()),
                    Some(value) => {
                        let text = value.as_str().unwrap_or_default();
                        parse_math(text, &format, &zone, false, crate::dates::now_millis())
                            .map(Some)
                    }
                }
            };
            let pair = (read("min")?, read("max")?);
            fields.finish()?;
            Ok(Some(pair))
        };
        let (extended, hard) = (limits(extended)?, limits(hard)?);
        let slot = |millis: i64| interval.round(millis - offset, &zone) + offset;
        let mut grouped: BTreeMap<i64, Vec<Row<'a>>> = BTreeMap::new();
        for row in rows {
            let mut slots: Vec<i64> = Vec::new();
            for term in self.values(row, &source)? {
                let Term::Integer(millis) = term else {
                    continue;
                };
                let inside = hard.is_none_or(|(least, most)| {
                    least.is_none_or(|least| millis >= least)
                        && most.is_none_or(|most| millis < most)
                });
                if inside && !slots.contains(&slot(millis)) {
                    slots.push(slot(millis));
                }
            }
            for slot in slots {
                grouped.entry(slot).or_default().push(row.clone());
            }
        }
        if least == 0 {
            let mut low = grouped.keys().next().copied();
            let mut high = grouped.keys().next_back().copied();
            if let Some((least, most)) = extended {
                low = least.map(&slot).into_iter().chain(low).min();
                high = most.map(&slot).into_iter().chain(high).max();
            }
            if let (Some(low), Some(high)) = (low, high) {
                let mut at = low;
                while at <= high {
                    grouped.entry(at).or_default();
                    if grouped.len() > 65_536 {
                        return Err(too_many());
                    }
                    match interval.next(at - offset, &zone) {
                        Some(next) => at = next + offset,
                        None => break,
                    }
                }
            }
        }
        let mut buckets: Vec<(i64, Vec<Row<'a>>)> = grouped
            .into_iter()
            .filter(|(_, rows)| rows.len() >= least)
            .collect();
        sort_by_key_or_count(&mut buckets, order)?;
        let made = buckets
            .into_iter()
            .map(|(key, rows)| {
                Bucket::new(rows)
                    .with("key_as_string", format.print(key, &zone))
                    .with("key", key)
            })
            .collect();
        let buckets = self.finish(agg, made)?;
        Ok((
            "date_histogram".to_owned(),
            object! {"buckets": arrange(buckets, by_key)},
        ))
    }
}
