//! Field types: given by a mapping or learnt from documents.

use serde_json::{Map, Value, json};

use super::date::epoch_millis;
use crate::api::error::ApiError;

/// How a field's values are compared and searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Text,
    Keyword,
    Number,
    Boolean,
    Date,
    Object,
    /// Not mapped: no document has it.
    Unmapped,
}

/// The `properties` of an index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mapping {
    pub(crate) properties: Map<String, Value>,
    /// `dynamic`, `_source` and the like, kept as they were given.
    pub(crate) rest: Map<String, Value>,
}

impl Mapping {
    /// Adds the fields of a put-mapping request.
    ///
    /// # Errors
    /// 400 when a field would change its type.
    pub(crate) fn merge(&mut self, mapping: &Map<String, Value>) -> Result<(), ApiError> {
        for (name, value) in mapping {
            match (name.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    merge_into(&mut self.properties, properties, "")?
                }
                _ => {
                    self.rest.insert(name.clone(), value.clone());
                }
            }
        }
        Ok(())
    }

    /// The mapping as `GET _mapping` shows it.
    pub(crate) fn to_json(&self) -> Value {
        let mut mapping = self.rest.clone();
        if !self.properties.is_empty() {
            mapping.insert("properties".to_owned(), Value::Object(self.properties.clone()));
        }
        Value::Object(mapping)
    }

    /// The kind of a field, and the path at which its values are found in a document: `name.keyword`
    /// reads the values of `name`.
    pub(crate) fn field<'p>(&self, path: &'p str) -> (FieldKind, &'p str) {
        if path == "_id" || path == "_index" {
            return (FieldKind::Keyword, path);
        }
        if let Some(definition) = find(&self.properties, path) {
            return (kind_of(definition), path);
        }
        if let Some((parent, sub)) = path.rsplit_once('.') {
            let sub_field =
                find(&self.properties, parent).and_then(|field| field.get("fields")?.get(sub));
            if let Some(definition) = sub_field {
                return (kind_of(definition), parent);
            }
        }
        (FieldKind::Unmapped, path)
    }

    /// Checks a document against the mapping and adds the fields it brings.
    ///
    /// # Errors
    /// 400 `document_parsing_exception` when a value does not fit, 400 when the mapping is strict
    /// and a field is new.
    pub(crate) fn learn(&mut self, id: &str, source: &Value) -> Result<(), ApiError> {
        let Value::Object(fields) = source else {
            return Err(ApiError::bad_request(
                "document_parsing_exception",
                "[1:1] failed to parse: the document is not an object",
            ));
        };
        if all_known(&self.properties, fields, "", id)? {
            return Ok(());
        }
        let dynamic = match self.rest.get("dynamic") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(flag)) => flag.to_string(),
            _ => "true".to_owned(),
        };
        let mut learnt = self.properties.clone();
        learn_fields(&mut learnt, fields, "", &dynamic, id)?;
        self.properties = learnt;
        Ok(())
    }
}

fn merge_into(
    known: &mut Map<String, Value>,
    new: &Map<String, Value>,
    prefix: &str,
) -> Result<(), ApiError> {
    for (name, definition) in new {
        let Some(old) = known.get_mut(name) else {
            known.insert(name.clone(), definition.clone());
            continue;
        };
        let (was, is) = (type_name(old), type_name(definition));
        if was != is {
            return Err(ApiError::illegal_argument(format!(
                "mapper [{prefix}{name}] cannot be changed from type [{was}] to [{is}]"
            )));
        }
        if let Some(children) = definition.get("properties").and_then(Value::as_object) {
            let below = format!("{prefix}{name}.");
            merge_into(children_of(old), children, &below)?;
        } else {
            *old = definition.clone();
        }
    }
    Ok(())
}

/// The `properties` of an object field, made when it has none.
fn children_of(definition: &mut Value) -> &mut Map<String, Value> {
    if !definition.get("properties").is_some_and(Value::is_object) {
        *definition = json!({"properties": {}});
    }
    match definition.get_mut("properties") {
        Some(Value::Object(children)) => children,
        // The line above has just made it an object.
        _ => unreachable!("an object field has properties"),
    }
}

