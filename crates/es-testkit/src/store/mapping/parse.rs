//! From the JSON of a mapping to its fields.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::dynamic::DynamicTemplate;
use super::field::{Field, Kind};
use super::read_field::read_field;
use super::{Dynamic, Mapping, Node, Object};
use crate::analysis::Analyzers;
use crate::api::error::ApiError;

pub(super) fn failed(reason: impl std::fmt::Display) -> ApiError {
    ApiError::bad_request(
        "mapper_parsing_exception",
        format!("Failed to parse mapping: {reason}"),
    )
}

pub(super) fn merge(mapping: &mut Mapping, given: &Map<String, Value>) -> Result<(), ApiError> {
    for (name, value) in given {
        match (name.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                let analyzers = Arc::clone(&mapping.analyzers);
                merge_children(&mut mapping.root, properties, "", &analyzers)?;
            }
            ("dynamic", value) => {
                mapping.root.dynamic = Some(dynamic(value)?);
                keep(&mut mapping.root, name, &text_of(value));
            }
            ("date_detection", Value::Bool(flag)) => {
                mapping.date_detection = *flag;
                keep(&mut mapping.root, name, value);
            }
            ("numeric_detection", Value::Bool(flag)) => {
                mapping.numeric_detection = *flag;
                keep(&mut mapping.root, name, value);
            }
            ("_routing", Value::Object(settings)) => {
                mapping.routing_required = settings.get("required") == Some(&Value::Bool(true));
                keep(&mut mapping.root, name, value);
            }
            ("_meta", Value::Object(_)) => keep(&mut mapping.root, name, value),
            ("_source", Value::Object(settings)) => {
                if settings.keys().any(|name| name != "enabled") {
                    return Err(ApiError::unsupported(
                        "[_source] of a mapping with other members than [enabled]",
                    ));
                }
                mapping.source_enabled = settings.get("enabled") != Some(&Value::Bool(false));
                keep(&mut mapping.root, name, value);
            }
            ("dynamic_templates", value) => {
                mapping.templates = Some(DynamicTemplate::read_all(value)?);
            }
            (
                "runtime"
                | "dynamic_date_formats"
                | "_data_stream_timestamp"
                | "_size"
                | "subobjects",
                _,
            ) => {
                return Err(ApiError::unsupported(format!("[{name}] in a mapping")));
            }
            // An empty list passes for no fields.
            ("properties", Value::Array(items)) if items.is_empty() => {}
            ("properties", _) => return Err(failed("Expected map for property [properties]")),
            _ => {
                return Err(failed(format!(
                    "Root mapping definition has unsupported parameters:  [{name} : {value}]"
                )));
            }
        }
    }
    if given.values().any(defines_alias) {
        check_aliases(mapping)?;
    }
    Ok(())
}

/// Whether a part of a mapping has a field alias.
fn defines_alias(definition: &Value) -> bool {
    definition.as_object().is_some_and(|members| {
        members.get("type").is_some_and(|kind| kind == "alias")
            || members.values().any(defines_alias)
    })
}

/// Refuses aliases whose target does not exist or is an alias.
fn check_aliases(mapping: &Mapping) -> Result<(), ApiError> {
    for field in mapping.fields() {
        let Kind::Alias(target) = &field.kind else {
            continue;
        };
        let problem = match mapping.direct(target) {
            None => "an alias must refer to an existing field in the mappings.",
            Some(found) if matches!(found.kind, Kind::Alias(_)) => {
                "an alias cannot refer to another alias."
            }
            Some(_) => continue,
        };
        return Err(ApiError::bad_request(
            "mapper_parsing_exception",
            format!(
                "Invalid [path] value [{target}] for field alias [{}]: {problem}",
                field.path
            ),
        ));
    }
    Ok(())
}

fn keep(object: &mut Object, name: &str, value: &Value) {
    object.shown.insert(name.to_owned(), value.clone());
}

/// `dynamic: true` is shown as a text.
fn text_of(value: &Value) -> Value {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
        .into()
}

fn dynamic(value: &Value) -> Result<Dynamic, ApiError> {
    match text_of(value).as_str() {
        Some("true") => Ok(Dynamic::True),
        Some("false") => Ok(Dynamic::False),
        Some("strict") => Ok(Dynamic::Strict),
        Some("runtime") => Err(ApiError::unsupported("[dynamic: runtime]")),
        _ => Err(failed(format!(
            "Cannot parse [dynamic] of the value {value}"
        ))),
    }
}

pub(super) fn merge_children(
    object: &mut Object,
    given: &Map<String, Value>,
    prefix: &str,
    analyzers: &Analyzers,
) -> Result<(), ApiError> {
    for (name, definition) in given {
        if name.is_empty() {
            return Err(failed("field name cannot be an empty string"));
        }
        // A dotted name stands for objects around the last one.
        if let Some((first, rest)) = name.split_once('.') {
            let inner = Map::from_iter([(rest.to_owned(), definition.clone())]);
            let below = child_object(object, first, prefix)?;
            merge_children(below, &inner, &format!("{prefix}{first}."), analyzers)?;
            continue;
        }
        merge_child(object, name, definition, prefix, analyzers)?;
    }
    Ok(())
}

