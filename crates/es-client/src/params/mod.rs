//! Values of path parts, query parameters and properties of bodies.
//!
//! The type of a setter's argument determines the values that it accepts:
//!
//! | argument | values |
//! | --- | --- |
//! | `impl Param<String>` | a text, an integer, a [`Uuid`](#types-of-other-crates) |
//! | `impl Param<[String]>` | the same, or a list of them |
//! | `impl Param<i64>` | an integer of any width |
//! | `impl Param<f64>` | a number |
//! | `impl Param<bool>` | `true` or `false` |
//! | `impl Param<Duration>` | a [`Duration`](std::time::Duration), or [`Forever`] |
//! | `impl Param<E>` with an enum such as [`Operator`] | one of its values |
//! | `impl Param<[E]>` | one value of an enum, or a list of them |
//! | `impl Param<(A, B)>` | a value of either kind, such as `true` or a [`Refresh`] |
//! | `impl Param<Query>` and other types of [`dsl`](crate::dsl) | what its constructors build, or [`json!`](serde_json::json) |
//! | `impl Serialize` | any object or list that serializes |
//!
//! Each of them also accepts
//!
//! - an `Option` of these values: `None` does not change the parameter. (A bare `None`
//!   needs a type: `None::<u32>`.)
//! - a reference, `Arc`, `Rc` or `Box` of them.
//! - [`raw`], which is not checked.
//!
//! Lists are arrays, slices, vectors and sets; [`list()`] creates one from any iterator.
//!
//! ```
//! use std::sync::Arc;
//! use es_client::params::{Operator, Refresh};
//! use serde_json::{Value, json};
//!
//! # fn calls(client: es_client::Elasticsearch) {
//! let page_size: Option<u32> = None;
//! let call = client.search::<Value>("products").size(page_size).default_operator(Operator::And);
//! let id: Arc<str> = "1".into();
//! let call = client.index("products").id(&id).document(json!({})).refresh(Refresh::WaitFor);
//! # }
//! ```
//!
//! # Types of other crates
//! With the feature `uuid`, ids can be [`Uuid`](https://docs.rs/uuid)s. Convert other
//! types to text: `id(key.to_string())`.

#[macro_use]
mod enumeration;
mod enums;
mod param;
mod value;

pub use enums::*;
pub use param::Param;
pub use value::{Forever, List, ParamValue, Raw, ToParam, list, raw};
