//! The processors that move fields: `append`, `remove`, `rename` and `set`.

use serde_json::Value;

use super::unsupported;
use crate::api::error::ApiError;
use crate::ingest::{Config, Document, invalid};

/// Adds values to a list.
#[derive(Clone, Debug)]
pub(in crate::ingest) struct Append {
    field: String,
    value: Value,
    duplicates: bool,
}

impl Append {
    pub fn parse(config: &Config<'_>) -> Result<Self, ApiError> {
        unsupported(config, &["media_type", "ignore_empty_values", "copy_from"])?;
        Ok(Self {
            field: config.required_text("field")?,
            value: config.required("value")?.clone(),
            duplicates: config.flag("allow_duplicates")?.unwrap_or(true),
        })
    }

    pub fn run(&self, document: &mut Document) -> Result<(), ApiError> {
        let field = document.render(&self.field)?;
        let mut items = match document.get(&field) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(value) => vec![value],
        };
        let before = items.len();
        let added = match document.render_value(&self.value)? {
            Value::Array(added) => added,
            value => vec![value],
        };
        for value in added {
            if self.duplicates || !items.contains(&value) {
                items.push(value);
            }
        }
        // A single value stays one where nothing is added to it.
        if before == items.len() && document.get(&field).is_some() {
            return Ok(());
        }
        document.set(&field, Value::Array(items))
    }
}

/// Removes fields.
#[derive(Clone, Debug)]
pub(in crate::ingest) struct Remove {
    fields: Vec<String>,
    ignore_missing: bool,
}

impl Remove {
    pub fn parse(config: &Config<'_>) -> Result<Self, ApiError> {
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
        Ok(Self {
            fields,
            ignore_missing: config.flag("ignore_missing")?.unwrap_or(false),
        })
    }

    pub fn run(&self, document: &mut Document) -> Result<(), ApiError> {
        for field in &self.fields {
            let field = document.render(field)?;
            if !self.ignore_missing || document.get(&field).is_some() {
                document.remove(&field)?;
            }
        }
        Ok(())
    }
}

/// Gives a field another name.
#[derive(Clone, Debug)]
pub(in crate::ingest) struct Rename {
    field: String,
    target: String,
    ignore_missing: bool,
    replaces: bool,
}

impl Rename {
    pub fn parse(config: &Config<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            field: config.required_text("field")?,
            target: config.required_text("target_field")?,
            ignore_missing: config.flag("ignore_missing")?.unwrap_or(false),
            replaces: config.flag("override")?.unwrap_or(false),
        })
    }

    pub fn run(&self, document: &mut Document) -> Result<(), ApiError> {
        let field = document.render(&self.field)?;
        let target = document.render(&self.target)?;
        if document.get(&field).is_none() {
            return if self.ignore_missing {
                Ok(())
            } else {
                Err(ApiError::illegal_argument(format!(
                    "field [{field}] doesn't exist"
                )))
            };
        }
        if !self.replaces && document.get(&target).is_some() {
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
}

/// Writes a field.
#[derive(Clone, Debug)]
pub(in crate::ingest) struct Set {
    field: String,
    value: NewValue,
    replaces: bool,
    ignore_empty: bool,
}

/// The value that `set` writes.
#[derive(Clone, Debug)]
enum NewValue {
    Given(Value),
    Copy(String),
}

impl Set {
    pub fn parse(config: &Config<'_>) -> Result<Self, ApiError> {
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
        Ok(Self {
            field,
            value,
            replaces: config.flag("override")?.unwrap_or(true),
            ignore_empty: config.flag("ignore_empty_value")?.unwrap_or(false),
        })
    }

    pub fn run(&self, document: &mut Document) -> Result<(), ApiError> {
        let field = document.render(&self.field)?;
        let value = match &self.value {
            NewValue::Given(value) => document.render_value(value)?,
            NewValue::Copy(from) => document.required(&document.render(from)?)?,
        };
        let is_there = document.get(&field).is_some_and(|value| !value.is_null());
        let is_empty = value.is_null() || value == "";
        if (self.replaces || !is_there) && !(self.ignore_empty && is_empty) {
            document.set(&field, value)?;
        }
        Ok(())
    }
}
