//! The document that a pipeline changes, its paths and templates.

use serde_json::{Map, Value};

use crate::api::error::ApiError;
use crate::dates::{Format, now_millis};

/// A document on its way through pipelines.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub index: String,
    pub id: Option<String>,
    pub routing: Option<String>,
    pub source: Map<String, Value>,
    /// Facts about the pipeline itself, such as its time.
    pub ingest: Map<String, Value>,
}

/// Fields of a document beside its source, which the server lets pipelines change.
const OTHER_METADATA: [&str; 6] = [
    "_version",
    "_version_type",
    "_type",
    "_if_seq_no",
    "_if_primary_term",
    "_dynamic_templates",
];

impl Document {
    pub fn new(index: &str, id: Option<String>, routing: Option<String>, source: Value) -> Self {
        let now = Format::parse("yyyy-MM-dd'T'HH:mm:ss.SSSXXX")
            .map(|format| format.print(now_millis(), &jiff::tz::TimeZone::UTC))
            .unwrap_or_default();
        let source = match source {
            Value::Object(source) => source,
            _ => Map::new(),
        };
        let ingest = Map::from_iter([("timestamp".to_owned(), now.into())]);
        Self {
            index: index.to_owned(),
            id,
            routing,
            source,
            ingest,
        }
    }

    /// Returns the value of a path, if there is one.
    pub fn get(&self, path: &str) -> Option<Value> {
        match path {
            "_index" => return Some(self.index.as_str().into()),
            "_id" => return self.id.as_deref().map(Value::from),
            "_routing" => return self.routing.as_deref().map(Value::from),
            _ => {}
        }
        let (mut value, rest) = match path.strip_prefix("_ingest.") {
            Some(rest) => {
                let (first, rest) = split(rest);
                (self.ingest.get(first)?, rest)
            }
            None => {
                let (first, rest) = split(path.strip_prefix("_source.").unwrap_or(path));
                (self.source.get(first)?, rest)
            }
        };
        for name in rest.into_iter().flat_map(|rest| rest.split('.')) {
            value = match value {
                Value::Object(fields) => fields.get(name)?,
                Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value.clone())
    }

    /// Returns the value of a path.
    ///
    /// # Errors
    /// 400 where there is none.
    pub fn required(&self, path: &str) -> Result<Value, ApiError> {
        self.get(path).ok_or_else(|| missing(path))
    }

    /// Sets the value of a path, with the objects around it.
    ///
    /// # Errors
    /// 400 where something else than an object is in the way.
    pub fn set(&mut self, path: &str, value: Value) -> Result<(), ApiError> {
        let text = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(ApiError::illegal_argument(format!(
                "[{path}] must be a text"
            ))),
        };
        match path {
            "_index" => self.index = text(&value)?,
            "_id" => self.id = Some(text(&value)?),
            "_routing" => self.routing = Some(text(&value)?),
            _ if OTHER_METADATA.contains(&path) || path.starts_with("_ingest") => {
                return Err(ApiError::unsupported(format!(
                    "a pipeline that sets [{path}]"
                )));
            }
            _ => *self.place(path)? = value,
        }
        Ok(())
    }

    fn place(&mut self, path: &str) -> Result<&mut Value, ApiError> {
        let path = path.strip_prefix("_source.").unwrap_or(path);
        let (first, rest) = split(path);
        let mut place = self.source.entry(first.to_owned()).or_insert(Value::Null);
        for name in rest.into_iter().flat_map(|rest| rest.split('.')) {
            if place.is_null() {
                *place = Value::Object(Map::new());
            }
            let kind = kind_of(place);
            let inner = match place {
                Value::Object(fields) => Some(fields.entry(name.to_owned()).or_insert(Value::Null)),
                Value::Array(items) => name
                    .parse::<usize>()
                    .ok()
                    .and_then(|number| items.get_mut(number)),
                _ => None,
            };
            place = inner.ok_or_else(|| {
                ApiError::illegal_argument(format!(
                    "cannot set [{name}] with parent object of type [{kind}] as part of path [{path}]"
                ))
            })?;
        }
        Ok(place)
    }

