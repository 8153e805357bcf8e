//! The processor `date`.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::change::wrong_type;
use crate::api::error::ApiError;
use crate::dates::{Format, zone};
use crate::ingest::{Config, Document, invalid};

/// Reads a date and writes it in another format.
#[derive(Clone, Debug)]
pub(in crate::ingest) struct Date {
    field: String,
    target: String,
    formats: Vec<DateFormat>,
    zone: TimeZone,
    output: Format,
}

/// A format of `date`.
#[derive(Clone, Debug)]
enum DateFormat {
    Iso,
    Unix,
    UnixMillis,
    Pattern(Format),
}

impl Date {
    pub fn parse(config: &Config<'_>) -> Result<Self, ApiError> {
        let field = config.required_text("field")?;
        let target = config
            .text("target_field")?
            .unwrap_or_else(|| "@timestamp".to_owned());
        let Value::Array(formats) = config.required("formats")? else {
            return Err(invalid("[formats] property isn't a list"));
        };
        let formats = formats.iter().filter_map(Value::as_str).map(date_format);
        let formats = formats.collect::<Result<_, _>>()?;
        let zone_name = config.text("timezone")?.unwrap_or_else(|| "UTC".to_owned());
        if config
            .text("locale")?
            .is_some_and(|name| !name.to_ascii_lowercase().starts_with("en"))
        {
            return Err(ApiError::unsupported("[locale] of the processor [date]"));
        }
        let output = config
            .text("output_format")?
            .unwrap_or_else(|| "yyyy-MM-dd'T'HH:mm:ss.SSSXXX".to_owned());
        Ok(Self {
            field,
            target,
            formats,
            zone: zone(&zone_name)?,
            output: Format::parse(&output)?,
        })
    }

    pub fn run(&self, document: &mut Document) -> Result<(), ApiError> {
        let text = match document.required(&self.field)? {
            Value::String(text) => text,
            value @ Value::Number(_) => value.to_string(),
            value => return Err(wrong_type(&self.field, &value, "java.lang.String")),
        };
        let millis = self
            .formats
            .iter()
            .find_map(|format| format.read(&text, &self.zone))
            .ok_or_else(|| ApiError::illegal_argument(format!("unable to parse date [{text}]")))?;
        document.set(&self.target, self.output.print(millis, &self.zone).into())
    }
}

fn date_format(name: &str) -> Result<DateFormat, ApiError> {
    Ok(match name {
        "ISO8601" => DateFormat::Iso,
        "UNIX" => DateFormat::Unix,
        "UNIX_MS" => DateFormat::UnixMillis,
        "TAI64N" => return Err(ApiError::unsupported("the date format [TAI64N]")),
        pattern => DateFormat::Pattern(Format::parse(pattern)?),
    })
}

impl DateFormat {
    fn read(&self, text: &str, zone: &TimeZone) -> Option<i64> {
        match self {
            Self::Iso => Format::parse("date_optional_time").ok()?.read(text, zone),
            Self::Unix => {
                let seconds: f64 = text.parse().ok()?;
                return Some((seconds * 1000.0).round() as i64);
            }
            Self::UnixMillis => return text.parse().ok(),
            Self::Pattern(format) => format.read(text, zone),
        }
        .map(|read| read.millis)
    }
}
