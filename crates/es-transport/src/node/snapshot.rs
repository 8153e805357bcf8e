//! What a request reads of the pool: never locked, replaced as a whole.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::time::Instant;

use super::{
    Candidates, Node, NodePool,
    load::Load,
    random::stable_hash,
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
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) load: Load,
    /// Whether an answer of this node is news for the pool. Read after every
    /// request, written when the node's health changes.
    pub(super) is_suspect: AtomicBool,
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
    /// The zero of the clock in [`Load`].
    pub(super) born: Instant,
}

/// What a request keeps of the pool. Its reference count is written by every
/// request, so there are several, on cache lines of their own.
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
    /// Indexes of the live nodes among the members.
    pub(super) live: Box<[u32]>,
    /// When the first of the dead nodes may be probed.
    pub(super) next_probe_at: Option<Instant>,
    /// Differs between all snapshots of the process.
    version: u64,
}

impl Snapshot {
    pub(super) fn new(
        stripes: Arc<Stripes>,
        members: Arc<Members>,
        live: Box<[u32]>,
        next_probe_at: Option<Instant>,
    ) -> Self {
        static VERSION: AtomicU64 = AtomicU64::new(1);
        let version = VERSION.fetch_add(1, Ordering::Relaxed);
        Self { stripes, members, live, next_probe_at, version }
    }

    /// Whether a request has more to do than to choose among the live nodes.
    pub(super) fn needs_care(&self, now: Instant) -> bool {
        self.live.is_empty() || self.next_probe_at.is_some_and(|at| at <= now)
    }

    pub(super) fn candidates(&self, now: Instant) -> Candidates<'_> {
        Candidates::new(&self.members, &self.live, now, self.version)
    }

    /// The stripe of the thread that asks.
    pub(super) fn stripe(&self) -> Arc<Stripe> {
        #[expect(clippy::indexing_slicing, reason = "the number of a stripe is below STRIPES")]
        Arc::clone(&self.stripes[stripe::of_this_thread()])
    }
}
