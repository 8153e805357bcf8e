//! Buckets by ranges of numbers, dates and addresses.

use serde_json::Value;

use super::{Agg, Bucket, Context, Outcome, Values, arrange, unfit};
use crate::api::error::ApiError;
use crate::api::value::{Term, java_double, narrow, network, number};
use crate::dates::{Format, now_millis, parse_math, zone};
use crate::json::object;
use crate::search::execute::Row;
use crate::store::{Kind, java_number};
use crate::strict::Fields;

/// The values that ranges are over.
enum Scale {
    Numbers,
    Dates {
        format: Format,
        zone: jiff::tz::TimeZone,
    },
    Addresses,
}

impl Scale {
    /// Reads one end of a range of numbers or dates.
    fn bound(&self, range: &Fields<'_>, name: &str) -> Result<Option<f64>, ApiError> {
        let Some(value) = range.raw(name).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let Self::Dates { format, zone } = self else {
            return match value {
                Value::String(text) => match java_number(text) {
                    Some(number) => Ok(Some(number)),
                    None => Err(crate::strict::not_a_number(text).in_search()),
                },
                value => match value.as_f64() {
                    Some(number) => Ok(Some(number)),
                    None => Err(range.wrong(name, value)),
                },
            };
        };
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let millis = parse_math(&text, format, zone, false, now_millis())
            .or_else(|error| text.parse::<i64>().map_err(|_| error.in_search()))?;
        Ok(Some(millis as f64))
    }

    fn print(&self, bound: f64) -> String {
        match self {
            Self::Dates { format, zone } => format.print(bound as i64, zone),
            _ => java_double(bound),
        }
    }
}

/// A bucket with the ends by which it is sorted.
type Ranked<'a> = (f64, f64, Bucket<'a>);

