//! The processors that change one value: `lowercase`, `convert`, `split` and the like.

use regex_lite::Regex;
use serde_json::Value;

use crate::api::error::ApiError;
use crate::ingest::document::kind_of;
use crate::ingest::{Config, Document, invalid};

/// Changes a field, or writes the changed value to another one.
#[derive(Clone, Debug)]
pub(in crate::ingest) struct ChangeField {
    field: String,
    target: String,
    ignore_missing: bool,
    change: Change,
}

/// A change of one value.
#[derive(Clone, Debug)]
enum Change {
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
enum Type {
    Integer,
    Long,
    Float,
    Double,
    Text,
    Boolean,
    Auto,
}

impl ChangeField {
    /// Reads the processor; `None` for a name that is none of them.
    pub fn parse(kind: &str, config: &Config<'_>) -> Result<Option<Self>, ApiError> {
        let change = match kind {
            "lowercase" => Change::Lowercase,
            "uppercase" => Change::Uppercase,
            "trim" => Change::Trim,
            "convert" => Change::Convert(type_of(&config.required_text("type")?)?),
            "split" => Change::Split {
                separator: regex(&config.required_text("separator")?)?,
                keeps_trailing: config.flag("preserve_trailing")?.unwrap_or(false),
            },
            "join" => Change::Join {
                separator: config.required_text("separator")?,
            },
            "gsub" => Change::Replace {
                pattern: regex(&config.required_text("pattern")?)?,
                replacement: replacement(&config.required_text("replacement")?),
            },
            _ => return Ok(None),
        };
        let field = config.required_text("field")?;
        Ok(Some(Self {
            target: config
                .text("target_field")?
                .unwrap_or_else(|| field.clone()),
            ignore_missing: config.flag("ignore_missing")?.unwrap_or(false),
            field,
            change,
        }))
    }

    pub fn run(&self, document: &mut Document) -> Result<(), ApiError> {
        let field = document.render(&self.field)?;
        match document.get(&field) {
            None | Some(Value::Null) if self.ignore_missing => Ok(()),
            None => document.required(&field).map(|_| ()),
            Some(Value::Null) => Err(ApiError::illegal_argument(format!(
                "field [{field}] is null, cannot process it."
            ))),
            Some(value) => {
                let changed = self.change.apply(&field, &value)?;
                document.set(&self.target, changed)
            }
        }
    }
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

pub(super) fn wrong_type(field: &str, value: &Value, wanted: &str) -> ApiError {
    ApiError::illegal_argument(format!(
        "field [{field}] of type [{}] cannot be cast to [{wanted}]",
        kind_of(value)
    ))
}

/// Translates a replacement of Java: `$1` is a group, `\$` a dollar.
fn replacement(text: &str) -> String {
    let mut translated = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('$') => translated.push_str("$$"),
                Some(escaped) => translated.push(escaped),
                None => {}
            },
            '$' if letters.peek().is_some_and(char::is_ascii_digit) => {
                translated.push_str("${");
                translated.extend(letters.next());
                translated.push('}');
            }
            letter => translated.push(letter),
        }
    }
    translated
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
