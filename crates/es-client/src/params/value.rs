//! The value of a parameter, and the types that have one.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use serde::Serialize;
use serde_json::Value;

/// The value of a path part, a query parameter or a property of a body.
///
/// ```
/// use std::time::Duration;
/// use es_client::params::ToParam;
/// use serde_json::json;
///
/// assert_eq!(Duration::from_secs(90).to_param().into_text().as_deref(), Some("90s"));
/// assert_eq!(["a", "b"].to_param().into_text().as_deref(), Some("a,b"));
/// assert_eq!(["a", "b"].to_param().into_json(), Some(json!(["a", "b"])));
/// assert!(None::<u32>.to_param().is_unset());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ParamValue(Repr);

#[derive(Clone, Debug, PartialEq)]
enum Repr {
    Unset,
    Text(Cow<'static, str>),
    /// A number, `true` or `false`, as JSON writes it.
    Literal(Cow<'static, str>),
    List(Vec<ParamValue>),
    Json(Value),
}

impl ParamValue {
    /// A value that leaves the parameter unset, as `None` does.
    pub const UNSET: Self = Self(Repr::Unset);

    /// Creates a text.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Repr::Text(text.into()))
    }

    /// Creates a value from JSON; `null` leaves the parameter unset.
    pub fn json(value: Value) -> Self {
        match value {
            Value::Null => Self::UNSET,
            Value::String(text) => Self::text(text),
            value @ (Value::Bool(_) | Value::Number(_)) => Self::literal(value.to_string()),
            value => Self(Repr::Json(value)),
        }
    }

    fn literal(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Repr::Literal(text.into()))
    }

    /// Whether the parameter is unset.
    pub fn is_unset(&self) -> bool {
        matches!(self.0, Repr::Unset)
    }

    /// Returns the text for a path or query, before percent-encoding; `None` if the
    /// parameter is unset.
    pub fn into_text(self) -> Option<Cow<'static, str>> {
        match self.0 {
            Repr::Unset => None,
            Repr::Text(text) | Repr::Literal(text) => Some(text),
            Repr::Json(value) => Some(value.to_string().into()),
            Repr::List(values) => {
                let texts: Vec<_> = values.into_iter().filter_map(Self::into_text).collect();
                Some(texts.join(",").into())
            }
        }
    }

    /// Returns the value as JSON; `None` if the parameter is unset.
    pub fn into_json(self) -> Option<Value> {
        match self.0 {
            Repr::Unset => None,
            Repr::Text(text) => Some(Value::String(text.into_owned())),
            Repr::Literal(text) => {
                Some(serde_json::from_str(&text).unwrap_or_else(|_| text.into()))
            }
            Repr::Json(value) => Some(value),
            Repr::List(values) => Some(values.into_iter().filter_map(Self::into_json).collect()),
        }
    }

    /// Writes the value as JSON; returns `false`, and writes nothing, if the
    /// parameter stays unset.
    pub(crate) fn write_json(&self, to: &mut Vec<u8>) -> serde_json::Result<bool> {
        match &self.0 {
            Repr::Unset => return Ok(false),
            Repr::Text(text) => serde_json::to_writer(to, text)?,
            Repr::Literal(text) => to.extend_from_slice(text.as_bytes()),
            Repr::Json(value) => serde_json::to_writer(to, value)?,
            Repr::List(values) => {
                to.push(b'[');
                for value in values {
                    if value.write_json(to)? {
                        to.push(b',');
                    }
                }
                to.pop_if(|last| *last == b',');
                to.push(b']');
            }
        }
        Ok(true)
    }
}

/// A type whose values can be sent as a path part, a query parameter or a
/// property of a body.
///
/// Implement it, together with [`Param`](super::Param), for your own types:
///
/// ```
/// use es_client::params::{Param, ParamValue, ToParam};
///
/// struct Sku(u32);
///
/// impl ToParam for Sku {
///     fn to_param(&self) -> ParamValue {
///         ParamValue::text(format!("sku-{:06}", self.0))
///     }
/// }
/// impl Param<String> for Sku {}
///
/// # fn call(client: es_client::Elasticsearch) {
/// let call = client.get::<serde_json::Value>("products", Sku(17));
/// # }
/// ```
pub trait ToParam {
    /// Returns the value that is sent.
    fn to_param(&self) -> ParamValue;

