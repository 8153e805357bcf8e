//! The JSON object under construction.

use std::collections::HashMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A value as JSON. What cannot be JSON, such as a map with keys that are no
/// text, becomes `null`, which the server refuses by the name of its property.
pub(super) fn json(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// An object with one property.
pub(super) fn one(name: impl Into<String>, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.into(), value)]))
}

/// Options, of which one is set.
pub(super) fn pair(name: impl Into<String>, value: impl Serialize) -> Map<String, Value> {
    Map::from_iter([(name.into(), json(value))])
}

/// `{"kind": {options}}`, or `{"kind": {"field": {options}}}`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clause {
    kind: &'static str,
    field: Option<String>,
    options: Map<String, Value>,
}

impl Clause {
    pub(super) fn new(kind: &'static str, options: Map<String, Value>) -> Self {
        Self { kind, field: None, options }
    }

    pub(super) fn of_field(
        kind: &'static str,
        field: impl Into<String>,
        options: Map<String, Value>,
    ) -> Self {
        Self { kind, field: Some(field.into()), options }
    }

    pub(super) fn set(&mut self, name: impl Into<String>, value: Value) {
        self.options.insert(name.into(), value);
    }

    /// Appends to a list.
    pub(super) fn push(&mut self, name: &str, value: Value) {
        match self.options.get_mut(name) {
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
            None => self.set(name, Value::Array(vec![value])),
        }
    }
}

impl From<Clause> for Value {
    fn from(Clause { kind, field, options }: Clause) -> Self {
        let options = Self::Object(options);
        match field {
            Some(field) => one(kind, one(field, options)),
            None => one(kind, options),
        }
    }
}

impl Serialize for Clause {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.field {
            Some(field) => to.collect_map([(self.kind, HashMap::from([(field, &self.options)]))]),
            None => to.collect_map([(self.kind, &self.options)]),
        }
    }
}

/// Setters of options, each of which takes any value that serialises.
macro_rules! options {
    ($($(#[$doc:meta])* $name:ident($key:literal);)*) => {$(
        $(#[$doc])*
        pub fn $name(self, value: impl serde::Serialize) -> Self {
            self.with($key, value)
        }
    )*};
}
pub(super) use options;
