//! Reads values in every form that a server has for them.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Unexpected, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

use crate::json_read::second_reading;

/// A value that is read in every form that a server has for it; `null` is its default.
pub(crate) trait Lenient<'de>: Sized {
    /// Reads a value.
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;

    /// Reads a list of values.
    fn read_list<D: Deserializer<'de>>(from: D) -> Result<Vec<Self>, D::Error> {
        from.deserialize_any(ListVisitor(PhantomData))
    }

    /// Reads the next value of a list into it; returns whether there was one.
    fn read_item<A: SeqAccess<'de>>(list: &mut Vec<Self>, items: &mut A) -> Result<bool, A::Error> {
        let item = items.next_element::<Read<Self>>()?;
        let is_there = item.is_some();
        list.extend(item.map(|item| item.0));
        Ok(is_there)
    }
}

/// Carries a [`Lenient`] value through serde.
pub(crate) struct Read<T>(pub(crate) T);

impl<'de, T: Lenient<'de>> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read(from).map(Self)
    }
}

/// A text, a number or a truth value.
trait Scalar: Default {
    const EXPECTED: &'static str;

    fn from_integer(number: i64) -> Option<Self>;

    fn from_float(number: f64) -> Option<Self>;

    fn from_text(text: &str) -> Option<Self>;

    fn from_bool(_: bool) -> Option<Self> {
        None
    }
}

struct ScalarVisitor<T>(PhantomData<T>);

impl<T: Scalar> Visitor<'_> for ScalarVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        T::from_bool(value).ok_or_else(|| E::invalid_type(Unexpected::Bool(value), &self))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        T::from_integer(value).ok_or_else(|| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a number beyond every Java long"
        )]
        i64::try_from(value)
            .map_or_else(|_| T::from_float(value as f64), T::from_integer)
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        T::from_float(value).ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<T, E> {
        T::from_text(value).ok_or_else(|| E::invalid_value(Unexpected::Str(value), &self))
    }
}

impl Scalar for String {
    const EXPECTED: &'static str = "a text";

    fn from_integer(number: i64) -> Option<Self> {
        Some(number.to_string())
    }

    /// As JSON writes it: `1.0`, not `1`.
    fn from_float(number: f64) -> Option<Self> {
        serde_json::to_string(&number).ok()
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn from_bool(value: bool) -> Option<Self> {
        Some(value.to_string())
    }
}

impl<'de> Lenient<'de> for String {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if second_reading() {
            // From a value, so that errors are about this text, not about a line of their own.
            let value = <Value as Lenient>::read(from)?;
            return value
                .deserialize_any(ScalarVisitor(PhantomData))
                .map_err(D::Error::custom);
        }
        from.deserialize_any(ScalarVisitor(PhantomData))
    }

    fn read_list<D: Deserializer<'de>>(from: D) -> Result<Vec<Self>, D::Error> {
        from.deserialize_any(NamesVisitor)
    }
}

impl Scalar for bool {
    const EXPECTED: &'static str = "`true` or `false`";

    fn from_integer(_: i64) -> Option<Self> {
        None
    }

    fn from_float(_: f64) -> Option<Self> {
        None
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn from_bool(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl Scalar for f64 {
    const EXPECTED: &'static str = "a number";

    #[expect(clippy::cast_precision_loss, reason = "as every reader of JSON")]
    fn from_integer(number: i64) -> Option<Self> {
        Some(number as Self)
    }

    fn from_float(number: f64) -> Option<Self> {
        Some(number)
    }

    /// `NaN`, `Infinity` and `-Infinity` are numbers, too.
    fn from_text(text: &str) -> Option<Self> {
        text.trim().parse().ok()
    }
}

impl Scalar for i64 {
    const EXPECTED: &'static str = "a whole number";

    fn from_integer(number: i64) -> Option<Self> {
        Some(number)
    }

    fn from_float(number: f64) -> Option<Self> {
        // 2^63, the first float that is too great.
        const END: f64 = 9_223_372_036_854_775_808.0;
        #[expect(clippy::cast_possible_truncation, reason = "the fraction is dropped")]
        (-END..END).contains(&number).then_some(number as Self)
    }

    fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        text.parse()
            .ok()
            .or_else(|| text.parse().ok().and_then(Self::from_float))
    }
}

macro_rules! narrower {
    ($($kind:ident)*) => {$(
        impl Scalar for $kind {
            const EXPECTED: &'static str = concat!("a whole number (", stringify!($kind), ")");

            fn from_integer(number: i64) -> Option<Self> {
                number.try_into().ok()
            }

            fn from_float(number: f64) -> Option<Self> {
                i64::from_float(number).and_then(Self::from_integer)
            }

            fn from_text(text: &str) -> Option<Self> {
                i64::from_text(text).and_then(Self::from_integer)
            }
        }
    )*};
}
narrower! { i32 u16 }

macro_rules! scalars {
    ($($kind:ident)*) => {$(
        impl<'de> Lenient<'de> for $kind {
            fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_any(ScalarVisitor(PhantomData))
            }
        }
    )*};
}
scalars! { bool f64 i64 i32 u16 }

/// Any value. One that no [`Value`] can hold, such as `1e400` or 150 levels, is kept as
/// its text.
impl<'de> Lenient<'de> for Value {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if second_reading() {
            let repaired = repaired(from)?;
            return Ok(serde_json::from_str(&repaired).unwrap_or(Self::String(repaired)));
        }
        Self::deserialize(from)
    }
}

impl<'de> Lenient<'de> for Map<String, Value> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match <Read<Value>>::deserialize(from)?.0 {
            Value::Object(map) => Ok(map),
            Value::Null => Ok(Self::new()),
            _ => Err(D::Error::custom("invalid type, expected an object")),
        }
    }
}

