//! The processors.

use http::StatusCode;
use jiff::tz::TimeZone;
use regex_lite::Regex;
use serde_json::Value;

use super::document::kind_of;
use super::{Config, Document, Outcome, Pipelines, invalid};
use crate::api::error::ApiError;
use crate::dates::{Format, zone};

/// A change of a document.
#[derive(Clone, Debug)]
pub(super) enum Processor {
    Append {
        field: String,
        value: Value,
        duplicates: bool,
    },
    Change {
        field: String,
        target: String,
        ignore_missing: bool,
        change: Change,
    },
    Date {
        field: String,
        target: String,
        formats: Vec<DateFormat>,
        zone: TimeZone,
        output: Format,
    },
    Drop,
    Fail {
        message: String,
    },
    Pipeline {
        name: String,
        ignore_missing: bool,
    },
    Remove {
        fields: Vec<String>,
        ignore_missing: bool,
    },
    Rename {
        field: String,
        target: String,
        ignore_missing: bool,
        replaces: bool,
    },
    Set {
        field: String,
        value: NewValue,
        replaces: bool,
        ignore_empty: bool,
    },
}

/// The value that `set` writes.
#[derive(Clone, Debug)]
pub(super) enum NewValue {
    Given(Value),
    Copy(String),
}

/// A change of one value.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Lowercase,
    Uppercase,
    Trim,
    Convert(Type),
    Split {
        separator: Regex,
        keeps_trailing: bool,
    },
    Join {
        separator: String,
    },
    Replace {
        pattern: Regex,
        replacement: String,
    },
}

/// A target type of `convert`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Integer,
    Long,
    Float,
    Double,
    Text,
    Boolean,
    Auto,
}

/// A format of `date`.
#[derive(Clone, Debug)]
pub(super) enum DateFormat {
    Iso,
    Unix,
    UnixMillis,
    Pattern(Format),
}

/// Processors that a genuine server has beside those above.
const UNSUPPORTED: [&str; 33] = [
    "attachment",
    "bytes",
    "circle",
    "community_id",
    "csv",
    "date_index_name",
    "dissect",
    "dot_expander",
    "enrich",
    "fingerprint",
    "foreach",
    "geo_grid",
    "geoip",
    "grok",
    "html_strip",
    "inference",
    "ip_location",
    "json",
    "kv",
    "network_direction",
    "normalize_for_stream",
    "recover_failure_document",
    "redact",
    "registered_domain",
    "remove_by_pattern",
    "reroute",
    "script",
    "set_security_user",
    "sort",
    "terminate",
    "uri_parts",
    "urldecode",
    "user_agent",
];