    /// Writes the value as JSON. Returns `false` and writes nothing if it is unset.
    #[doc(hidden)]
    fn write_json(&self, to: &mut Vec<u8>) -> serde_json::Result<bool> {
        self.to_param().write_json(to)
    }
}

macro_rules! references {
    ($($pointer:ty),*) => {$(
        impl<T: ToParam + ?Sized> ToParam for $pointer {
            fn to_param(&self) -> ParamValue {
                (**self).to_param()
            }

            fn write_json(&self, to: &mut Vec<u8>) -> serde_json::Result<bool> {
                (**self).write_json(to)
            }
        }
    )*};
}
references!(&T, Box<T>, Rc<T>, Arc<T>);

impl<T: ToParam> ToParam for Option<T> {
    fn to_param(&self) -> ParamValue {
        self.as_ref().map_or(ParamValue::UNSET, T::to_param)
    }

    fn write_json(&self, to: &mut Vec<u8>) -> serde_json::Result<bool> {
        self.as_ref()
            .map_or(Ok(false), |value| value.write_json(to))
    }
}

impl ToParam for str {
    fn to_param(&self) -> ParamValue {
        ParamValue::text(self.to_owned())
    }
}

impl ToParam for String {
    fn to_param(&self) -> ParamValue {
        self.as_str().to_param()
    }
}

impl ToParam for Cow<'_, str> {
    fn to_param(&self) -> ParamValue {
        (**self).to_param()
    }
}

impl ToParam for bool {
    fn to_param(&self) -> ParamValue {
        ParamValue::literal(if *self { "true" } else { "false" })
    }
}

/// Elasticsearch's time units: seconds if whole, else milliseconds, else nanoseconds.
impl ToParam for Duration {
    fn to_param(&self) -> ParamValue {
        let nanos = self.subsec_nanos();
        ParamValue::text(if nanos == 0 {
            format!("{}s", self.as_secs())
        } else if nanos.is_multiple_of(1_000_000) {
            format!("{}ms", self.as_millis())
        } else {
            format!("{}nanos", self.as_nanos())
        })
    }
}

macro_rules! integers {
    ($($number:ty),*) => {$(
        impl ToParam for $number {
            fn to_param(&self) -> ParamValue {
                ParamValue::literal(self.to_string())
            }
        }
    )*};
}
integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

macro_rules! floats {
    ($($number:ty),*) => {$(
        impl ToParam for $number {
            fn to_param(&self) -> ParamValue {
                let text = self.to_string();
                if self.is_finite() { ParamValue::literal(text) } else { ParamValue::text(text) }
            }
        }
    )*};
}
floats!(f32, f64);

#[cfg(feature = "uuid")]
impl ToParam for uuid::Uuid {
    fn to_param(&self) -> ParamValue {
        ParamValue::text(self.to_string())
    }
}

impl ToParam for ParamValue {
    fn to_param(&self) -> ParamValue {
        self.clone()
    }
}

impl ToParam for Value {
    fn to_param(&self) -> ParamValue {
        ParamValue::json(self.clone())
    }
}

macro_rules! lists {
    (@one ($($generic:tt)*) $list:ty) => {
        impl<T: ToParam, $($generic)*> ToParam for $list {
            fn to_param(&self) -> ParamValue {
                let values = self.iter().map(T::to_param);
                ParamValue(Repr::List(values.filter(|value| !value.is_unset()).collect()))
            }
        }
    };
    ($($generics:tt $list:ty;)*) => {$(
        lists! { @one $generics $list }
    )*};
}
lists! {
    () [T];
    (const N: usize) [T; N];
    () Vec<T>;
    () BTreeSet<T>;
    (S) HashSet<T, S>;
}

/// A list of texts. Created by [`list()`].
#[derive(Clone, Debug, PartialEq)]
pub struct List(Vec<ParamValue>);

