//! The value of a setting, whatever the format that it was written in.

mod apply;

use std::{fmt, str::FromStr, time::Duration};

use http::StatusCode;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use zeroize::Zeroizing;

pub(super) use self::apply::NAMES;
use crate::{
    connect::{MinTlsVersion, TrustRoots},
    layer::{media_type::CompatibilityMode, response_check::ProductCheck},
};

/// A value of any type. Texts are wiped, since they may be secrets.
#[derive(Clone)]
pub(super) enum Value {
    Unset,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(Zeroizing<String>),
    List(Vec<Value>),
    Table(Vec<(String, Value)>),
    /// A value that no setting takes, and why.
    Invalid(&'static str),
}

/// A value, or what it must be instead.
type Read<T> = Result<T, &'static str>;

const TEXT: &str = "it must be text";
const BOOLEAN: &str = "it must be `true` or `false`";
const NUMBER: &str = "it must be a number";
const DURATION: &str = "it must be a duration such as `500ms`, `30s` or `2m`";
const DURATION_OR_OFF: &str = "it must be a duration such as `500ms`, `30s` or `2m`, or `off`";
const SIZE: &str = "it must be a size such as `64kb` or `100mb`";
const SIZE_OR_OFF: &str = "it must be a size such as `64kb` or `100mb`, or `off`";

impl Value {
    pub fn text(text: String) -> Self {
        Self::Text(Zeroizing::new(text))
    }

    fn one_text(&self) -> Read<&str> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(TEXT),
        }
    }

    /// Reads a list of texts, or one text with commas between them.
    fn texts(&self) -> Read<Vec<&str>> {
        match self {
            Self::Text(text) => Ok(text.split(',').map(str::trim).collect()),
            Self::List(values) => values.iter().map(Self::one_text).collect(),
            _ => Err("it must be a list of texts"),
        }
    }

    /// Reads a list of two texts, or one text with a colon between them.
    fn pair(&self) -> Read<(&str, &str)> {
        let pair = match self {
            Self::Text(text) => text.split_once(':'),
            Self::List(values) => match &**values {
                [first, second] => Some((first.one_text()?, second.one_text()?)),
                _ => None,
            },
            _ => None,
        };
        pair.ok_or("it must be a list of two texts, or one text with a colon between them")
    }

    fn table(&self) -> Read<impl Iterator<Item = (&str, &Self)>> {
        match self {
            Self::Table(entries) => Ok(entries.iter().map(|(name, value)| (&**name, value))),
            _ => Err("it must be a table"),
        }
    }

    fn boolean(&self) -> Read<bool> {
        match self {
            Self::Boolean(value) => Ok(*value),
            Self::Text(text) if is_any(text, ["true", "1"]) => Ok(true),
            Self::Text(text) if is_any(text, ["false", "0"]) => Ok(false),
            _ => Err(BOOLEAN),
        }
    }

    fn number<N: TryFrom<i128> + FromStr>(&self) -> Read<N> {
        let number = match self {
            Self::Integer(value) => N::try_from(*value).ok(),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.ok_or(NUMBER)
    }

    fn statuses(&self) -> Read<Vec<StatusCode>> {
        let status = |value: &Self| {
            let code = value
                .number()
                .ok()
                .and_then(|code| StatusCode::from_u16(code).ok());
            code.ok_or("it must be a list of status codes")
        };
        self.elements().iter().map(status).collect()
    }

    fn durations(&self) -> Read<Vec<Duration>> {
        self.elements().iter().map(Self::duration).collect()
    }

    /// Splits a list: the environment has one text with commas between the elements.
    fn elements(&self) -> Vec<Self> {
        match self {
            Self::List(values) => values.clone(),
            Self::Text(text) => text
                .split(',')
                .map(|text| Self::text(text.to_owned()))
                .collect(),
            other => vec![other.clone()],
        }
    }

    /// Reads a number of seconds, or a number with a unit.
    fn duration(&self) -> Read<Duration> {
        let seconds = match self {
            Self::Integer(value) => {
                return u64::try_from(*value)
                    .map(Duration::from_secs)
                    .map_err(|_| DURATION);
            }
            Self::Float(value) => Some(*value),
            Self::Text(text) => with_unit(text).and_then(|(number, unit)| {
                let unit = match unit {
                    "" | "s" => 1.0,
                    "ms" => 1e-3,
                    "micros" => 1e-6,
                    "nanos" => 1e-9,
                    "m" => 60.0,
                    "h" => 3_600.0,
                    "d" => 86_400.0,
                    _ => return None,
                };
                Some(number * unit)
            }),
            _ => None,
        };
        seconds
            .and_then(|value| Duration::try_from_secs_f64(value).ok())
            .ok_or(DURATION)
    }

    fn duration_or_off(&self) -> Read<Option<Duration>> {
        self.or_off(Self::duration).map_err(|_| DURATION_OR_OFF)
    }

    /// Reads a number of bytes, or a number with a unit.
    fn size(&self) -> Read<usize> {
        let Self::Text(text) = self else {
            return self.number().map_err(|_| SIZE);
        };
        let bytes = with_unit(text).and_then(|(number, unit)| {
            let shift = match unit.to_ascii_lowercase().as_str() {
                "" | "b" => 0,
                "kb" => 10,
                "mb" => 20,
                "gb" => 30,
                _ => return None,
            };
            let bytes = number * f64::from(1_u32 << shift);
            // Every size below 2^53 is exact.
            (bytes < 9e15 && bytes.fract() == 0.0).then_some(bytes as u64)
        });
        bytes
            .and_then(|bytes| usize::try_from(bytes).ok())
            .ok_or(SIZE)
    }

    fn size_or_off(&self) -> Read<Option<usize>> {
        self.or_off(Self::size).map_err(|_| SIZE_OR_OFF)
    }

    fn or_off<T>(&self, read: impl FnOnce(&Self) -> Read<T>) -> Read<Option<T>> {
        match self {
            Self::Text(text) if is_any(text, ["off"]) => Ok(None),
            value => read(value).map(Some),
        }
    }

    fn tls_version(&self) -> Read<MinTlsVersion> {
        match self {
            Self::Text(text) if text.as_str() == "1.2" => Ok(MinTlsVersion::Tls12),
            Self::Text(text) if text.as_str() == "1.3" => Ok(MinTlsVersion::Tls13),
            _ => Err("it must be the text `1.2` or `1.3`"),
        }
    }

    fn trust_roots(&self) -> Read<TrustRoots> {
        match self.one_text()? {
            "mozilla" => Ok(TrustRoots::Mozilla),
            #[cfg(feature = "native-roots")]
            "system" => Ok(TrustRoots::System),
            #[cfg(feature = "platform-verifier")]
            "platform" => Ok(TrustRoots::Platform),
            #[cfg(not(feature = "native-roots"))]
            "system" => Err("`system` needs the feature `native-roots`"),
            #[cfg(not(feature = "platform-verifier"))]
            "platform" => Err("`platform` needs the feature `platform-verifier`"),
            _ => Err("it must be `mozilla`, `system` or `platform`"),
        }
    }

    fn compatibility_mode(&self) -> Read<CompatibilityMode> {
        if let Ok(major) = self.number() {
            return Ok(CompatibilityMode::Fixed(major));
        }
        match self {
            Self::Text(text) if is_any(text, ["off"]) => Ok(CompatibilityMode::Off),
            Self::Text(text) if is_any(text, ["negotiated"]) => Ok(CompatibilityMode::Negotiated),
            Self::Text(text) if is_any(text, ["serverless"]) => Ok(CompatibilityMode::Serverless),
            _ => Err("it must be a major version, `off`, `negotiated` or `serverless`"),
        }
    }

    fn product_check(&self) -> Read<ProductCheck> {
        match self {
            Self::Text(text) if is_any(text, ["enforce"]) => Ok(ProductCheck::Enforce),
            Self::Text(text) if is_any(text, ["warn"]) => Ok(ProductCheck::Warn),
            Self::Text(text) if is_any(text, ["off"]) => Ok(ProductCheck::Off),
            _ => Err("it must be `enforce`, `warn` or `off`"),
        }
    }
}

