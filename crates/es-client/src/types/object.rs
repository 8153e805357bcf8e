//! How the structs of responses are defined and read.
//!
//! A response may come from any version of the server, from a proxy, or cut by
//! `filter_path`. So every member may be missing, `null` is the same as missing, a member
//! that comes twice is read twice, numbers may be texts, and what has no field is kept in
//! `other`. Serde's derive has none of this, and compiles some ten functions for each type;
//! here it is three. They are compiled where a response is decoded.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::lenient::Read;

/// A struct that is read member by member.
pub(super) trait Object<'de>: Default {
    /// Returns the number of the member with this name.
    fn member(name: &str) -> Option<usize>;

    /// Reads the value of a member.
    fn read_member<A: MapAccess<'de>>(
        &mut self,
        number: usize,
        from: &mut A,
    ) -> Result<(), A::Error>;

    /// Returns whether it has a member `error` with a field, and a value.
    fn has_error(&self) -> bool;

    /// Returns the members without a field.
    fn other(&mut self) -> &mut Map<String, Value>;
}

/// The message of an error that came instead of a response.
pub(crate) const REFUSED: &str = "the server returned an error instead of the response";

/// Reads an object, or `null` as an empty one.
pub(super) struct ObjectVisitor<T> {
    /// Whether it is a whole response, which must not be an error.
    whole: bool,
    object: PhantomData<T>,
}

impl<T> ObjectVisitor<T> {
    pub const WHOLE: Self = Self {
        whole: true,
        object: PhantomData,
    };
    pub const PART: Self = Self {
        whole: false,
        object: PhantomData,
    };
}

impl<'de, T: Object<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<T, A::Error> {
        let mut object = T::default();
        let has_known = read_members(&mut object, from)?;
        if self.whole && is_error(object.has_error(), object.other(), has_known) {
            return Err(A::Error::custom(REFUSED));
        }
        Ok(object)
    }
}

/// Reads the members; returns whether any but `error` has a field.
fn read_members<'de, T: Object<'de>, A: MapAccess<'de>>(
    object: &mut T,
    mut from: A,
) -> Result<bool, A::Error> {
    let mut has_known = false;
    while let Some(name) = from.next_key_seed(NameSeed(T::member))? {
        match name {
            Name::Member(number) => {
                object.read_member(number, &mut from)?;
                has_known = true;
            }
            Name::Error(number) => object.read_member(number, &mut from)?,
            Name::Other(name) => {
                let value = from.next_value::<Read<Value>>()?.0;
                object.other().insert(name, value);
            }
        }
    }
    Ok(has_known)
}

/// Reads an object into a new last place of a list, so that it is not moved: a hit has some 500
/// bytes.
struct Push<'a, T>(&'a mut Vec<T>);

impl<'de, T: Object<'de>> DeserializeSeed<'de> for Push<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, T: Object<'de>> Visitor<'de> for Push<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.push(T::default());
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<(), A::Error> {
        self.0.push(T::default());
        if let Some(object) = self.0.last_mut() {
            read_members(object, from)?;
        }
        Ok(())
    }
}

/// Reads the next part of a list into it; returns whether there was one.
pub(super) fn read_item<'de, T: Object<'de>, A: SeqAccess<'de>>(
    list: &mut Vec<T>,
    items: &mut A,
) -> Result<bool, A::Error> {
    Ok(items.next_element_seed(Push(list))?.is_some())
}

/// Whether an object is an error of the server or of a proxy.
fn is_error(has_error: bool, other: &Map<String, Value>, has_known: bool) -> bool {
    let has = |name: &str| other.get(name).is_some_and(|value| !value.is_null());
    has("error")
        || !has_known && (has_error || ["message", "Message", "detail"].into_iter().any(has))
}

enum Name {
    Member(usize),
    /// A member `error`, which some responses have beside others.
    Error(usize),
    Other(String),
}

struct NameSeed(fn(&str) -> Option<usize>);

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Name, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(match (self.0)(name) {
            Some(number) if name == "error" => Name::Error(number),
            Some(number) => Name::Member(number),
            None => Name::Other(name.to_owned()),
        })
    }
}

/// Reads a part of a response.
pub(super) fn read_part<'de, T: Object<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    from.deserialize_any(ObjectVisitor::<T>::PART)
}

/// Reads a whole response.
pub(super) fn read_whole<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: Object<'de>,
    D: Deserializer<'de>,
{
    from.deserialize_any(ObjectVisitor::<T>::WHOLE)
}

/// Defines a struct of a response. A member has the name of its field, or the one after
/// `=`; a further name after `|` is read as well. All others go to `other`.
macro_rules! object {
    ($($tokens:tt)*) => { $crate::types::object::define! { read_part; $($tokens)* } };
}

/// As [`object`], for a struct that is a whole response: an error is not read as an
/// empty one.
macro_rules! response {
    ($($tokens:tt)*) => { $crate::types::object::define! { read_whole; $($tokens)* } };
}