    /// Removes the value of a path.
    ///
    /// # Errors
    /// 400 where there is none.
    pub fn remove(&mut self, path: &str) -> Result<Value, ApiError> {
        match path {
            "_routing" => {
                return self
                    .routing
                    .take()
                    .map(Value::from)
                    .ok_or_else(|| missing(path));
            }
            "_id" => return self.id.take().map(Value::from).ok_or_else(|| missing(path)),
            _ if path.starts_with('_') && path.strip_prefix("_source.").is_none() => {
                return Err(ApiError::unsupported(format!(
                    "a pipeline that removes [{path}]"
                )));
            }
            _ => {}
        }
        let path = path.strip_prefix("_source.").unwrap_or(path);
        let Some((parent, last)) = path.rsplit_once('.') else {
            return self.source.remove(path).ok_or_else(|| missing(path));
        };
        self.required(parent)?;
        let removed = match self.place(parent)? {
            Value::Object(fields) => fields.remove(last),
            Value::Array(items) => {
                let number = last
                    .parse::<usize>()
                    .ok()
                    .filter(|number| *number < items.len());
                number.map(|number| items.remove(number))
            }
            _ => None,
        };
        removed.ok_or_else(|| missing(path))
    }

    /// Replaces `{{path}}` and `{{{path}}}` by the values of the document.
    ///
    /// # Errors
    /// 400 for other tags of Mustache, and for values that are no text, number or boolean.
    pub fn render(&self, template: &str) -> Result<String, ApiError> {
        let mut rendered = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            rendered.push_str(before);
            let (raw, after) = match after.strip_prefix('{') {
                Some(after) => (true, after),
                None => (false, after),
            };
            let end = if raw { "}}}" } else { "}}" };
            let Some((path, after)) = after.split_once(end) else {
                return Err(ApiError::unsupported(format!("the template [{template}]")));
            };
            let path = path.trim();
            if path.starts_with(['#', '/', '^', '>', '&', '=', '!']) {
                return Err(ApiError::unsupported(format!("the template [{template}]")));
            }
            let text = match self.get(path) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text,
                Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
                Some(_) => {
                    return Err(ApiError::unsupported(format!(
                        "a list or object in [{template}]"
                    )));
                }
            };
            if raw {
                rendered.push_str(&text);
            } else {
                let quoted = Value::from(text).to_string();
                rendered.push_str(
                    quoted
                        .trim_start_matches('"')
                        .strip_suffix('"')
                        .unwrap_or(""),
                );
            }
            rest = after;
        }
        rendered.push_str(rest);
        Ok(rendered)
    }

    /// Renders the texts of a value.
    ///
    /// # Errors
    /// As for [`render`](Self::render).
    pub fn render_value(&self, value: &Value) -> Result<Value, ApiError> {
        Ok(match value {
            Value::String(text) => self.render(text)?.into(),
            Value::Array(items) => items
                .iter()
                .map(|item| self.render_value(item))
                .collect::<Result<_, _>>()?,
            Value::Object(fields) => {
                let mut rendered = Map::new();
                for (name, value) in fields {
                    rendered.insert(self.render(name)?, self.render_value(value)?);
                }
                Value::Object(rendered)
            }
            value => value.clone(),
        })
    }
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    }
}

fn missing(path: &str) -> ApiError {
    let last = path.rsplit('.').next().unwrap_or(path);
    ApiError::illegal_argument(format!(
        "field [{last}] not present as part of path [{path}]"
    ))
}

/// The name of a value's type in the server's messages.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(number) if number.is_f64() => "java.lang.Double",
        Value::Number(number)
            if number
                .as_i64()
                .is_some_and(|number| i32::try_from(number).is_ok()) =>
        {
            "java.lang.Integer"
        }
        Value::Number(_) => "java.lang.Long",
        Value::String(_) => "java.lang.String",
        Value::Array(_) => "java.util.ArrayList",
        Value::Object(_) => "java.util.HashMap",
    }
}
