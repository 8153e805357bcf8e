//! The text of a parameter.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
    time::Duration,
};

/// A value of a path part or query parameter: a text, a number, or a list that
/// is joined by commas.
pub trait IntoParam {
    /// The text as it is sent, before it is percent-encoded.
    fn into_param(self) -> Cow<'static, str>;
}

impl IntoParam for &str {
    fn into_param(self) -> Cow<'static, str> {
        Cow::Owned(self.to_owned())
    }
}

impl IntoParam for String {
    fn into_param(self) -> Cow<'static, str> {
        Cow::Owned(self)
    }
}

impl IntoParam for &String {
    fn into_param(self) -> Cow<'static, str> {
        self.as_str().into_param()
    }
}

impl IntoParam for Cow<'static, str> {
    fn into_param(self) -> Cow<'static, str> {
        self
    }
}

impl IntoParam for bool {
    fn into_param(self) -> Cow<'static, str> {
        Cow::Borrowed(if self { "true" } else { "false" })
    }
}

/// Elasticsearch's time units: whole seconds as `s`, else milliseconds, else nanoseconds.
impl IntoParam for Duration {
    fn into_param(self) -> Cow<'static, str> {
        let nanos = self.subsec_nanos();
        Cow::Owned(if nanos == 0 {
            format!("{}s", self.as_secs())
        } else if nanos.is_multiple_of(1_000_000) {
            format!("{}ms", self.as_millis())
        } else {
            format!("{}nanos", self.as_nanos())
        })
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl IntoParam for $number {
            fn into_param(self) -> Cow<'static, str> {
                Cow::Owned(self.to_string())
            }
        }
    )*};
}
numbers!(i8, i16, i32, i64, u8, u16, u32, u64, usize, f32, f64);

/// Texts of any origin as one parameter; made by [`list()`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List(String);

/// Makes a list of whatever can be iterated.
///
/// ```
/// use es_client::params::{IntoParam, list};
///
/// let months = (1..=3).map(|month| format!("logs-2026-{month:02}"));
/// assert_eq!(list(months).into_param(), "logs-2026-01,logs-2026-02,logs-2026-03");
/// ```
pub fn list<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> List {
    let mut text = String::new();
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(value.as_ref());
    }
    List(text)
}

impl IntoParam for List {
    fn into_param(self) -> Cow<'static, str> {
        Cow::Owned(self.0)
    }
}

macro_rules! lists {
    ($(($($generic:tt)*) $value:ty;)*) => {$(
        impl<T: AsRef<str>, $($generic)*> IntoParam for $value {
            fn into_param(self) -> Cow<'static, str> {
                list(self).into_param()
            }
        }
    )*};
}
lists! {
    (const N: usize) [T; N];
    (const N: usize) &[T; N];
    () &[T];
    () Vec<T>;
    () &Vec<T>;
    () BTreeSet<T>;
    () &BTreeSet<T>;
    (S) HashSet<T, S>;
    (S) &HashSet<T, S>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_elasticsearchs_form() {
        assert_eq!(["a", "b"].into_param(), "a,b");
        assert_eq!(Vec::<String>::new().into_param(), "");
        assert_eq!(true.into_param(), "true");
        assert_eq!(Duration::from_secs(90).into_param(), "90s");
        assert_eq!(Duration::from_millis(1_500).into_param(), "1500ms");
        assert_eq!(Duration::from_nanos(1).into_param(), "1nanos");
    }
}
