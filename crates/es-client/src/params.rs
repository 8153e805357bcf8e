//! What callers pass: path parts and query values.

use std::{borrow::Cow, time::Duration};

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
numbers!(i32, i64, u32, u64, usize, f32, f64);

fn joined<T: AsRef<str>>(values: &[T]) -> Cow<'static, str> {
    let mut text = String::new();
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(value.as_ref());
    }
    Cow::Owned(text)
}

impl<T: AsRef<str>, const N: usize> IntoParam for [T; N] {
    fn into_param(self) -> Cow<'static, str> {
        joined(&self)
    }
}

impl<T: AsRef<str>> IntoParam for &[T] {
    fn into_param(self) -> Cow<'static, str> {
        joined(self)
    }
}

impl<T: AsRef<str>> IntoParam for Vec<T> {
    fn into_param(self) -> Cow<'static, str> {
        joined(&self)
    }
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
