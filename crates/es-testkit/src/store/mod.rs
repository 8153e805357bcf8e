//! The documents of the cluster: one store, shared by all nodes, visible at once.

mod date;
mod document;
mod index;
mod mapping;
mod paths;
mod resolve;
mod shards;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use date::{epoch_millis, iso_date};
pub(crate) use document::{Document, Expected};
pub(crate) use index::Index;
pub(crate) use mapping::{FieldKind, Mapping};
pub(crate) use paths::values_at;
pub(crate) use resolve::{Options as ResolveOptions, matches_wildcard};
pub(crate) use shards::{holders, routing_shards};

/// A document together with the index that holds it.
pub(crate) type Found = (Arc<str>, Arc<Document>);

/// A frozen search: what a scroll or a point in time reads from.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) indices: BTreeMap<String, Index>,
}

/// A scroll: the hits still to be handed out and the request's page size.
#[derive(Clone, Debug)]
pub(crate) struct Scroll {
    pub(crate) hits: Vec<Value>,
    pub(crate) next: usize,
    pub(crate) size: usize,
    pub(crate) total: usize,
    pub(crate) max_score: Value,
}

/// Everything the cluster keeps.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) indices: BTreeMap<String, Index>,
    pub(crate) scrolls: BTreeMap<String, Scroll>,
    pub(crate) points_in_time: BTreeMap<String, Snapshot>,
    counter: u64,
}

impl Store {
    /// A number that was not handed out before.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// An id of 20 characters, as the server makes for documents without one.
    pub(crate) fn next_id(&mut self) -> String {
        let number = self.next_number();
        // Mixed, so that ids neither sort nor look like a counter that callers could lean on.
        let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        format!("{mixed:016x}{:04x}", number & 0xffff)
    }
}
