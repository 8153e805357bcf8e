//! Search: from a request to the hits, aggregations and suggestions of its response.

pub(crate) mod aggs;
mod collapse;
mod execute;
mod fetch;
mod fields;
mod highlight;
mod inner_hits;
pub(crate) mod query;
mod request;
mod shard;
mod sort;
mod suggest;

pub(crate) use execute::{Results, Source, execute, matching};
pub(crate) use request::{Request, bad_time};
