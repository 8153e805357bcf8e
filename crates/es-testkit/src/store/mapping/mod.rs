//! Mappings: the fields of an index, given or learnt from documents.

mod document;
mod dynamic;
mod entry;
mod field;
mod parse;
mod point;
mod read_field;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

pub(crate) use document::read_document;
pub(crate) use entry::Entry;
pub(crate) use field::{Field, Kind, Number, Similarity, java_number, scalar, shortest};
pub(crate) use point::{Point, read_place};

use self::dynamic::DynamicTemplate;
use crate::analysis::Analyzers;
use crate::api::error::ApiError;

/// The treatment of fields that the mapping does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dynamic {
    True,
    False,
    Strict,
}

/// An object of the mapping: its root, an object field, or a nested one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object {
    pub nested: bool,
    pub enabled: bool,
    pub dynamic: Option<Dynamic>,
    pub children: BTreeMap<String, Node>,
    /// Its settings as given, without `properties`.
    shown: Map<String, Value>,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Object(Object),
    Field(Arc<Field>),
}

/// The mapping of an index.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    pub root: Object,
    pub source_enabled: bool,
    pub routing_required: bool,
    pub date_detection: bool,
    pub numeric_detection: bool,
    templates: Option<Vec<DynamicTemplate>>,
    /// Whether the index belongs to a data stream.
    pub needs_timestamp: bool,
    pub analyzers: Arc<Analyzers>,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            root: Object {
                enabled: true,
                ..Object::default()
            },
            source_enabled: true,
            routing_required: false,
            date_detection: true,
            numeric_detection: false,
            templates: None,
            needs_timestamp: false,
            analyzers: Arc::default(),
        }
    }
}

impl Mapping {
    /// Returns the mapping as `GET _mapping` shows it.
    pub fn to_json(&self) -> Value {
        let mut shown = self.root.to_json();
        if let (true, Some(fields)) = (self.needs_timestamp, shown.as_object_mut()) {
            fields.insert(
                "_data_stream_timestamp".to_owned(),
                json!({"enabled": true}),
            );
        }
        if let (Some(templates), Some(fields)) = (&self.templates, shown.as_object_mut()) {
            let templates = templates.iter().map(DynamicTemplate::show);
            fields.insert("dynamic_templates".to_owned(), templates.collect());
        }
        shown
    }

    /// Returns the field at a path, an alias followed: `name.keyword` may be a field of its own, of
    /// an object, or a further form of `name`.
    pub fn field(&self, path: &str) -> Option<Arc<Field>> {
        let field = self.direct(path)?;
        match &field.kind {
            Kind::Alias(target) => self.direct(target),
            _ => Some(field),
        }
    }

    fn direct(&self, path: &str) -> Option<Arc<Field>> {
        self.root.field(path)
    }

    /// Makes a field of a type, without settings.
    ///
    /// # Errors
    /// 400 for a type that there is not.
    pub fn unmapped(&self, path: &str, kind: &str) -> Result<Field, ApiError> {
        read_field::read_field(path, kind, &Map::new(), &self.analyzers)
    }

    /// Returns the object at a path.
    pub fn object(&self, path: &str) -> Option<&Object> {
        self.root.object(path)
    }

    /// Returns the path of the nested object around a field or object, if there is one.
    pub fn nested_parent(&self, path: &str) -> Option<String> {
        let mut found = None;
        for (end, _) in path.match_indices('.') {
            let parent = path.get(..end)?;
            if self.object(parent).is_some_and(|object| object.nested) {
                found = Some(parent.to_owned());
            }
        }
        found
    }

    /// Returns all fields by their paths, further forms included.
    pub fn fields(&self) -> Vec<Arc<Field>> {
        let mut found = Vec::new();
        self.root.collect(&mut found);
        found
    }

    /// Returns the paths of the fields that fit a pattern, in order.
    pub fn matching(&self, pattern: &str) -> Vec<Arc<Field>> {
        if !pattern.contains('*') {
            return self.field(pattern).into_iter().collect();
        }
        self.fields()
            .into_iter()
            .filter(|field| super::matches_wildcard(pattern, &field.path))
            .collect()
    }

