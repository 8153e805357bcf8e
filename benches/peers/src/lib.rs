//! The clients that the measurements compare with.
//!
//! | Module | Client |
//! |---|---|
//! | [`floor`] | one hyper http/1.1 connection, without anything around it |
//! | [`legacy`] | hyper-util's pooling client |
//! | [`plain`] | reqwest |
//! | [`elastic`] | the `elasticsearch` crate |
//! | [`open`] | the `opensearch` crate |
//!
//! Each has `run(operation, times)`; [`operation`] says what there is to do and
//! [`product`] what is written and read. [`bulk_loop`] writes many documents over
//! bare hyper.

#![allow(missing_docs, reason = "fields of documents speak for themselves")]

pub mod bulk_loop;
pub mod elastic;
pub mod floor;
pub mod legacy;
pub mod open;
pub mod operation;
pub mod plain;
pub mod product;

use http::HeaderValue;

// Headers of the clients that bring none of their own; as long as ours.
const JSON: HeaderValue =
    HeaderValue::from_static("application/vnd.elasticsearch+json;compatible-with=9");
const USER_AGENT: HeaderValue = HeaderValue::from_static("es-transport/0.1.0 (rust; linux)");
const CLIENT_META: HeaderValue = HeaderValue::from_static("es=0.1.0,rs=1.88,t=0.1.0,hy=1.12");
const AUTHORIZATION: HeaderValue = HeaderValue::from_static("Basic ZWxhc3RpYzpjaGFuZ2VtZQ==");
