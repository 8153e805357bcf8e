//! What callers pass: path parts and query values.
//!
//! A method of a builder says by its type what it takes:
//!
//! | type | takes |
//! | --- | --- |
//! | `impl Param<String>` | a text or an integer |
//! | `impl Param<[String]>` | the same, or an array, slice, vector or set of texts; [`list()`] makes one of any iterator |
//! | `impl Param<i64>` | any integer |
//! | `impl Param<f64>` | any number |
//! | an enum such as [`Operator`] | one of its values |
//! | `impl Param<[E]>` | one value of an enum, or several |
//! | `impl Param<(A, B)>` | what either of them takes, such as `true` or a [`Refresh`] |
//! | `bool`, [`Duration`](std::time::Duration) | just that |
//!
//! A value that an enum does not know yet goes through the builders' `param`.

#[macro_use]
mod enumeration;
mod enums;
mod into_param;
mod param;

pub use enums::*;
pub use into_param::{IntoParam, List, list};
pub use param::Param;