fn is_any<const N: usize>(text: &str, words: [&str; N]) -> bool {
    words
        .iter()
        .any(|word| text.trim().eq_ignore_ascii_case(word))
}

/// Splits a number from its unit.
fn with_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim()))
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value of a setting")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::text(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Unset)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Unset)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Table(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::text(text.to_owned())
    }

    #[test]
    fn durations_have_units() {
        let read = |value: Value| value.duration().ok();
        assert_eq!(read(text("1500ms")), Some(Duration::from_millis(1_500)));
        assert_eq!(read(text("30")), Some(Duration::from_secs(30)));
        assert_eq!(read(text(" 1.5 h ")), Some(Duration::from_secs(5_400)));
        assert_eq!(read(text("2d")), Some(Duration::from_secs(172_800)));
        assert_eq!(read(Value::Float(0.25)), Some(Duration::from_millis(250)));
        for bad in ["", "s", "1w", "-1s", "1s 2ms", "1e3"] {
            assert_eq!(read(text(bad)), None, "{bad}");
        }
        assert_eq!(read(Value::Integer(-1)), None);
        assert_eq!(read(Value::Float(f64::NAN)), None);
        assert_eq!(text("off").duration_or_off(), Ok(None));
    }

    #[test]
    fn sizes_have_units() {
        let read = |value: Value| value.size().ok();
        assert_eq!(read(text("4kb")), Some(4_096));
        assert_eq!(read(text("1.5MB")), Some(1_572_864));
        assert_eq!(read(text("7")), Some(7));
        assert_eq!(read(Value::Integer(7)), Some(7));
        for bad in ["", "kb", "0.5", "1tb", "99999999gb"] {
            assert_eq!(read(text(bad)), None, "{bad}");
        }
    }

    #[test]
    fn a_number_that_does_not_fit_is_an_error() {
        assert_eq!(Value::Integer(300).number::<u8>(), Err(NUMBER));
        assert_eq!(Value::Integer(-1).number::<u32>(), Err(NUMBER));
        assert_eq!(text(" 12 ").number::<u32>(), Ok(12));
    }
}