impl<'de> Lenient<'de> for Box<RawValue> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(from)
    }
}

impl<'de, T: Lenient<'de>> Lenient<'de> for Box<T> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read(from).map(Self::new)
    }
}

impl<'de, T: Lenient<'de>> Lenient<'de> for Option<T> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Option::<Read<T>>::deserialize(from).map(|value| value.map(|value| value.0))
    }
}

impl<'de, T: Lenient<'de>> Lenient<'de> for Vec<T> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read_list(from)
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Lenient<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while T::read_item(&mut list, &mut items)? {}
        Ok(list)
    }
}

/// Texts: a list of them, one alone, or the keys of an object.
struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(vec![text.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        ListVisitor(PhantomData).visit_seq(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut names = Vec::new();
        while let Some((name, serde::de::IgnoredAny)) = map.next_entry()? {
            names.push(name);
        }
        Ok(names)
    }
}

impl<'de, T: Lenient<'de>> Lenient<'de> for BTreeMap<String, T> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(MapVisitor(PhantomData))
    }
}

struct MapVisitor<T>(PhantomData<T>);

impl<'de, T: Lenient<'de>> Visitor<'de> for MapVisitor<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((name, Read(value))) = from.next_entry()? {
            map.insert(name, value);
        }
        Ok(map)
    }
}

/// Returns the text of a value, in which U+FFFD stands for each lone surrogate.
fn repaired<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let raw = Box::<RawValue>::deserialize(from)?;
    Ok(repair(raw.get()))
}

/// Replaces each escape of a lone surrogate, which Java's strings may hold and Unicode
/// text may not, by that of U+FFFD.
fn repair(json: &str) -> String {
    let mut repaired = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, escaped)) = rest.split_once('\\') {
        repaired.push_str(before);
        let paired = surrogate(escaped).is_some_and(|unit| {
            let next = escaped.get(5..).and_then(|next| next.strip_prefix('\\'));
            (0xD800..0xDC00).contains(&unit)
                && next.and_then(surrogate).is_some_and(|unit| unit >= 0xDC00)
        });
        let (escape, length) = match surrogate(escaped) {
            Some(_) if paired => (None, 11),
            Some(_) => (Some("\\ufffd"), 5),
            None => (None, escaped.chars().next().map_or(0, char::len_utf8)),
        };
        let (kept, after) = escaped.split_at_checked(length).unwrap_or((escaped, ""));
        match escape {
            Some(escape) => repaired.push_str(escape),
            None => {
                repaired.push('\\');
                repaired.push_str(kept);
            }
        }
        rest = after;
    }
    repaired.push_str(rest);
    repaired
}

/// Returns the surrogate that an escape without its backslash stands for.
fn surrogate(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix('u')?.get(..4)?;
    let unit = u16::from_str_radix(digits, 16).ok()?;
    (0xD800..=0xDFFF).contains(&unit).then_some(unit)
}

/// Returns a text, a number or a truth value as text; `None` for anything else.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: for<'de> Lenient<'de>>(json: &str) -> serde_json::Result<T> {
        serde_json::from_str::<Read<T>>(json).map(|read| read.0)
    }

    #[test]
    fn floats_may_be_texts_and_not_finite() {
        assert!(read::<f64>(r#""NaN""#).unwrap().is_nan());
        assert_eq!(read::<f64>(r#""Infinity""#).unwrap(), f64::INFINITY);
        assert_eq!(read::<f64>(r#""-Infinity""#).unwrap(), f64::NEG_INFINITY);
        assert_eq!(read::<Option<f64>>("null").unwrap(), None);
        assert_eq!(read::<f64>("3").unwrap(), 3.0);
        assert!(read::<f64>(r#""much""#).is_err());
    }

    #[test]
    fn whole_numbers_may_be_negative_texts_and_floats() {
        for (json, expected) in [
            ("-2", -2),
            (r#""7""#, 7),
            ("1.5", 1),
            ("null", 0),
            ("-0.0", 0),
        ] {
            assert_eq!(read::<i64>(json).unwrap(), expected, "{json}");
        }
        assert_eq!(read::<i64>("9223372036854775807").unwrap(), i64::MAX);
        for wrong in ["1e30", "18446744073709551615", "true", "[]", r#""x""#] {
            assert!(read::<i64>(wrong).is_err(), "{wrong}");
        }
        assert!(read::<u16>("-1").is_err() && read::<u16>("70000").is_err());
        assert!(read::<bool>(r#""true""#).unwrap());
    }

    #[test]
    fn texts_may_be_numbers_and_lists_may_be_single() {
        assert_eq!(read::<String>("5").unwrap(), "5");
        assert_eq!(read::<Vec<String>>(r#""a""#).unwrap(), ["a"]);
        assert_eq!(read::<Vec<String>>(r#"["a",1]"#).unwrap(), ["a", "1"]);
        assert_eq!(
            read::<Vec<String>>(r#"{"a":0.5,"b":1}"#).unwrap(),
            ["a", "b"]
        );
        assert!(read::<Vec<i64>>("null").unwrap().is_empty());
    }

    #[test]
    fn lone_surrogates_are_replaced() {
        for (json, repaired) in [
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""a\uD83D b""#, r#""a\ufffd b""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\\ud83d\n\u00e4é""#, r#""\\ud83d\n\u00e4é""#),
            (r#""\ud83d\n""#, r#""\ufffd\n""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
        ] {
            assert_eq!(repair(json), repaired);
        }
    }
}