impl<'a> Context<'_, 'a> {
    pub fn range(&self, agg: &Agg, rows: &[Row<'a>]) -> Result<Outcome, ApiError> {
        let fields = Fields::section(&agg.kind, &agg.settings)?;
        fields.unsupported(&["script"])?;
        let mut values = Values::read(&fields)?;
        let by_key = fields.flag("keyed")?.unwrap_or(false);
        let scale = self.scale(agg, &fields, &values)?;
        if let Scale::Dates { format, zone } = &scale {
            values.read_missing(format, zone)?;
        }
        let ranges = fields.get("ranges")?.and_then(Value::as_array);
        let Some(ranges) = ranges.filter(|ranges| !ranges.is_empty()) else {
            return Err(ApiError::illegal_argument(format!(
                "No [ranges] specified for the [{}] aggregation",
                agg.name
            ))
            .in_search());
        };
        fields.finish()?;
        let mut made: Vec<Ranked<'a>> = Vec::new();
        for range in ranges {
            let range = Fields::section(&agg.kind, range)?;
            made.push(match scale {
                Scale::Addresses => self.ip_range(&values, rows, &range)?,
                _ => self.one_range(&scale, &values, rows, &range)?,
            });
        }
        made.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let buckets = self.finish(agg, made.into_iter().map(|(_, _, bucket)| bucket).collect())?;
        Ok((
            agg.kind.clone(),
            object! {"buckets": arrange(buckets, by_key)},
        ))
    }

    fn scale(&self, agg: &Agg, fields: &Fields<'_>, values: &Values) -> Result<Scale, ApiError> {
        let format = fields.text("format")?;
        let field = self.any_field(&values.field)?;
        if let Some(field) = &field {
            let fits = match agg.kind.as_str() {
                "ip_range" => matches!(field.kind, Kind::Ip),
                _ => field.has_numbers(),
            };
            if !fits {
                return Err(unfit(&values.field, &field.type_name, &agg.kind));
            }
        }
        let kind = field.as_deref().map(|field| &field.kind);
        if matches!(kind, Some(Kind::Boolean)) {
            return Err(ApiError::unsupported(format!("[{}] of booleans", agg.kind)));
        }
        let is_date = field.as_ref().is_some_and(|field| field.is_date());
        let of_dates = agg.kind == "date_range" && !matches!(kind, Some(Kind::Number(_)));
        if agg.kind == "date_range" {
            fields.text("time_zone")?;
        }
        if of_dates || (agg.kind == "range" && is_date && format.is_none()) {
            let zone = match agg.kind.as_str() {
                "date_range" => zone(fields.text("time_zone")?.as_deref().unwrap_or("UTC"))?,
                _ => jiff::tz::TimeZone::UTC,
            };
            let format = match (format, field.as_deref().map(|field| &field.kind)) {
                (Some(text), _) => Format::parse(&text)?,
                (None, Some(Kind::Date { format })) => format.clone(),
                (None, _) => Format::default(),
            };
            return Ok(Scale::Dates { format, zone });
        }
        match format {
            Some(_) => Err(ApiError::unsupported(format!("[format] in [{}]", agg.kind))),
            None if agg.kind == "ip_range" => Ok(Scale::Addresses),
            None => Ok(Scale::Numbers),
        }
    }

    /// The bucket of a range of numbers or dates.
    fn one_range(
        &self,
        scale: &Scale,
        values: &Values,
        rows: &[Row<'a>],
        range: &Fields<'_>,
    ) -> Result<Ranked<'a>, ApiError> {
        let key = range.text("key")?;
        let (from, to) = (scale.bound(range, "from")?, scale.bound(range, "to")?);
        range.finish()?;
        let fits =
            |value: f64| from.is_none_or(|from| value >= from) && to.is_none_or(|to| value < to);
        let kept = self.having(rows, values, |term| term.number().is_some_and(fits))?;
        let text =
            |bound: Option<f64>| bound.map_or_else(|| "*".to_owned(), |bound| scale.print(bound));
        let key = key.unwrap_or_else(|| format!("{}-{}", text(from), text(to)));
        let mut bucket = Bucket::new(kept).with("key", key);
        for (name, bound) in [("from", from), ("to", to)] {
            let Some(bound) = bound else { continue };
            bucket = bucket.with(name, number(bound));
            if let Scale::Dates { .. } = scale {
                bucket = bucket.with(&format!("{name}_as_string"), scale.print(bound));
            }
        }
        Ok((
            from.unwrap_or(f64::NEG_INFINITY),
            to.unwrap_or(f64::INFINITY),
            bucket,
        ))
    }

    /// The documents with a value that fits.
    fn having(
        &self,
        rows: &[Row<'a>],
        values: &Values,
        fits: impl Fn(&Term) -> bool,
    ) -> Result<Vec<Row<'a>>, ApiError> {
        let mut kept = Vec::new();
        for row in rows {
            if self.values(row, values)?.iter().any(&fits) {
                kept.push(row.clone());
            }
        }
        Ok(kept)
    }

    /// The bucket of a range of addresses.
    fn ip_range(
        &self,
        values: &Values,
        rows: &[Row<'a>],
        range: &Fields<'_>,
    ) -> Result<Ranked<'a>, ApiError> {
        let mut key = range.text("key")?;
        let (mut from, mut to) = (range.text("from")?, range.text("to")?);
        if let Some(mask) = range.text("mask")? {
            let (low, high) = network(&mask)
                .ok_or_else(|| range.invalid(format!("'{mask}' is not an IP string literal.")))?;
            from = (low > 0).then(|| narrow(low).to_string());
            to = high.checked_add(1).map(|next| narrow(next).to_string());
            key.get_or_insert(mask);
        }
        range.finish()?;
        let read = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => text
                .parse()
                .map(|ip| Some(Term::Ip(ip)))
                .map_err(|_| range.invalid(format!("'{text}' is not an IP string literal."))),
        };
        let (low, high) = (read(&from)?, read(&to)?);
        let kept = self.having(rows, values, |term| {
            low.as_ref().is_none_or(|low| term.compare(low).is_ge())
                && high.as_ref().is_none_or(|high| term.compare(high).is_lt())
        })?;
        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "*".to_owned());
        let key = key.unwrap_or_else(|| format!("{}-{}", shown(&from), shown(&to)));
        let mut bucket = Bucket::new(kept).with("key", key);
        for (name, text) in [("from", &from), ("to", &to)] {
            if let Some(text) = text {
                bucket = bucket.with(name, text.as_str());
            }
        }
        let rank = |term: &Option<Term>, open: f64| match term {
            Some(Term::Ip(std::net::IpAddr::V4(ip))) => f64::from(ip.to_bits()),
            Some(_) => f64::MAX,
            None => open,
        };
        Ok((
            rank(&low, f64::NEG_INFINITY),
            rank(&high, f64::INFINITY),
            bucket,
        ))
    }
}
