//! From a document to what an index holds of it.

use std::cell::OnceCell;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::dynamic::DynamicTemplate;
use super::entry::Entry;
use super::field::{Field, Kind, scalar};
use super::point::read_point;
use super::read_field::read_field;
use super::{Dynamic, Mapping, Node, Object, guess};
use crate::api::error::ApiError;
use crate::api::value::Term;
use crate::store::NewSource;

/// The length of the longest term that Lucene keeps.
const MAX_TERM_BYTES: usize = 32_766;

/// Reads a document and adds the fields it brings to the mapping.
///
/// # Errors
/// 400 for values that do not fit, and for new fields where the mapping is strict.
pub(crate) fn read_document(
    mapping: &mut Arc<Mapping>,
    id: &str,
    source: &NewSource,
) -> Result<Entry, ApiError> {
    let Value::Object(fields) = &source.value else {
        return Err(parsing("failed to parse: the document is not an object"));
    };
    let mut reader = Reader {
        mapping,
        id,
        raw: source.raw.get(),
        has_exponent: OnceCell::new(),
    };
    let mut entry = Entry::default();
    let root = Place {
        prefix: "",
        dynamic: reader.mapping.root.dynamic.unwrap_or(Dynamic::True),
    };
    reader.object(fields, root, &mut entry)?;
    Ok(entry)
}

fn parsing(reason: impl std::fmt::Display) -> ApiError {
    ApiError::bad_request("document_parsing_exception", format!("[1:1] {reason}"))
}

struct Reader<'m> {
    mapping: &'m mut Arc<Mapping>,
    id: &'m str,
    /// The document as it was sent.
    raw: &'m str,
    /// Whether a number in it has an exponent, once that was asked.
    has_exponent: OnceCell<bool>,
}

/// Where in the document the reader is.
#[derive(Clone, Copy)]
struct Place<'p> {
    prefix: &'p str,
    dynamic: Dynamic,
}

/// The place of a name in the mapping.
enum Known {
    Field(Arc<Field>),
    Object {
        nested: bool,
        enabled: bool,
        dynamic: Option<Dynamic>,
    },
    Nothing,
}

