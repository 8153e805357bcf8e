//! Which values a parameter takes.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use super::value::{Forever, List, Raw, ToParam};

/// A value for a parameter of the kind `K`; the [module's page](super) lists the kinds.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for this parameter",
    label = "this parameter takes a value of the kind `{K}`, or an `Option` of one",
    note = "`es_client::params` lists the kinds; `es_client::params::raw` makes a value that is not checked"
)]
pub trait Param<K: ?Sized>: ToParam {}

impl<K: ?Sized, T: Param<K> + ?Sized> Param<K> for &T {}
impl<K: ?Sized, T: Param<K> + ?Sized> Param<K> for Box<T> {}
impl<K: ?Sized, T: Param<K> + ?Sized> Param<K> for Rc<T> {}
impl<K: ?Sized, T: Param<K> + ?Sized> Param<K> for Arc<T> {}
impl<K: ?Sized, T: Param<K>> Param<K> for Option<T> {}
impl<K: ?Sized> Param<K> for Raw {}

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
texts!(str, String, Cow<'_, str>);
texts!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);
#[cfg(feature = "uuid")]
texts!(uuid::Uuid);
takes!([String]: List);
takes!((bool, [String]): List, bool);

macro_rules! lists {
    (@one ($($generic:tt)*) $list:ty) => {
        impl<K, T: Param<K>, $($generic)*> Param<[K]> for $list {}
        impl<K, T: Param<K>, $($generic)*> Param<(bool, [K])> for $list {}
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

macro_rules! integers {
    ($($value:ty),*) => {
        takes!(i64: $($value),*);
        takes!(f64: $($value),*);
        takes!((bool, i64): $($value),*);
        $(impl<E> Param<(i64, E)> for $value {})*
    };
}
integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);
takes!(f64: f32, f64);
takes!(bool: bool);

impl<E> Param<(bool, E)> for bool {}
takes!(Duration: Duration, Forever);
