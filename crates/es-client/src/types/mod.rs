//! Typed answers. They tolerate properties that are unknown or missing, as
//! servers of other versions send them.

mod document;
mod index;
mod info;
mod search;

pub use document::{GetResponse, WriteResponse};
pub use index::{Acknowledged, CreateIndexResponse, IndexState, IndexStates, ShardsResponse};
pub use info::{Info, Version};
pub use search::{Hit, Hits, SearchResponse, Shards, Total};