macro_rules! define {
    (
        $read:ident;
        $(#[$meta:meta])*
        $struct_access:vis struct $name:ident $(<$document:ident>)? {
            $(
                $(#[$field_meta:meta])*
                $access:vis $field:ident: $kind:ty $(= $wire:literal $(| $alias:literal)?)?,
            )*
        }
    ) => {
        $(#[$meta])*
        #[non_exhaustive]
        $struct_access struct $name $(<$document>)? {
            $($(#[$field_meta])* $access $field: $kind,)*
            /// All other properties, by name.
            pub other: serde_json::Map<String, serde_json::Value>,
        }

        impl $(<$document>)? Default for $name $(<$document>)? {
            #[inline]
            fn default() -> Self {
                Self { $($field: Default::default(),)* other: serde_json::Map::new() }
            }
        }

        const _: () = {
            #[allow(non_camel_case_types)]
            enum At {
                $($field,)*
            }

            impl<'de $(, $document: serde::Deserialize<'de>)?> $crate::types::object::Object<'de>
                for $name $(<$document>)?
            {
                #[inline]
                fn member(name: &str) -> Option<usize> {
                    Some(match name {
                        $(
                            $crate::types::object::name!($field $($wire $(| $alias)?)?) => {
                                At::$field as usize
                            }
                        )*
                        _ => return None,
                    })
                }

                fn read_member<A: serde::de::MapAccess<'de>>(
                    &mut self,
                    number: usize,
                    from: &mut A,
                ) -> Result<(), A::Error> {
                    $(
                        if number == At::$field as usize {
                            self.$field =
                                from.next_value::<$crate::types::lenient::Read<$kind>>()?.0;
                        }
                    )*
                    Ok(())
                }

                #[inline]
                fn has_error(&self) -> bool {
                    $($crate::types::object::has_error!($field self) ||)* false
                }

                #[inline]
                fn other(&mut self) -> &mut serde_json::Map<String, serde_json::Value> {
                    &mut self.other
                }
            }
        };

        impl<'de $(, $document: serde::Deserialize<'de>)?> $crate::types::lenient::Lenient<'de>
            for $name $(<$document>)?
        {
            fn read<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::types::object::read_part(from)
            }

            fn read_item<A: serde::de::SeqAccess<'de>>(
                list: &mut Vec<Self>,
                items: &mut A,
            ) -> Result<bool, A::Error> {
                $crate::types::object::read_item(list, items)
            }
        }

        impl<'de $(, $document: serde::Deserialize<'de>)?> serde::Deserialize<'de>
            for $name $(<$document>)?
        {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::types::object::$read(from)
            }
        }
    };
}

macro_rules! name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
    ($field:ident $wire:literal | $alias:literal) => {
        $wire | $alias
    };
}

/// Whether a field is that of a member `error`, and has a value.
macro_rules! has_error {
    (error $object:ident) => {
        $object.error.is_some()
    };
    ($field:ident $object:ident) => {
        false
    };
}

pub(super) use {define, has_error, name, object, response};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    object! {
        /// A part.
        #[derive(Debug, PartialEq)]
        #[expect(unreachable_pub, reason = "responses are public")]
        pub struct Part {
            /// A text.
            pub kind: String = "type" | "kind",
        }
    }

    response! {
        /// A response.
        #[derive(Debug, PartialEq)]
        #[expect(unreachable_pub, reason = "responses are public")]
        pub struct Sample {
            /// A number.
            pub took: i64,
            /// A part.
            pub part: Part,
            /// Whatever failed.
            pub failures: Vec<String>,
        }
    }

    response! {
        /// A response that may have an error beside other members.
        #[expect(unreachable_pub, reason = "responses are public")]
        pub struct Task {
            /// Whether it has ended.
            pub completed: bool,
            /// Why it failed.
            pub error: Option<crate::types::ErrorCause>,
        }
    }

    fn read(json: &str) -> Sample {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn unknown_members_are_kept() {
        let sample = read(r#"{"a":{"b":[1]},"took":3,"c":null,"part":{"kind":"x","d":1}}"#);
        assert_eq!((sample.took, &*sample.part.kind), (3, "x"));
        assert_eq!(
            Value::Object(sample.other),
            json!({"a": {"b": [1]}, "c": null})
        );
        assert_eq!(Value::Object(sample.part.other), json!({"d": 1}));
    }

    #[test]
    fn null_is_the_same_as_missing() {
        assert_eq!(read("{}"), Sample::default());
        assert_eq!(
            read(r#"{"took":null,"part":null,"failures":null}"#),
            Sample::default()
        );
    }

    #[test]
    fn repeated_members_are_read() {
        assert_eq!(read(r#"{"took":1,"took":2}"#).took, 2);
    }

    #[test]
    fn other_forms_are_errors() {
        for wrong in [
            r#"{"took":"x"}"#,
            "[3]",
            "3",
            r#"{"took":3"#,
            r#"{"part":[]}"#,
        ] {
            assert!(serde_json::from_str::<Sample>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn errors_are_no_empty_responses() {
        let refused = |json| serde_json::from_str::<Sample>(json).is_err();
        assert!(refused(r#"{"error":"no","status":400}"#));
        assert!(refused(r#"{"took":1,"error":{"type":"t"}}"#));
        assert!(refused(r#"{"message":"Forbidden"}"#));
        assert!(!refused(r#"{"took":1,"message":"fine","error":null}"#));
        assert!(!refused(r#"{"num_reduce_phases":1}"#));

        let refused = |json| serde_json::from_str::<Task>(json).is_err();
        assert!(refused(r#"{"error":{"type":"t"},"status":404}"#));
        assert!(!refused(r#"{"completed":true,"error":{"type":"t"}}"#));
        assert!(!refused(r#"{"error":null,"new":1}"#));
    }
}
