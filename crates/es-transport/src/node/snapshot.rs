//! The part of a pool that requests read: never locked, replaced as a whole.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::time::Instant;

use super::{
    Candidates, Node, NodePool,
    hash::stable_hash,
    load::Load,
    stripe::{self, STRIPES},
};

/// A node in the pool. A sniffed change of its facts makes a new entry that
/// shares the record.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) node: Node,
    /// The same in every process, for rendezvous hashing.
    pub(super) hash: u64,
    pub(super) record: Arc<Record>,
}

/// What is known of a node beyond its description; its address in memory is
/// the node's identity in the pool.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) load: Load,
    /// Whether a response of this node changes its health. Read after every
    /// request, written when the health changes.
    pub(super) is_unsettled: AtomicBool,
}

impl Default for Record {
    fn default() -> Self {
        // The first response proves the node.
        Self { load: Load::default(), is_unsettled: AtomicBool::new(true) }
    }
}

impl Entry {
    pub(super) fn new(node: Node, record: Arc<Record>) -> Self {
        let hash = stable_hash(node.url());
        Self { node, hash, record }
    }
}

/// The nodes of the pool, dead and alive.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) entries: Box<[Arc<Entry>]>,
    /// The indexes of the entries whose nodes have an id, in the order of the ids.
    by_id: Box<[u32]>,
    /// The zero of the clock in [`Load`].
    pub(super) created_at: Instant,
}

impl Members {
    pub(super) fn new(entries: Box<[Arc<Entry>]>, created_at: Instant) -> Self {
        let ids = entries.iter().zip(0_u32..).filter_map(|(entry, index)| {
            let id = entry.node.facts().id.as_deref()?;
            Some((id, index))
        });
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        let by_id = ids.into_iter().map(|(_, index)| index).collect();
        Self { entries, by_id, created_at }
    }

    /// Returns the index of the node with this id.
    pub(super) fn index_of_id(&self, id: &str) -> Option<u32> {
        let id_of =
            |index: &u32| self.get(*index).and_then(|entry| entry.node.facts().id.as_deref());
        let place = self.by_id.binary_search_by(|index| id_of(index).cmp(&Some(id))).ok()?;
        self.by_id.get(place).copied()
    }

    pub(super) fn get(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize).map(|entry| &**entry)
    }

    /// Returns all indexes.
    pub(super) fn indexes(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }
}

/// The part of the pool that a request holds. Its reference count is written
/// by every request, so there are several, on cache lines of their own.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Stripe {
    pub(super) members: Arc<Members>,
    pub(super) pool: Weak<NodePool>,
}

pub(super) type Stripes = [Arc<Stripe>; STRIPES];

pub(super) fn stripes(members: &Arc<Members>, pool: &Weak<NodePool>) -> Arc<Stripes> {
    let stripe = |_| Arc::new(Stripe { members: Arc::clone(members), pool: Weak::clone(pool) });
    Arc::new(std::array::from_fn(stripe))
}

#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) stripes: Arc<Stripes>,
    pub(super) members: Arc<Members>,
    /// Indexes of the live nodes among the members, ascending.
    pub(super) live: Box<[u32]>,
    /// When the first of the dead nodes may be probed.
    pub(super) next_probe_at: Option<Instant>,
    version: u64,
}

/// Returns a number that no other snapshot or subset of the process has.
pub(super) fn new_version() -> u64 {
    static VERSION: AtomicU64 = AtomicU64::new(1);
    VERSION.fetch_add(1, Ordering::Relaxed)
}

impl Snapshot {
    pub(super) fn new(
        stripes: Arc<Stripes>,
        members: Arc<Members>,
        live: Box<[u32]>,
        next_probe_at: Option<Instant>,
    ) -> Self {
        Self { stripes, members, live, next_probe_at, version: new_version() }
    }

    /// Whether a request has more to do than to choose among the live nodes.
    pub(super) fn needs_care(&self, now: Instant) -> bool {
        self.live.is_empty() || self.next_probe_at.is_some_and(|at| at <= now)
    }

    pub(super) fn candidates(&self, now: Instant) -> Candidates<'_> {
        Candidates::new(&self.members, &self.live, now, self.version)
    }

    /// Returns the stripe of the calling thread.
    pub(super) fn stripe(&self) -> Arc<Stripe> {
        #[expect(clippy::indexing_slicing, reason = "the number of a stripe is below STRIPES")]
        Arc::clone(&self.stripes[stripe::of_this_thread()])
    }
}