fn learn_fields(
    known: &mut Map<String, Value>,
    fields: &Map<String, Value>,
    prefix: &str,
    dynamic: &str,
    id: &str,
) -> Result<(), ApiError> {
    for (name, value) in fields {
        let path = format!("{prefix}{name}");
        for item in flat(value) {
            if let Some(definition) = known.get_mut(name) {
                fits(definition, item, &path, id)?;
            } else if dynamic == "strict" {
                return Err(ApiError::bad_request(
                    "strict_dynamic_mapping_exception",
                    format!(
                        "[1:1] mapping set to strict, dynamic introduction of [{path}] within [_doc] is not allowed"
                    ),
                ));
            } else if dynamic == "false" {
                continue;
            } else if let Some(definition) = guess(item) {
                known.insert(name.clone(), definition);
            }
            if let (Value::Object(children), Some(definition)) = (item, known.get_mut(name))
                && kind_of(definition) == FieldKind::Object
            {
                let below = format!("{path}.");
                learn_fields(children_of(definition), children, &below, dynamic, id)?;
            }
        }
    }
    Ok(())
}

/// Whether the mapping has every field of a document, so that nothing is to be learnt.
fn all_known(
    known: &Map<String, Value>,
    fields: &Map<String, Value>,
    prefix: &str,
    id: &str,
) -> Result<bool, ApiError> {
    for (name, value) in fields {
        let path = format!("{prefix}{name}");
        for item in flat(value) {
            let Some(definition) = known.get(name) else { return Ok(false) };
            fits(definition, item, &path, id)?;
            if let Value::Object(children) = item
                && kind_of(definition) == FieldKind::Object
            {
                let below = definition.get("properties").and_then(Value::as_object);
                let Some(below) = below else { return Ok(false) };
                if !all_known(below, children, &format!("{path}."), id)? {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

/// The values of a field, arrays opened, `null` left out.
fn flat(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        Value::Null => Vec::new(),
        value => vec![value],
    }
}

/// Dynamic mapping: the type the genuine server would choose.
fn guess(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(number) if number.is_f64() => json!({"type": "float"}),
        Value::Number(_) => json!({"type": "long"}),
        Value::String(text) if looks_like_date(text) => json!({"type": "date"}),
        Value::String(_) => {
            json!({"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}})
        }
        Value::Object(_) => json!({"properties": {}}),
        Value::Null | Value::Array(_) => return None,
    })
}

/// A bare year is a number in words, not a date, to dynamic mapping.
fn looks_like_date(text: &str) -> bool {
    text.len() >= 10 && text.contains('-') && epoch_millis(&Value::from(text)).is_some()
}

fn fits(definition: &Value, value: &Value, path: &str, id: &str) -> Result<(), ApiError> {
    let name = type_name(definition);
    let fine = match (kind_of(definition), value) {
        (FieldKind::Object, value) => value.is_object(),
        (FieldKind::Number, Value::String(text)) => text.parse::<f64>().is_ok(),
        (FieldKind::Number, value) => value.is_number(),
        (FieldKind::Boolean, Value::String(text)) => text == "true" || text == "false",
        (FieldKind::Boolean, value) => value.is_boolean(),
        (FieldKind::Date, value) => epoch_millis(value).is_some(),
        (FieldKind::Text | FieldKind::Keyword, value) => !value.is_object(),
        (FieldKind::Unmapped, _) => true,
    };
    if fine {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "document_parsing_exception",
        format!("[1:1] failed to parse field [{path}] of type [{name}] in document with id '{id}'"),
    ))
}

fn find<'m>(properties: &'m Map<String, Value>, path: &str) -> Option<&'m Value> {
    if let Some(definition) = properties.get(path) {
        return Some(definition);
    }
    path.match_indices('.').find_map(|(at, _)| {
        let (head, rest) = path.split_at(at);
        let children = properties.get(head)?.get("properties")?.as_object()?;
        find(children, rest.strip_prefix('.')?)
    })
}

fn type_name(definition: &Value) -> &str {
    definition.get("type").and_then(Value::as_str).unwrap_or("object")
}

fn kind_of(definition: &Value) -> FieldKind {
    match type_name(definition) {
        "text" | "match_only_text" | "search_as_you_type" => FieldKind::Text,
        "keyword" | "constant_keyword" | "wildcard" | "ip" | "version" => FieldKind::Keyword,
        "long" | "integer" | "short" | "byte" | "double" | "float" | "half_float"
        | "scaled_float" | "unsigned_long" => FieldKind::Number,
        "boolean" => FieldKind::Boolean,
        "date" | "date_nanos" => FieldKind::Date,
        "object" | "nested" => FieldKind::Object,
        _ => FieldKind::Unmapped,
    }
}