/// Adds a field or an object, or merges it with the one that is there.
fn merge_child(
    object: &mut Object,
    name: &str,
    definition: &Value,
    prefix: &str,
    analyzers: &Analyzers,
) -> Result<(), ApiError> {
    let path = format!("{prefix}{name}");
    let Some(settings) = definition.as_object() else {
        return Err(failed(format!(
            "Expected map for property [fields] on field [{path}] but got a value"
        )));
    };
    let kind = match settings.get("type") {
        None => None,
        Some(Value::String(kind)) => Some(kind.as_str()),
        Some(_) => {
            return Err(failed(format!(
                "The mapper type declared on field [{path}] is no text"
            )));
        }
    };
    let known = object.children.get(name);
    if let Some(kind) = kind.filter(|kind| !matches!(*kind, "object" | "nested")) {
        let field = read_field(&path, kind, settings, analyzers)?;
        let field = match known {
            Some(Node::Object(_)) => return Err(changed(&path, "object", kind)),
            Some(Node::Field(known)) => replace(known, field)?,
            None => field,
        };
        let node = Node::Field(Arc::new(field));
        object.children.insert(name.to_owned(), node);
        return Ok(());
    }
    let of_objects = ["properties", "dynamic", "enabled"];
    if kind.is_none() && !of_objects.iter().any(|name| settings.contains_key(*name)) {
        return Err(failed(format!("No type specified for field [{path}]")));
    }
    if let Some(Node::Field(field)) = known {
        return Err(changed(&path, &field.type_name, kind.unwrap_or("object")));
    }
    let nested = kind == Some("nested");
    let is_known = known.is_some();
    let below = child_object(object, name, prefix)?;
    if is_known && below.nested != nested {
        return Err(ApiError::illegal_argument(format!(
            "can't merge a non-nested mapping [{path}] with a nested mapping"
        )));
    }
    below.nested = nested;
    object_settings(below, settings, &path, analyzers)
}

fn child_object<'o>(
    object: &'o mut Object,
    name: &str,
    prefix: &str,
) -> Result<&'o mut Object, ApiError> {
    let node = object.children.entry(name.to_owned()).or_insert_with(|| {
        Node::Object(Object {
            enabled: true,
            ..Object::default()
        })
    });
    match node {
        Node::Object(object) => Ok(object),
        Node::Field(field) => Err(changed(
            &format!("{prefix}{name}"),
            &field.type_name,
            "object",
        )),
    }
}

fn object_settings(
    object: &mut Object,
    settings: &Map<String, Value>,
    path: &str,
    analyzers: &Analyzers,
) -> Result<(), ApiError> {
    for (name, value) in settings {
        match (name.as_str(), value) {
            ("type", _) if object.nested => keep(object, name, value),
            ("type", _) => {}
            ("properties", Value::Object(properties)) => {
                merge_children(object, properties, &format!("{path}."), analyzers)?;
            }
            ("dynamic", value) => {
                object.dynamic = Some(dynamic(value)?);
                keep(object, name, &text_of(value));
            }
            ("enabled", Value::Bool(flag)) if !object.nested => {
                object.enabled = *flag;
                if *flag {
                    object.shown.remove(name);
                } else {
                    keep(object, name, value);
                }
            }
            (
                "subobjects" | "include_in_parent" | "include_in_root" | "synthetic_source_keep",
                _,
            ) => {
                return Err(ApiError::unsupported(format!(
                    "[{name}] of the field [{path}]"
                )));
            }
            _ => {
                let kind = if object.nested { "nested" } else { "object" };
                return Err(failed(format!(
                    "unknown parameter [{name}] on mapper [{path}] of type [{kind}]"
                )));
            }
        }
    }
    Ok(())
}

fn changed(path: &str, from: &str, to: &str) -> ApiError {
    ApiError::illegal_argument(format!(
        "mapper [{path}] cannot be changed from type [{from}] to [{to}]"
    ))
}

/// Changes a known field: only its further forms and some settings may change.
fn replace(known: &Field, given: Field) -> Result<Field, ApiError> {
    if known.type_name != given.type_name {
        return Err(changed(&known.path, &known.type_name, &given.type_name));
    }
    for name in [
        "analyzer",
        "index",
        "doc_values",
        "format",
        "normalizer",
        "dims",
        "similarity",
        "scaling_factor",
        "null_value",
        "store",
        "path",
    ] {
        if known.shown.get(name) != given.shown.get(name) && given.shown.contains_key(name) {
            return Err(ApiError::illegal_argument(format!(
                "Mapper for [{}] conflicts with existing mapper:\n\tCannot update parameter [{name}] from [{}] to [{}]",
                known.path,
                known.shown.get(name).unwrap_or(&Value::Null),
                given.shown.get(name).unwrap_or(&Value::Null),
            )));
        }
    }
    let mut forms = known.forms.clone();
    for (name, form) in given.forms {
        if let Some(old) = forms.get(&name)
            && old.type_name != form.type_name
        {
            return Err(changed(&form.path, &old.type_name, &form.type_name));
        }
        forms.insert(name, form);
    }
    let mut shown = known.shown.clone();
    shown.extend(given.shown);
    Ok(Field {
        forms,
        shown,
        ..Field {
            kind: if let Kind::Vector { .. } = known.kind {
                known.kind.clone()
            } else {
                given.kind
            },
            ..known.clone()
        }
    })
}
