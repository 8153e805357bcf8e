//! The documents of the cluster: one store, shared by all nodes, visible at once.

mod document;
mod index;
mod mapping;
mod resolve;
mod shards;
mod stream;

use serde_json::Value;
use std::collections::BTreeMap;
use tokio::time::Instant;

use crate::ingest::Pipelines;
use crate::json::Json;

pub(crate) use document::{Document, Expected, NewSource, repeated};
pub(crate) use index::Index;
pub(crate) use mapping::{
    Entry, Field, Kind, Mapping, Number, Point, Similarity, java_number, read_place, scalar,
    shortest,
};
pub(crate) use resolve::{Options as ResolveOptions, Restriction, matches_wildcard};
pub(crate) use shards::{holders, routing_shards};
pub(crate) use stream::DataStream;

/// A frozen search: what a scroll or a point in time reads from.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub indices: Vec<(Index, Restriction)>,
    pub until: Instant,
}

/// A scroll: the hits still to be returned and the request's page size.
#[derive(Clone, Debug)]
pub(crate) struct Scroll {
    /// The identifiers of its indices.
    pub indices: Vec<String>,
    pub hits: Vec<Json>,
    pub next: usize,
    pub size: usize,
    pub total: Value,
    pub max_score: Value,
    pub until: Instant,
}

/// The indices of a scroll or point in time that were not deleted meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remaining {
    All,
    Some,
    None,
}

/// Everything the cluster keeps.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub indices: BTreeMap<String, Index>,
    pub streams: BTreeMap<String, DataStream>,
    pub scrolls: BTreeMap<String, Scroll>,
    pub points_in_time: BTreeMap<String, Snapshot>,
    /// The outcomes of calls that nobody waited for.
    pub tasks: BTreeMap<String, Value>,
    pub templates: BTreeMap<String, Value>,
    pub components: BTreeMap<String, Value>,
    pub pipelines: Pipelines,
    /// Whether searches see writes only after a refresh.
    pub refresh_needed: bool,
    /// Whether new indices show vectors in `_source`, as they do before 9.2.
    pub shows_vectors: bool,
    pub counter: u64,
}

impl Store {
    /// Forgets scrolls and points in time that were not used in time.
    pub fn expire(&mut self) {
        let now = Instant::now();
        self.scrolls.retain(|_, scroll| scroll.until > now);
        self.points_in_time
            .retain(|_, snapshot| snapshot.until > now);
    }

    /// Returns which of some indices are still there, by their identifiers.
    pub fn remaining<'i>(&self, uuids: impl Iterator<Item = &'i String>) -> Remaining {
        let is_there = |uuid: &String| self.indices.values().any(|index| index.uuid == *uuid);
        let (there, gone): (Vec<_>, Vec<_>) = uuids.partition(|uuid| is_there(uuid));
        match (there.is_empty(), gone.is_empty()) {
            (_, true) => Remaining::All,
            (true, false) => Remaining::None,
            (false, false) => Remaining::Some,
        }
    }

    /// Returns the name that stands for an index in privileges: its data stream, or its own.
    pub fn owner<'s>(&'s self, index: &'s str) -> &'s str {
        let found = self.indices.get(index);
        found
            .and_then(|index| index.data_stream.as_deref())
            .unwrap_or(index)
    }

    /// Returns the data stream that an index belongs to.
    pub fn stream_of(&self, index: &str) -> Option<&DataStream> {
        self.streams
            .get(self.indices.get(index)?.data_stream.as_deref()?)
    }

    /// Returns a number that no other call has got.
    pub fn next_number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// An id of 20 characters, as the server makes for documents without one.
    pub fn next_id(&mut self) -> String {
        let number = self.next_number();
        // Mixed, so that ids neither sort nor look like a counter that callers could lean on.
        let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        format!("{mixed:016x}{:04x}", number & 0xffff)
    }
}