    /// Returns whether the mapping has vectors, which `_source` leaves out.
    pub fn vectors(&self) -> Vec<String> {
        let fields = self.fields();
        let vectors = fields
            .iter()
            .filter(|field| matches!(field.kind, Kind::Vector { .. }));
        vectors.map(|field| field.path.clone()).collect()
    }

    /// Adds the fields of a put-mapping request.
    ///
    /// # Errors
    /// 400 for what is no mapping, or would change a field.
    pub fn merge(&mut self, mapping: &Map<String, Value>) -> Result<(), ApiError> {
        parse::merge(self, mapping)
    }
}

impl Object {
    fn to_json(&self) -> Value {
        let mut shown = self.shown.clone();
        if !self.children.is_empty() {
            let children = self.children.iter().map(|(name, node)| {
                let mut shown = match node {
                    Node::Object(object) => object.to_json(),
                    Node::Field(field) => field.to_json(),
                };
                // Only an object without fields shows its type.
                if let (Node::Object(object), Some(shown)) = (node, shown.as_object_mut())
                    && object.children.is_empty()
                {
                    shown.entry("type").or_insert_with(|| "object".into());
                }
                (name.clone(), shown)
            });
            shown.insert("properties".to_owned(), Value::Object(children.collect()));
        }
        Value::Object(shown)
    }

    fn field(&self, path: &str) -> Option<Arc<Field>> {
        for (end, _) in path.match_indices('.').chain([(path.len(), "")]) {
            let (name, rest) = path.split_at(end);
            let rest = rest.strip_prefix('.').unwrap_or(rest);
            let found = match self.children.get(name) {
                Some(Node::Field(field)) if rest.is_empty() => Some(Arc::clone(field)),
                Some(Node::Field(field)) => field.forms.get(rest).cloned(),
                Some(Node::Object(object)) if !rest.is_empty() => object.field(rest),
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn object(&self, path: &str) -> Option<&Object> {
        for (end, _) in path.match_indices('.').chain([(path.len(), "")]) {
            let (name, rest) = path.split_at(end);
            if let Some(Node::Object(object)) = self.children.get(name) {
                let rest = rest.strip_prefix('.').unwrap_or(rest);
                let found = if rest.is_empty() {
                    Some(object)
                } else {
                    object.object(rest)
                };
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    fn collect(&self, found: &mut Vec<Arc<Field>>) {
        for node in self.children.values() {
            match node {
                Node::Object(object) => object.collect(found),
                Node::Field(field) => {
                    found.push(Arc::clone(field));
                    found.extend(field.forms.values().cloned());
                }
            }
        }
    }
}

/// The definition that dynamic mapping chooses for a value; `None` for one without a type.
pub(crate) fn guess(value: &Value, dates: bool, numbers: bool) -> Option<Value> {
    let text =
        json!({"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}});
    Some(match value {
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(number) if number.is_f64() => json!({"type": "float"}),
        Value::Number(_) => json!({"type": "long"}),
        Value::String(value) if dates && is_date(value) => json!({"type": "date"}),
        Value::String(value) if dates && is_slashed_date(value) => {
            json!({"type": "date", "format": "yyyy/MM/dd HH:mm:ss||yyyy/MM/dd||epoch_millis", "locale": ""})
        }
        Value::String(value) if numbers && value.parse::<i64>().is_ok() => json!({"type": "long"}),
        Value::String(value) if numbers && value.parse::<f64>().is_ok() => json!({"type": "float"}),
        Value::String(_) => text,
        Value::Object(_) | Value::Null | Value::Array(_) => return None,
    })
}

/// Dynamic mapping does not take a bare year for a date.
fn is_date(text: &str) -> bool {
    let format = crate::dates::Format::parse("strict_date_optional_time").unwrap_or_default();
    text.contains('-') && format.read(text, &jiff::tz::TimeZone::UTC).is_some()
}

fn is_slashed_date(text: &str) -> bool {
    let format = crate::dates::Format::parse("yyyy/MM/dd HH:mm:ss||yyyy/MM/dd").unwrap_or_default();
    text.contains('/') && format.read(text, &jiff::tz::TimeZone::UTC).is_some()
}
