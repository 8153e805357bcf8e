//! The JSON object under construction.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::params::ToParam;

/// Converts a value to JSON. A value that cannot be JSON, such as a map whose keys
/// are not texts, becomes `null`, which the server refuses by the name of its property.
pub(super) fn json(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// Creates an object with one property.
pub(super) fn one(name: impl Into<String>, value: Value) -> Value {
    let mut object = Map::new();
    object.insert(name.into(), value);
    Value::Object(object)
}

/// Creates options, of which one is set.
pub(super) fn pair(name: impl Into<String>, value: impl Serialize) -> Map<String, Value> {
    let mut options = Map::new();
    options.insert(name.into(), json(value));
    options
}

/// Converts values to a list.
pub(super) fn jsons<T: Serialize>(items: impl IntoIterator<Item = T>) -> Vec<Value> {
    items.into_iter().map(json).collect()
}

/// Converts texts to a list.
pub(super) fn texts<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}

/// Converts what is one of several kinds to a list.
pub(super) fn all<C: Serialize, T: Into<C>>(items: impl IntoIterator<Item = T>) -> Vec<Value> {
    jsons(items.into_iter().map(Into::into))
}

/// `{"kind": {options}}`, or `{"kind": {"field": {options}}}`, or `{options}`, and
/// what stands beside the kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Clause {
    kind: Option<Cow<'static, str>>,
    field: Option<String>,
    options: Map<String, Value>,
    beside: Map<String, Value>,
}

impl Clause {
    pub fn new(kind: &'static str, options: Map<String, Value>) -> Self {
        Self {
            kind: Some(kind.into()),
            options,
            ..Self::default()
        }
    }

    /// Creates a clause whose kind is the name of a field.
    pub fn field_name(field: impl Into<String>) -> Self {
        Self {
            kind: Some(Cow::Owned(field.into())),
            ..Self::default()
        }
    }

    pub fn of_field(
        kind: &'static str,
        field: impl Into<String>,
        options: Map<String, Value>,
    ) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(kind, options)
        }
    }

    /// Creates options without a kind.
    pub fn plain(options: Map<String, Value>) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// Sets an option; `null` changes nothing.
    pub fn set(&mut self, name: impl Into<String>, value: impl Serialize) {
        match json(value) {
            Value::Null => {}
            value => drop(self.options.insert(name.into(), value)),
        }
    }

    /// Sets an option; `None` changes nothing.
    pub fn param(&mut self, name: &'static str, value: impl ToParam) {
        if let Some(value) = value.to_param().into_json() {
            self.options.insert(name.to_owned(), value);
        }
    }

    /// Sets an option that is a list; one value makes a list of one.
    pub fn list(&mut self, name: &'static str, value: impl ToParam) {
        if let Some(value) = value.to_param().into_json() {
            let list = if value.is_array() {
                value
            } else {
                Value::Array(vec![value])
            };
            self.options.insert(name.to_owned(), list);
        }
    }

    /// Appends one or several values to an option that is a list.
    pub fn push(&mut self, name: &'static str, value: impl ToParam) {
        let values = match value.to_param().into_json() {
            None => return,
            Some(Value::Array(values)) => values,
            Some(value) => vec![value],
        };
        match self
            .options
            .entry(name)
            .or_insert_with(|| Value::Array(Vec::new()))
        {
            Value::Array(list) => list.extend(values),
            one => *one = std::iter::once(one.take()).chain(values).collect(),
        }
    }

    /// Sets what stands beside the kind; `None` changes nothing.
    pub fn beside(&mut self, name: &'static str, value: impl ToParam) {
        if let Some(value) = value.to_param().into_json() {
            self.beside.insert(name.to_owned(), value);
        }
    }

    /// Adds an entry to an object beside the kind.
    pub fn beside_entry(&mut self, name: &str, key: String, value: Value) {
        let entries = self
            .beside
            .entry(name)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(entries) = entries {
            entries.insert(key, value);
        }
    }

    /// Adds an entry to an option that is an object.
    pub fn entry(&mut self, name: &str, key: String, value: Value) {
        let entries = self
            .options
            .entry(name)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(entries) = entries {
            entries.insert(key, value);
        }
    }

    /// Returns the option that is an object.
    pub fn object(&mut self) -> Option<&mut Map<String, Value>> {
        self.options.values_mut().find_map(Value::as_object_mut)
    }
}

impl From<Clause> for Value {
    fn from(
        Clause {
            kind,
            field,
            options,
            mut beside,
        }: Clause,
    ) -> Self {
        let options = Self::Object(options);
        let options = match field {
            Some(field) => one(field, options),
            None => options,
        };
        match (kind, options) {
            (Some(kind), options) => drop(beside.insert(kind.into_owned(), options)),
            (None, Self::Object(options)) => beside.extend(options),
            (None, _) => {}
        }
        Self::Object(beside)
    }
}

impl Serialize for Clause {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Value::from(self.clone()).serialize(to)
    }
}

/// A clause, or JSON of the caller's instead.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Clause(Clause),
    Json(Value),
}

impl From<Form> for Value {
    fn from(form: Form) -> Self {
        match form {
            Form::Clause(clause) => clause.into(),
            Form::Json(value) => value,
        }
    }
}