impl Processor {
    pub(super) fn parse(kind: &str, config: &Config<'_>) -> Result<Self, ApiError> {
        let ignore_missing = || {
            config
                .flag("ignore_missing")
                .map(|flag| flag.unwrap_or(false))
        };
        Ok(match kind {
            "append" => {
                unsupported(config, &["media_type", "ignore_empty_values", "copy_from"])?;
                Self::Append {
                    field: config.required_text("field")?,
                    value: config.required("value")?.clone(),
                    duplicates: config.flag("allow_duplicates")?.unwrap_or(true),
                }
            }
            "set" => {
                unsupported(config, &["media_type"])?;
                let field = config.required_text("field")?;
                let value = match (config.text("copy_from")?, config.take("value")) {
                    (Some(from), None) => NewValue::Copy(from),
                    (None, Some(value)) => NewValue::Given(value.clone()),
                    (None, None) => {
                        return Err(invalid("[value] required property is missing"));
                    }
                    (Some(_), Some(_)) => {
                        return Err(invalid(
                            "[copy_from] cannot set both `copy_from` and `value` in the same processor",
                        ));
                    }
                };
                let replaces = config.flag("override")?.unwrap_or(true);
                let ignore_empty = config.flag("ignore_empty_value")?.unwrap_or(false);
                Self::Set {
                    field,
                    value,
                    replaces,
                    ignore_empty,
                }
            }
            "rename" => Self::Rename {
                field: config.required_text("field")?,
                target: config.required_text("target_field")?,
                ignore_missing: ignore_missing()?,
                replaces: config.flag("override")?.unwrap_or(false),
            },
            "remove" => {
                unsupported(config, &["keep"])?;
                let fields = match config.required("field")? {
                    Value::Array(items) => items
                        .iter()
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                        .collect(),
                    Value::String(field) => vec![field.clone()],
                    _ => return Err(invalid("[field] property isn't a string or a list")),
                };
                Self::Remove {
                    fields,
                    ignore_missing: ignore_missing()?,
                }
            }
            "lowercase" => Self::change(config, Change::Lowercase)?,
            "uppercase" => Self::change(config, Change::Uppercase)?,
            "trim" => Self::change(config, Change::Trim)?,
            "convert" => {
                let change = Change::Convert(type_of(&config.required_text("type")?)?);
                Self::change(config, change)?
            }
            "split" => {
                let separator = regex(&config.required_text("separator")?)?;
                let keeps_trailing = config.flag("preserve_trailing")?.unwrap_or(false);
                Self::change(
                    config,
                    Change::Split {
                        separator,
                        keeps_trailing,
                    },
                )?
            }
            "join" => {
                let separator = config.required_text("separator")?;
                Self::change(config, Change::Join { separator })?
            }
            "gsub" => {
                let pattern = regex(&config.required_text("pattern")?)?;
                let replacement = config.required_text("replacement")?;
                Self::change(
                    config,
                    Change::Replace {
                        pattern,
                        replacement,
                    },
                )?
            }
            "date" => Self::date(config)?,
            "drop" => Self::Drop,
            "fail" => Self::Fail {
                message: config.required_text("message")?,
            },
            "pipeline" => Self::Pipeline {
                name: config.required_text("name")?,
                ignore_missing: config.flag("ignore_missing_pipeline")?.unwrap_or(false),
            },
            _ if UNSUPPORTED.contains(&kind) => {
                return Err(ApiError::unsupported(format!("the processor [{kind}]")));
            }
            _ => {
                return Err(
                    invalid(format!("No processor type exists with name [{kind}]"))
                        .with("processor_type", kind),
                );
            }
        })
    }

    fn change(config: &Config<'_>, change: Change) -> Result<Self, ApiError> {
        let field = config.required_text("field")?;
        let target = config
            .text("target_field")?
            .unwrap_or_else(|| field.clone());
        let ignore_missing = config.flag("ignore_missing")?.unwrap_or(false);
        Ok(Self::Change {
            field,
            target,
            ignore_missing,
            change,
        })
    }

    fn date(config: &Config<'_>) -> Result<Self, ApiError> {
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
        Ok(Self::Date {
            field,
            target,
            formats,
            zone: zone(&zone_name)?,
            output: Format::parse(&output)?,
        })
    }

