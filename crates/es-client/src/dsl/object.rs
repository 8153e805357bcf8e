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

    /// The first option that is an object.
    pub(super) fn first_object(&mut self) -> Option<&mut Map<String, Value>> {
        self.options.values_mut().find_map(Value::as_object_mut)
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

/// A clause, or JSON of the caller's in its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Clause(Clause),
    Given(Value),
}

impl Form {
    /// Sets an option; JSON of another form than `{"kind": {…}}` stays as it is.
    pub(super) fn set(&mut self, option: impl Into<String>, value: Value) {
        match self {
            Self::Clause(clause) => clause.set(option, value),
            Self::Given(Value::Object(kinds)) => {
                if let Some(Value::Object(options)) = kinds.values_mut().next() {
                    options.insert(option.into(), value);
                }
            }
            Self::Given(_) => {}
        }
    }

    /// Appends to an option that is a list.
    pub(super) fn push(&mut self, option: &str, value: Value) {
        if let Self::Clause(clause) = self {
            clause.push(option, value);
        }
    }
}

impl From<Form> for Value {
    fn from(form: Form) -> Self {
        match form {
            Form::Clause(clause) => clause.into(),
            Form::Given(value) => value,
        }
    }
}

impl Serialize for Form {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Clause(clause) => clause.serialize(to),
            Self::Given(value) => value.serialize(to),
        }
    }
}

/// Defines what has one of several kinds, each with its options: `{"kind": {…}}`.
macro_rules! container {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name($crate::dsl::object::Form);

        impl $name {
            pub(super) fn new(
                kind: &'static str,
                options: serde_json::Map<String, serde_json::Value>,
            ) -> Self {
                Self($crate::dsl::object::Form::Clause($crate::dsl::object::Clause::new(
                    kind, options,
                )))
            }

            /// Any option by its name. One that is set again replaces the earlier
            /// value; what was given as JSON of another form than `{"kind": {…}}`
            /// stays as it is.
            #[must_use]
            pub fn with(
                mut self,
                option: impl Into<String>,
                value: impl serde::Serialize,
            ) -> Self {
                self.0.set(option, $crate::dsl::object::json(value));
                self
            }
        }

        /// What is JSON already.
        impl From<serde_json::Value> for $name {
            fn from(value: serde_json::Value) -> Self {
                Self($crate::dsl::object::Form::Given(value))
            }
        }

        impl From<$name> for serde_json::Value {
            fn from(built: $name) -> Self {
                built.0.into()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(to)
            }
        }
    };
}
pub(super) use container;

/// A list of what becomes JSON.
pub(super) fn values<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Vec<Value> {
    items.into_iter().map(Into::into).collect()
}

/// A list of texts.
pub(super) fn texts<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
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