/// Creates a list from any iterator.
///
/// ```
/// use es_client::params::{ToParam, list};
///
/// let months = (1..=3).map(|month| format!("logs-2026-{month:02}"));
/// let text = list(months).to_param().into_text();
/// assert_eq!(text.as_deref(), Some("logs-2026-01,logs-2026-02,logs-2026-03"));
/// ```
pub fn list<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> List {
    List(
        values
            .into_iter()
            .map(|value| value.as_ref().to_param())
            .collect(),
    )
}

impl ToParam for List {
    fn to_param(&self) -> ParamValue {
        ParamValue(Repr::List(self.0.clone()))
    }
}

/// An unchecked value for any parameter. Created by [`raw`].
#[derive(Clone, Debug, PartialEq)]
pub struct Raw(ParamValue);

/// Creates an unchecked value that every setter accepts, for values that this version
/// of the client does not support: a new value of an enum, another type, a special
/// unit.
///
/// A value that cannot be serialized leaves the parameter unset.
///
/// ```
/// use es_client::params::raw;
///
/// # fn call(client: es_client::Elasticsearch) {
/// let nodes = client.nodes();
/// let call = nodes.stats().metric(raw("a_metric_of_a_later_version")).timeout(raw("2m"));
/// # }
/// ```
pub fn raw(value: impl Serialize) -> Raw {
    Raw(ParamValue::json(
        serde_json::to_value(value).unwrap_or_default(),
    ))
}

impl ToParam for Raw {
    fn to_param(&self) -> ParamValue {
        self.0.clone()
    }
}

/// An infinite duration, sent as `-1`.
///
/// ```
/// use es_client::params::Forever;
///
/// # fn call(client: es_client::Elasticsearch) {
/// let call = client.indices().delete("old-logs").master_timeout(Forever);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forever;

impl ToParam for Forever {
    fn to_param(&self) -> ParamValue {
        ParamValue::literal("-1")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(value: impl ToParam) -> Option<String> {
        value.to_param().into_text().map(Cow::into_owned)
    }

    fn written(value: impl ToParam) -> Option<String> {
        let mut bytes = Vec::new();
        value
            .write_json(&mut bytes)
            .unwrap()
            .then(|| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn query_values_are_elasticsearch_texts() {
        assert_eq!(text(["a", "b"]).unwrap(), "a,b");
        assert_eq!(text(Vec::<String>::new()).unwrap(), "");
        assert_eq!(text(true).unwrap(), "true");
        assert_eq!(text(Duration::from_secs(90)).unwrap(), "90s");
        assert_eq!(text(Duration::from_millis(1_500)).unwrap(), "1500ms");
        assert_eq!(text(Duration::from_nanos(1)).unwrap(), "1nanos");
        assert_eq!(text(Forever).unwrap(), "-1");
        assert_eq!(text(Arc::<str>::from("x")).unwrap(), "x");
        assert_eq!(text(Cow::Borrowed("x")).unwrap(), "x");
    }

    #[test]
    fn body_values_keep_their_json_type() {
        assert_eq!(written(7).unwrap(), "7");
        assert_eq!(written(0.1_f32).unwrap(), "0.1");
        assert_eq!(written(f64::NAN).unwrap(), "\"NaN\"");
        assert_eq!(written(true).unwrap(), "true");
        assert_eq!(written("a\"b").unwrap(), r#""a\"b""#);
        assert_eq!(written(["a", "b"]).unwrap(), r#"["a","b"]"#);
        assert_eq!(written([Some(1), None, Some(2)]).unwrap(), "[1,2]");
        assert_eq!(written([0; 0]).unwrap(), "[]");
        assert_eq!(written(raw(json!({"a": [1]}))).unwrap(), r#"{"a":[1]}"#);
    }

    #[test]
    fn none_and_null_leave_a_parameter_unset() {
        assert_eq!(text(None::<&str>), None);
        assert_eq!(written(None::<&u32>), None);
        assert_eq!(written(Some(None::<bool>)), None);
        assert_eq!(written(Value::Null), None);
        assert_eq!(text(raw(())), None);
    }
}