    pub(super) fn run(
        &self,
        pipelines: &Pipelines,
        document: &mut Document,
        depth: usize,
    ) -> Result<Outcome, ApiError> {
        match self {
            Self::Append {
                field,
                value,
                duplicates,
            } => {
                append(document, field, value, *duplicates)?;
            }
            Self::Change {
                field,
                target,
                ignore_missing,
                change,
            } => {
                let field = document.render(field)?;
                match document.get(&field) {
                    None | Some(Value::Null) if *ignore_missing => {}
                    None => {
                        document.required(&field)?;
                    }
                    Some(Value::Null) => {
                        return Err(ApiError::illegal_argument(format!(
                            "field [{field}] is null, cannot process it."
                        )));
                    }
                    Some(value) => {
                        let changed = change.apply(&field, &value)?;
                        document.set(target, changed)?;
                    }
                }
            }
            Self::Date {
                field,
                target,
                formats,
                zone,
                output,
            } => {
                let text = match document.required(field)? {
                    Value::String(text) => text,
                    value @ Value::Number(_) => value.to_string(),
                    value => return Err(wrong_type(field, &value, "java.lang.String")),
                };
                let millis = formats.iter().find_map(|format| format.read(&text, zone));
                let millis = millis.ok_or_else(|| {
                    ApiError::illegal_argument(format!("unable to parse date [{text}]"))
                })?;
                document.set(target, output.print(millis, zone).into())?;
            }
            Self::Drop => return Ok(Outcome::Dropped),
            Self::Fail { message } => {
                return Err(ApiError::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "fail_processor_exception",
                    document.render(message)?,
                ));
            }
            Self::Pipeline {
                name,
                ignore_missing,
            } => {
                let name = document.render(name)?;
                return match pipelines.get(&name) {
                    // Deeper than any chain that does not call itself.
                    Some(_) if depth > pipelines.len() => Err(ApiError::new(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "illegal_state_exception",
                        format!("Cycle detected for pipeline: {name}"),
                    )),
                    Some(pipeline) => pipeline.run_inside(pipelines, document, depth + 1),
                    None if *ignore_missing => Ok(Outcome::Kept),
                    None => Err(ApiError::new(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "illegal_state_exception",
                        format!("Pipeline processor configured for non-existent pipeline [{name}]"),
                    )),
                };
            }
            Self::Remove {
                fields,
                ignore_missing,
            } => {
                for field in fields {
                    let field = document.render(field)?;
                    if !*ignore_missing || document.get(&field).is_some() {
                        document.remove(&field)?;
                    }
                }
            }
            Self::Rename {
                field,
                target,
                ignore_missing,
                replaces,
            } => {
                rename(document, field, target, *ignore_missing, *replaces)?;
            }
            Self::Set {
                field,
                value,
                replaces,
                ignore_empty,
            } => {
                let field = document.render(field)?;
                let value = match value {
                    NewValue::Given(value) => document.render_value(value)?,
                    NewValue::Copy(from) => document.required(&document.render(from)?)?,
                };
                let is_there = document.get(&field).is_some_and(|value| !value.is_null());
                let is_empty = value.is_null() || value == "";
                if (*replaces || !is_there) && !(*ignore_empty && is_empty) {
                    document.set(&field, value)?;
                }
            }
        }
        Ok(Outcome::Kept)
    }
}

fn unsupported(config: &Config<'_>, names: &[&str]) -> Result<(), ApiError> {
    match names
        .iter()
        .find(|name| config.settings.contains_key(**name))
    {
        None => Ok(()),
        Some(name) => Err(ApiError::unsupported(format!(
            "[{name}] of the processor [{}]",
            config.kind
        ))),
    }
}

fn append(
    document: &mut Document,
    field: &str,
    value: &Value,
    duplicates: bool,
) -> Result<(), ApiError> {
    let field = document.render(field)?;
    let mut items = match document.get(&field) {
        None => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(value) => vec![value],
    };
    let before = items.len();
    let added = match document.render_value(value)? {
        Value::Array(added) => added,
        value => vec![value],
    };
    for value in added {
        if duplicates || !items.contains(&value) {
            items.push(value);
        }
    }
    // A single value stays one where nothing is added to it.
    if before == items.len() && document.get(&field).is_some() {
        return Ok(());
    }
    document.set(&field, Value::Array(items))
}

fn rename(
    document: &mut Document,
    field: &str,
    target: &str,
    ignore_missing: bool,
    replaces: bool,
) -> Result<(), ApiError> {
    let (field, target) = (document.render(field)?, document.render(target)?);
    if document.get(&field).is_none() {
        return if ignore_missing {
            Ok(())
        } else {
            Err(ApiError::illegal_argument(format!(
                "field [{field}] doesn't exist"
            )))
        };
    }
    if !replaces && document.get(&target).is_some() {
        return Err(ApiError::illegal_argument(format!(
            "field [{target}] already exists"
        )));
    }
    let value = document.remove(&field)?;
    let set = document.set(&target, value.clone());
    if set.is_err() {
        document.set(&field, value)?;
    }
    set
}