impl Serialize for Form {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Clause(clause) => clause.serialize(to),
            Self::Json(value) => value.serialize(to),
        }
    }
}

/// Defines what is one of several kinds: what one of them becomes where any is taken.
macro_rules! container {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name($crate::dsl::object::Form);

        /// Takes JSON as it stands.
        impl From<serde_json::Value> for $name {
            fn from(value: serde_json::Value) -> Self {
                Self($crate::dsl::object::Form::Json(value))
            }
        }

        impl From<$crate::dsl::object::Clause> for $name {
            fn from(clause: $crate::dsl::object::Clause) -> Self {
                Self($crate::dsl::object::Form::Clause(clause))
            }
        }

        impl From<$name> for serde_json::Value {
            fn from(built: $name) -> Self {
                built.0.into()
            }
        }

        value! { $name in [$name] }
        impl $crate::params::Param<$name> for serde_json::Value {}
        impl $crate::params::Param<[$name]> for serde_json::Value {}
    )*};
}

/// Makes a type with a serializable field a value for parameters.
macro_rules! value {
    ($name:ident in [$($container:ty),*]) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(to)
            }
        }

        impl $crate::params::ToParam for $name {
            #[inline]
            fn to_param(&self) -> $crate::params::ParamValue {
                $crate::params::ParamValue::json(self.0.clone().into())
            }
        }

        $(
            impl $crate::params::Param<$container> for $name {}
            impl $crate::params::Param<[$container]> for $name {}
        )*
    };
}

/// Defines a kind with its options. `mode` says how an option is set: as a `param`, a
/// `list`, an `object` of whatever serializes, by a `push` to a list, or `beside` the
/// kind.
macro_rules! kind {
    ($(#[$doc:meta])* $name:ident alone; $($options:tt)*) => {
        kind! { @define $(#[$doc])* $name; $($options)* }
        value! { $name in [$name] }
        impl $crate::params::Param<$name> for serde_json::Value {}
        impl $crate::params::Param<[$name]> for serde_json::Value {}
    };
    (
        $(#[$doc:meta])*
        $name:ident in [$($container:ident),*] $(with $with:ident)?;
        $($options:tt)*
    ) => {
        kind! { @define $(#[$doc])* $name $(with $with)?; $($options)* }
        value! { $name in [$($crate::dsl::$container),*] }
        $(
            impl From<$name> for $crate::dsl::$container {
                #[inline]
                fn from(kind: $name) -> Self {
                    kind.0.into()
                }
            }
        )*
    };
    (
        @define $(#[$doc:meta])*
        $name:ident $(with $with:ident)?;
        $($(#[$option_doc:meta])* $option:ident($key:literal) $mode:ident $($kind:ty)?;)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use = "a setter returns the changed value"]
        pub struct $name(pub(in crate::dsl) $crate::dsl::object::Clause);

        impl $name {
            $(kind! { @$mode $(#[$option_doc])* $option($key) $($kind)? })*

            /// Sets any option by its name. `null` changes nothing.
            pub fn with(mut self, option: impl Into<String>, value: impl serde::Serialize) -> Self {
                self.0.set(option, value);
                self
            }

            $(kind! { @$with })?
        }
    };
    (@param $(#[$doc:meta])* $option:ident($key:literal) $kind:ty) => {
        $(#[$doc])*
        pub fn $option(mut self, value: impl $crate::params::Param<$kind>) -> Self {
            self.0.param($key, value);
            self
        }
    };
    (@list $(#[$doc:meta])* $option:ident($key:literal) $kind:ty) => {
        $(#[$doc])*
        pub fn $option(mut self, value: impl $crate::params::Param<$kind>) -> Self {
            self.0.list($key, value);
            self
        }
    };
    (@push $(#[$doc:meta])* $option:ident($key:literal) $kind:ty) => {
        $(#[$doc])*
        #[doc = ""]
        #[doc = "Adds to those that were set before."]
        pub fn $option(mut self, value: impl $crate::params::Param<[$kind]>) -> Self {
            self.0.push($key, value);
            self
        }
    };
    (@object $(#[$doc:meta])* $option:ident($key:literal)) => {
        $(#[$doc])*
        pub fn $option(mut self, value: impl serde::Serialize) -> Self {
            self.0.set($key, value);
            self
        }
    };
    (@beside $(#[$doc:meta])* $option:ident($key:literal) $kind:ty) => {
        $(#[$doc])*
        pub fn $option(mut self, value: impl $crate::params::Param<$kind>) -> Self {
            self.0.beside($key, value);
            self
        }
    };
    (@meta) => {
        /// Sets metadata that the response returns.
        pub fn meta(mut self, meta: impl serde::Serialize) -> Self {
            let meta = $crate::dsl::object::json(meta);
            self.0.beside("meta", meta);
            self
        }
    };
    (@buckets) => {
        kind! { @meta }

        /// Adds an aggregation within the buckets.
        pub fn aggregation(
            mut self,
            name: impl Into<String>,
            within: impl Into<$crate::dsl::Aggregation>,
        ) -> Self {
            self.0.beside_entry("aggs", name.into(), within.into().into());
            self
        }
    };
}
