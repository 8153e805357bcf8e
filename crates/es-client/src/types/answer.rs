//! The macro that defines the type of an answer, and what reads it.
//!
//! Serde's derive would compile some ten functions for each type; here it is two.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value};

/// What is read property by property; what is missing keeps its default, and what
/// is not known is passed over, or kept where there is a place for it.
pub(super) trait Answer: Default {
    /// The properties, by their names on the wire.
    const PROPERTIES: &'static [&'static str];

    /// Reads the value of one of them.
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, from: &mut A) -> Result<(), A::Error>;

    /// Where properties are kept that are not known.
    fn rest(&mut self) -> Option<&mut Map<String, Value>> {
        None
    }
}

/// Reads a whole object.
pub(super) struct Reader<T>(pub(super) PhantomData<T>);

impl<'de, T: Answer> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<T, A::Error> {
        let mut answer = T::default();
        let keep = answer.rest().is_some();
        while let Some(name) = from.next_key_seed(Known { properties: T::PROPERTIES, keep })? {
            match (name, answer.rest()) {
                (Name::Known(name), _) => answer.read(name, &mut from)?,
                (Name::Other(name), Some(rest)) => drop(rest.insert(name, from.next_value()?)),
                (Name::Other(_), None) => drop(from.next_value::<IgnoredAny>()?),
            }
        }
        Ok(answer)
    }
}

/// The name of a property.
enum Name {
    /// One of those that are known.
    Known(&'static str),
    /// Another one; empty where it is not kept.
    Other(String),
}

/// Finds a property among those that are known.
struct Known {
    properties: &'static [&'static str],
    keep: bool,
}

impl<'de> DeserializeSeed<'de> for Known {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Known {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(match self.properties.iter().find(|known| **known == name) {
            Some(known) => Name::Known(known),
            None if self.keep => Name::Other(name.to_owned()),
            None => Name::Other(String::new()),
        })
    }
}

/// Defines a type that is read so. A property has the name of its field, or that
/// which stands behind it; what is not known goes into the field behind `..`.
macro_rules! answer {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$field_meta:meta])* pub $field:ident: $kind:ty $(= $wire:literal)?,)*
            $(.. $(#[$rest_meta:meta])* pub $rest:ident)?
        }
    ) => {
        $(#[$meta])*
        pub struct $name {
            $($(#[$field_meta])* pub $field: $kind,)*
            $($(#[$rest_meta])* pub $rest: serde_json::Map<String, serde_json::Value>,)?
        }

        impl $crate::types::answer::Answer for $name {
            const PROPERTIES: &'static [&'static str] =
                &[$($crate::types::answer::answer!(@name $field $($wire)?)),*];

            fn read<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                from: &mut A,
            ) -> Result<(), A::Error> {
                $(
                    if name == $crate::types::answer::answer!(@name $field $($wire)?) {
                        self.$field = from.next_value()?;
                    }
                )*
                Ok(())
            }

            $(
                fn rest(&mut self) -> Option<&mut serde_json::Map<String, serde_json::Value>> {
                    Some(&mut self.$rest)
                }
            )?
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let properties = <Self as $crate::types::answer::Answer>::PROPERTIES;
                let reader = $crate::types::answer::Reader(std::marker::PhantomData);
                from.deserialize_struct(stringify!($name), properties, reader)
            }
        }
    };
    (@name $field:ident $wire:literal) => { $wire };
    (@name $field:ident) => { stringify!($field) };
}
pub(super) use answer;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    answer! {
        /// A type of all forms of properties.
        #[derive(Debug, Default, PartialEq)]
        #[expect(unreachable_pub, reason = "answers are public")]
        pub struct Sample {
            /// Named as its field.
            pub took: u64,
            /// Named otherwise.
            pub kind: Option<String> = "type",
        }
    }

    answer! {
        /// A type that keeps what it does not know.
        #[derive(Debug, Default, PartialEq)]
        #[expect(unreachable_pub, reason = "answers are public")]
        pub struct Open {
            /// What it knows.
            pub took: u64,
            ..
            /// The rest.
            pub other
        }
    }

    #[test]
    fn what_is_not_known_is_kept_where_there_is_a_place_for_it() {
        let open: Open =
            serde_json::from_str(r#"{"a": {"b": [1]}, "took": 3, "c": null}"#).unwrap();
        assert_eq!(open.took, 3);
        assert_eq!(Value::Object(open.other), serde_json::json!({"a": {"b": [1]}, "c": null}));
    }

    #[test]
    fn what_is_known_is_read_and_the_rest_is_passed_over() {
        let read = |json| serde_json::from_str::<Sample>(json);
        let sample = read(r#"{"new": [{}], "type": "a", "took": 3, "kind": 1}"#).unwrap();
        assert_eq!(sample, Sample { took: 3, kind: Some("a".to_owned()) });
        assert_eq!(read(r#"{"type": null}"#).unwrap(), Sample::default());
        for wrong in [r#"{"took": "x"}"#, "[3]", "3", r#"{"took": 3"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let error = read("{\n\"took\": -1}").unwrap_err();
        assert_eq!(error.line(), 2);
    }
}
