//! Shared parts of the measurements.
//!
//! | Module | Contents |
//! |---|---|
//! | [`operation`], [`product`] | the requests to measure and the documents in them |
//! | [`server`], [`responses`], [`process`] | a local server with fixed responses, in a process or a thread |
//! | [`clients`] | the clients behind one trait: [`ours`], and [`floor`] and [`hyper_util`] as baselines |
//! | [`programs`] | command lines that measure any set of clients, with [`callgrind`] |
//! | [`fixtures`] | a backend and a node pool for benches of a stack of your own |
//! | [`faulty`] | nodes that are stopped, frozen, cut off and overloaded |
//! | [`genuine`] | calls of a genuine cluster whose nodes have faults |
//! | [`selecting`], [`gzipping`], [`bulk_loop`] | node selection, compression and bulk requests by themselves |

pub mod bulk_loop;
pub mod callgrind;
pub mod clients;
pub mod faulty;
pub mod fixtures;
pub mod floor;
pub mod genuine;
pub mod gzipping;
pub mod hyper_util;
pub mod operation;
pub mod ours;
pub mod process;
pub mod product;
pub mod programs;
pub mod responses;
pub mod selecting;
pub mod server;

use http::HeaderValue;

/// Media type of clients that set none themselves; as long as ours.
pub const JSON: HeaderValue =
    HeaderValue::from_static("application/vnd.elasticsearch+json;compatible-with=9");
/// `User-Agent` of clients that set none themselves.
pub const USER_AGENT: HeaderValue = HeaderValue::from_static("es-transport/0.1.0 (rust; linux)");
/// `X-Elastic-Client-Meta` of clients that set none themselves.
pub const CLIENT_META: HeaderValue = HeaderValue::from_static("es=0.1.0,rs=1.88,t=0.1.0,hy=1.12");
/// Credentials of clients that set none themselves.
pub const AUTHORIZATION: HeaderValue = HeaderValue::from_static("Basic ZWxhc3RpYzpjaGFuZ2VtZQ==");