impl Reader<'_> {
    fn object(
        &mut self,
        fields: &Map<String, Value>,
        place: Place<'_>,
        entry: &mut Entry,
    ) -> Result<(), ApiError> {
        for (name, value) in fields {
            // Dots at the end of a name do not count.
            let name = name.trim_end_matches('.');
            if name.trim().is_empty() || name.split('.').any(|part| part.trim().is_empty()) {
                return Err(parsing(format!(
                    "field name cannot contain only whitespace or be empty: [{}{name}]",
                    place.prefix
                )));
            }
            if place.prefix.is_empty()
                && matches!(
                    name,
                    "_id"
                        | "_source"
                        | "_index"
                        | "_routing"
                        | "_version"
                        | "_ignored"
                        | "_tier"
                        | "_seq_no"
                        | "_field_names"
                        | "_nested_path"
                        | "_data_stream_timestamp"
                )
            {
                return Err(parsing(format!(
                    "Field [{name}] is a metadata field and cannot be added inside a document. Use the index API request parameters."
                )));
            }
            if place.prefix.is_empty() && name == "_doc_count" {
                return Err(ApiError::unsupported("[_doc_count] in documents"));
            }
            self.member(name, value, place, entry)?;
        }
        Ok(())
    }

    fn member(
        &mut self,
        name: &str,
        value: &Value,
        place: Place<'_>,
        entry: &mut Entry,
    ) -> Result<(), ApiError> {
        // Dots in a name stand for objects, as far as there are no fields of that name.
        if let Some((first, rest)) = name.split_once('.') {
            let path = format!("{}{first}", place.prefix);
            return match self.known(&path) {
                Known::Field(field) => Err(self.unfit(&field, value, "it is not an object")),
                _ => {
                    let inner = Map::from_iter([(rest.to_owned(), value.clone())]);
                    self.value(&path, &Value::Object(inner), place, entry)
                }
            };
        }
        self.value(&format!("{}{name}", place.prefix), value, place, entry)
    }

    fn known(&self, path: &str) -> Known {
        if let Some(object) = self.mapping.object(path) {
            return Known::Object {
                nested: object.nested,
                enabled: object.enabled,
                dynamic: object.dynamic,
            };
        }
        self.mapping
            .direct(path)
            .map_or(Known::Nothing, Known::Field)
    }

    fn value(
        &mut self,
        path: &str,
        value: &Value,
        place: Place<'_>,
        entry: &mut Entry,
    ) -> Result<(), ApiError> {
        match self.known(path) {
            Known::Field(field) => self.field(&field, value, entry),
            Known::Object { enabled: false, .. } => Ok(()),
            Known::Object {
                nested, dynamic, ..
            } => {
                let below = format!("{path}.");
                let inner = Place {
                    prefix: &below,
                    dynamic: dynamic.unwrap_or(place.dynamic),
                };
                for item in flat(value) {
                    let Value::Object(fields) = item else {
                        return Err(parsing(format!(
                            "object mapping for [{path}] tried to parse field [{}] as object, but found a concrete value",
                            path.rsplit('.').next().unwrap_or(path)
                        )));
                    };
                    if nested {
                        let offset = entry.nested.get(path).map_or(0, Vec::len);
                        let mut child = Entry {
                            source: item.clone(),
                            offset,
                            ..Entry::default()
                        };
                        self.object(fields, inner, &mut child)?;
                        entry.nested.entry(path.to_owned()).or_default().push(child);
                    } else {
                        self.object(fields, inner, entry)?;
                    }
                }
                Ok(())
            }
            Known::Nothing => self.unknown(path, value, place, entry),
        }
    }

    fn unknown(
        &mut self,
        path: &str,
        value: &Value,
        place: Place<'_>,
        entry: &mut Entry,
    ) -> Result<(), ApiError> {
        if place.dynamic == Dynamic::Strict {
            let within = place.prefix.strip_suffix('.').unwrap_or("_doc");
            let name = path.rsplit('.').next().unwrap_or(path);
            return Err(ApiError::bad_request(
                "strict_dynamic_mapping_exception",
                format!(
                    "[1:1] mapping set to strict, dynamic introduction of [{name}] within [{within}] is not allowed"
                ),
            ));
        }
        if place.dynamic == Dynamic::False {
            return Ok(());
        }
        let items = flat(value);
        let Some(first) = items.first() else {
            return Ok(());
        };
        let guessed = guess(
            first,
            self.mapping.date_detection,
            self.mapping.numeric_detection,
        );
        if let Some(definition) = self.template(path, first, guessed.as_ref()) {
            let properties = Map::from_iter([(path.to_owned(), definition)]);
            let mapping = Map::from_iter([("properties".to_owned(), Value::Object(properties))]);
            Arc::make_mut(self.mapping).merge(&mapping)?;
        } else if first.is_object() {
            self.add(
                path,
                Node::Object(Object {
                    enabled: true,
                    ..Object::default()
                }),
            );
        } else if let Some(definition) = guessed {
            let settings = definition.as_object().cloned().unwrap_or_default();
            let kind = settings
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let field = read_field(path, kind, &settings, &self.mapping.analyzers)?;
            self.add(path, Node::Field(Arc::new(field)));
        } else {
            return Ok(());
        }
        self.value(path, value, place, entry)
    }

    /// The definition of a new field by a dynamic template, for the type that its value seems to
    /// have.
    fn template(&self, path: &str, value: &Value, guessed: Option<&Value>) -> Option<Value> {
        let seeming = match guessed.and_then(|guessed| guessed.get("type")?.as_str()) {
            Some("text") => "string",
            Some("float") => "double",
            Some(kind) => kind,
            None if value.is_object() => "object",
            None => return None,
        };
        DynamicTemplate::definition(self.mapping.templates.as_deref()?, path, seeming)
    }

    fn add(&mut self, path: &str, node: Node) {
        let mapping = Arc::make_mut(self.mapping);
        let mut object = &mut mapping.root;
        let mut names = path.split('.').peekable();
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                object.children.insert(name.to_owned(), node);
                return;
            }
            match object.children.get_mut(name) {
                Some(Node::Object(below)) => object = below,
                // The objects around a new field were met before it.
                _ => return,
            }
        }
    }

    fn field(
        &mut self,
        field: &Arc<Field>,
        value: &Value,
        entry: &mut Entry,
    ) -> Result<(), ApiError> {
        match &field.kind {
            Kind::Vector { dims, .. } => return self.vector(field, *dims, value, entry),
            Kind::GeoPoint => return self.points(field, value, entry),
            Kind::Completion { .. } => return self.completion(field, value, entry),
            Kind::Alias(_) => {
                return Err(parsing(format!(
                    "Cannot write to a field alias [{}].",
                    field.path
                )));
            }
            _ => {}
        }
        for item in flat_with_null(value) {
            // An empty string in a numeric field is treated as null.
            let is_empty = matches!(field.kind, Kind::Number(_)) && item == "";
            let item = if is_empty { &Value::Null } else { item };
            let item = match (item, &field.null_value) {
                (Value::Null, Some(instead)) => instead,
                (Value::Null, None) => continue,
                (item, _) => item,
            };
            self.scalar(field, item, entry)?;
            for form in field.forms.values() {
                self.scalar(form, item, entry)?;
            }
            for target in &field.copy_to {
                if let Some(target) = self.mapping.field(target) {
                    self.scalar(&target, item, entry)?;
                    for form in target.forms.values() {
                        self.scalar(form, item, entry)?;
                    }
                } else {
                    let root = Place {
                        prefix: "",
                        dynamic: Dynamic::True,
                    };
                    self.unknown(target, item, root, entry)?;
                }
            }
        }
        Ok(())
    }

    fn scalar(&self, field: &Field, item: &Value, entry: &mut Entry) -> Result<(), ApiError> {
        // The server reads a number as it is written, and dates have no exponents.
        let has_exponent = || *self.has_exponent.get_or_init(|| has_exponent(self.raw));
        if field.is_date() && item.is_f64() && has_exponent() {
            return Err(ApiError::unsupported(
                "numbers with exponents in documents with fractional dates",
            ));
        }
        match field.read(item) {
            Ok(Some(Term::Text(text)))
                if matches!(field.kind, Kind::Keyword { .. }) && text.len() > MAX_TERM_BYTES =>
            {
                return Err(ApiError::unsupported(format!(
                    "keywords of more than [{MAX_TERM_BYTES}] bytes"
                )));
            }
            Ok(Some(term)) => entry
                .fields
                .entry(field.path.clone())
                .or_default()
                .terms
                .push(term),
            Ok(None) => entry.ignored.push(field.path.clone()),
            Err(_) if field.ignore_malformed && !item.is_object() => {
                entry.ignored.push(field.path.clone())
            }
            Err(reason) => return Err(self.unfit(field, item, &reason)),
        }
        Ok(())
    }

    fn unfit(&self, field: &Field, value: &Value, reason: &str) -> ApiError {
        let preview = scalar(value).unwrap_or_else(|| value.to_string());
        parsing(format!(
            "failed to parse field [{}] of type [{}] in document with id '{}'. Preview of field's value: '{preview}'",
            field.path, field.type_name, self.id
        ))
        .caused_by("illegal_argument_exception", reason)
    }

    fn vector(
        &mut self,
        field: &Field,
        dims: Option<usize>,
        value: &Value,
        entry: &mut Entry,
    ) -> Result<(), ApiError> {
        if value.is_null() {
            return Ok(());
        }
        let items = value.as_array().ok_or_else(|| {
            self.unfit(field, value, "a vector is an array of numbers")
                .rooted("parsing_exception")
        })?;
        let numbers: Option<Vec<f32>> = items
            .iter()
            .map(|item| item.as_f64().map(|number| number as f32))
            .collect();
        let numbers = numbers.ok_or_else(|| {
            self.unfit(field, value, "a vector is an array of numbers")
                .rooted("parsing_exception")
        })?;
        let expected = dims.unwrap_or(numbers.len());
        if numbers.len() != expected || numbers.is_empty() {
            return Err(self.unfit(
                field,
                value,
                &format!("The [dense_vector] field [{}] in doc [document with id '{}'] has a different number of dimensions [{}] than defined in the mapping [{expected}]", field.path, self.id, numbers.len()),
            ));
        }
        if let Kind::Vector { similarity, .. } = &field.kind {
            let length: f32 = numbers.iter().map(|number| number * number).sum();
            if *similarity == super::Similarity::Cosine && length == 0.0 {
                return Err(self.unfit(
                    field,
                    value,
                    "The [cosine] similarity does not support vectors with zero magnitude.",
                ));
            }
            if *similarity == super::Similarity::DotProduct && (length - 1.0).abs() > 1e-4 {
                return Err(self.unfit(
                    field,
                    value,
                    "The [dot_product] similarity can only be used with unit-length vectors.",
                ));
            }
            if dims.is_none() {
                let kind = Kind::Vector {
                    dims: Some(expected),
                    similarity: *similarity,
                };
                self.add(
                    &field.path,
                    Node::Field(Arc::new(Field {
                        kind,
                        ..field.clone()
                    })),
                );
            }
        }
        entry.fields.entry(field.path.clone()).or_default().vector = numbers;
        Ok(())
    }

    fn points(&self, field: &Field, value: &Value, entry: &mut Entry) -> Result<(), ApiError> {
        let one = |value: &Value| match read_point(value) {
            Ok(point) => Ok(Some(point)),
            Err(_) if field.ignore_malformed => Ok(None),
            Err(reason) if reason.starts_with("illegal") => Err(self.unfit(field, value, &reason)),
            Err(reason) => Err(self.unfit(field, value, &reason).rooted("parse_exception")),
        };
        let found = match value {
            Value::Null => Vec::new(),
            Value::Array(items) if !items.first().is_some_and(Value::is_number) => items
                .iter()
                .filter(|item| !item.is_null())
                .map(one)
                .collect::<Result<Vec<_>, _>>()?,
            value => vec![one(value)?],
        };
        if found.iter().any(Option::is_none) {
            entry.ignored.push(field.path.clone());
        }
        entry
            .fields
            .entry(field.path.clone())
            .or_default()
            .points
            .extend(found.into_iter().flatten());
        Ok(())
    }

    fn completion(&self, field: &Field, value: &Value, entry: &mut Entry) -> Result<(), ApiError> {
        if value.is_null() {
            return Ok(());
        }
        let mut inputs = Vec::new();
        for item in flat_with_null(value) {
            match item {
                Value::String(text) => inputs.push((text.clone(), 1)),
                Value::Object(settings) => {
                    let weight = self.weight(field, settings)?;
                    let texts = settings.get("input").map(flat).unwrap_or_default();
                    if let Some(wrong) = texts.iter().find(|text| !text.is_string()) {
                        return Err(self.unfit(field, wrong, "input must be a text"));
                    }
                    inputs.extend(
                        texts
                            .iter()
                            .filter_map(|text| text.as_str())
                            .map(|text| (text.to_owned(), weight)),
                    );
                }
                other => {
                    return Err(self
                        .unfit(field, other, "expected text or object")
                        .rooted("parsing_exception"));
                }
            }
        }
        // Empty inputs are left out.
        inputs.retain(|(text, _)| !text.is_empty());
        entry
            .fields
            .entry(field.path.clone())
            .or_default()
            .inputs
            .extend(inputs);
        Ok(())
    }

    /// Reads the weight of a completion.
    fn weight(&self, field: &Field, settings: &Map<String, Value>) -> Result<i64, ApiError> {
        let unfit = |reason: &str| self.unfit(field, &Value::Object(settings.clone()), reason);
        let unknown = settings
            .keys()
            .find(|name| !matches!(name.as_str(), "input" | "weight"));
        if let Some(name) = unknown {
            return Err(unfit(&format!(
                "unknown field name [{name}], must be one of [input, weight, contexts]"
            )));
        }
        let Some(weight) = settings.get("weight") else {
            return Ok(1);
        };
        let number = match weight {
            Value::String(text) => text.parse().ok(),
            weight => weight.as_i64(),
        };
        number
            .filter(|weight| (0..=i64::from(i32::MAX)).contains(weight))
            .ok_or_else(|| unfit("weight must be a whole number from 0 to 2147483647"))
    }
}

/// Whether a number of a JSON text has an exponent.
fn has_exponent(text: &str) -> bool {
    let mut quoted = false;
    let mut before = b' ';
    for letter in text.bytes() {
        match letter {
            b'"' if before != b'\\' => quoted = !quoted,
            b'e' | b'E' if !quoted && before.is_ascii_digit() => return true,
            _ => {}
        }
        // A backslash that is escaped escapes nothing.
        before = if before == b'\\' && letter == b'\\' {
            b' '
        } else {
            letter
        };
    }
    false
}

/// The values of a field, arrays opened, `null` left out.
fn flat(value: &Value) -> Vec<&Value> {
    flat_with_null(value)
        .into_iter()
        .filter(|value| !value.is_null())
        .collect()
}

fn flat_with_null(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat_with_null).collect(),
        value => vec![value],
    }
}
