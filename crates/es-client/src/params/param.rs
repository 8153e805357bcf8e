//! Which values a parameter takes.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
};

use super::into_param::{IntoParam, List};

/// A value for a parameter of the kind `K`; the [module's page](super) lists the kinds.
pub trait Param<K: ?Sized>: IntoParam {}

/// The enums of [`super::enums`].
pub trait Enumeration: AsRef<str> {
    /// The text as it is sent.
    fn text(self) -> &'static str;
}

impl<E: Enumeration> IntoParam for E {
    fn into_param(self) -> Cow<'static, str> {
        Cow::Borrowed(self.text())
    }
}

impl<E: Enumeration> Param<[E]> for E {}
impl<A, E: Enumeration> Param<(A, E)> for E {}

macro_rules! takes {
    ($kind:ty: $($value:ty),* $(,)?) => {
        $(impl Param<$kind> for $value {})*
    };
}

macro_rules! texts {
    ($($value:ty),*) => {
        takes!(String: $($value),*);
        takes!([String]: $($value),*);
        takes!((bool, [String]): $($value),*);
    };
}
texts!(&str, String, &String, Cow<'static, str>);
texts!(i8, i16, i32, i64, u8, u16, u32, u64, usize);

macro_rules! lists {
    ($(($($generic:tt)*) $value:ty;)*) => {$(
        impl<T: AsRef<str>, $($generic)*> Param<[String]> for $value {}
        impl<T: AsRef<str>, $($generic)*> Param<(bool, [String])> for $value {}
        impl<T: Enumeration, $($generic)*> Param<[T]> for $value {}
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
takes!([String]: List);
takes!((bool, [String]): List, bool);
impl<E: Enumeration> Param<[E]> for List {}

macro_rules! integers {
    ($($value:ty),*) => {
        takes!(i64: $($value),*);
        takes!(f64: $($value),*);
        takes!((bool, i64): $($value),*);
        $(impl<E: Enumeration> Param<(i64, E)> for $value {})*
    };
}
integers!(i8, i16, i32, i64, u8, u16, u32, u64, usize);
takes!(f64: f32, f64);
takes!((bool, i64): bool);
impl<E: Enumeration> Param<(bool, E)> for bool {}