impl Change {
    fn apply(&self, field: &str, value: &Value) -> Result<Value, ApiError> {
        if let (Self::Join { separator }, Value::Array(items)) = (self, value) {
            let texts: Vec<String> = items
                .iter()
                .map(|item| {
                    item.as_str()
                        .map_or_else(|| item.to_string(), str::to_owned)
                })
                .collect();
            return Ok(texts.join(separator).into());
        }
        match (self, value) {
            (Self::Join { .. }, value) => Err(wrong_type(field, value, "java.util.List")),
            (Self::Convert(kind), Value::Array(items)) => {
                items.iter().map(|item| kind.convert(item)).collect()
            }
            (Self::Convert(kind), value) => kind.convert(value),
            (Self::Split { .. }, Value::Array(_)) => {
                Err(wrong_type(field, value, "java.lang.String"))
            }
            (_, Value::Array(items)) => items.iter().map(|item| self.one(field, item)).collect(),
            (_, value) => self.one(field, value),
        }
    }

    fn one(&self, field: &str, value: &Value) -> Result<Value, ApiError> {
        let Value::String(text) = value else {
            return Err(wrong_type(field, value, "java.lang.String"));
        };
        Ok(match self {
            Self::Lowercase => text.to_lowercase().into(),
            Self::Uppercase => text.to_uppercase().into(),
            Self::Trim => text.trim().into(),
            Self::Split {
                separator,
                keeps_trailing,
            } => {
                let mut parts: Vec<&str> = separator.split(text).collect();
                while !keeps_trailing && parts.len() > 1 && parts.last() == Some(&"") {
                    parts.pop();
                }
                parts.into()
            }
            Self::Replace {
                pattern,
                replacement,
            } => pattern
                .replace_all(text, replacement.as_str())
                .into_owned()
                .into(),
            Self::Join { .. } | Self::Convert(_) => value.clone(),
        })
    }
}

fn wrong_type(field: &str, value: &Value, wanted: &str) -> ApiError {
    ApiError::illegal_argument(format!(
        "field [{field}] of type [{}] cannot be cast to [{wanted}]",
        kind_of(value)
    ))
}

/// Reads a regular expression of Java, as far as it means the same here.
fn regex(pattern: &str) -> Result<Regex, ApiError> {
    Regex::new(pattern)
        .map_err(|_| ApiError::unsupported(format!("the regular expression [{pattern}]")))
}

fn type_of(name: &str) -> Result<Type, ApiError> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "integer" => Type::Integer,
        "long" => Type::Long,
        "float" => Type::Float,
        "double" => Type::Double,
        "string" => Type::Text,
        "boolean" => Type::Boolean,
        "auto" => Type::Auto,
        "ip" => {
            return Err(ApiError::unsupported(
                "[type: ip] of the processor [convert]",
            ));
        }
        _ => {
            return Err(invalid(format!(
                "[type] type [{name}] not supported, cannot convert field."
            )));
        }
    })
}

impl Type {
    fn convert(self, value: &Value) -> Result<Value, ApiError> {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let failed = |kind: &str| {
            ApiError::illegal_argument(format!("unable to convert [{text}] to {kind}"))
        };
        match self {
            Self::Integer => {
                let number = text.parse::<i32>().map_err(|_| failed("integer"))?;
                Ok(number.into())
            }
            Self::Long => text
                .parse::<i64>()
                .map(Value::from)
                .map_err(|_| failed("long")),
            Self::Float | Self::Double => {
                let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
                number.map(Value::from).ok_or_else(|| failed("float"))
            }
            Self::Text => Ok(text.into()),
            Self::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                _ => Err(ApiError::illegal_argument(format!(
                    "[{text}] is not a boolean value, cannot convert to boolean"
                ))),
            },
            Self::Auto if value.is_string() => {
                let read = [Self::Boolean, Self::Integer, Self::Long, Self::Float];
                let found = read.into_iter().find_map(|kind| kind.convert(value).ok());
                Ok(found.unwrap_or_else(|| value.clone()))
            }
            Self::Auto => Ok(value.clone()),
        }
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
