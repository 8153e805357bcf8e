//! The part of a pool that requests read: never locked, replaced as a whole.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    Candidates, Node, NodePool,
    ejection::slow_start_share,
    hash::stable_hash,
    load::Load,
    recent::Recent,
    stripe::{self, STRIPES},
};

/// A node in the pool. A sniffed change of its facts makes a new entry that
/// shares the record.
#[derive(Debug)]
pub(super) struct Entry {
    pub node: Node,
    /// The same in every process, for rendezvous hashing.
    pub hash: u64,
    /// The hash of the node's ID.
    pub id_hash: Option<u64>,
    pub record: Arc<Record>,
}

/// The state of a node beyond its description; its address in memory is
/// the node's identity in the pool.
#[derive(Debug)]
pub(super) struct Record {
    pub load: Load,
    /// Written only where ejection is on.
    pub recent: Recent,
    /// Written only where slow start is on.
    pub slow_start: SlowStart,
    /// Whether a response of this node changes its health. Read after every
    /// request, written when the health changes.
    pub is_unsettled: AtomicBool,
}

impl Default for Record {
    fn default() -> Self {
        // The first response proves the node.
        Self {
            load: Load::default(),
            recent: Recent::default(),
            slow_start: SlowStart::default(),
            is_unsettled: AtomicBool::new(true),
        }
    }
}

impl Record {
    /// Creates the record of a node that joins a pool.
    pub fn joining() -> Self {
        let record = Self::default();
        record.slow_start.begin_with_first_request();
        record
    }
}

/// When a node's slow start began, in milliseconds by the pool's clock and 1 more;
/// 0: it has none.
#[derive(Debug, Default)]
pub(super) struct SlowStart(AtomicU64);

impl SlowStart {
    const WITH_FIRST_REQUEST: u64 = u64::MAX;

    /// Begins it when a request chooses the node.
    fn begin_with_first_request(&self) {
        self.0.store(Self::WITH_FIRST_REQUEST, Ordering::Relaxed);
    }

    pub fn begin(&self, clock: Duration) {
        self.0.store(stamp(clock), Ordering::Relaxed);
    }

    /// Returns the share of its requests that the node gets at `clock`, and ends
    /// the slow start when its time is over.
    pub fn share(&self, clock: Duration, whole: Duration) -> f64 {
        let began = self.0.load(Ordering::Relaxed);
        if began == 0 {
            return 1.0;
        }
        if began == Self::WITH_FIRST_REQUEST {
            self.begin(clock);
            return slow_start_share(Duration::ZERO, whole);
        }
        let elapsed = Duration::from_millis(stamp(clock).saturating_sub(began));
        let share = slow_start_share(elapsed, whole);
        if share >= 1.0 {
            self.0.store(0, Ordering::Relaxed);
        }
        share
    }

    /// Whether the node has its full share at `clock`.
    pub fn is_over(&self, clock: Duration, whole: Duration) -> bool {
        let began = self.0.load(Ordering::Relaxed);
        let whole = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
        began == 0
            || (began != Self::WITH_FIRST_REQUEST && stamp(clock).saturating_sub(began) >= whole)
    }
}

fn stamp(clock: Duration) -> u64 {
    u64::try_from(clock.as_millis())
        .unwrap_or(u64::MAX)
        .saturating_add(1)
}

/// How the attempts of a pool's nodes are observed, beside their health.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Observing {
    /// The window of ejection, if it is on.
    pub recent: Option<Duration>,
    /// The latency that a failed attempt counts as, if it counts.
    pub failure_penalty: Option<Duration>,
}

impl Entry {
    pub fn new(node: Node, record: Arc<Record>) -> Self {
        let hash = stable_hash(node.url());
        let id_hash = node.facts().id.as_deref().map(stable_hash);
        Self {
            node,
            hash,
            id_hash,
            record,
        }
    }
}

/// The nodes of the pool, dead and alive.
#[derive(Debug)]
pub(super) struct Members {
    pub entries: Box<[Arc<Entry>]>,
    /// The indexes of the entries whose nodes have an id, in the order of the ids.
    by_id: Box<[u32]>,
    /// The zero of the clock in [`Load`] and [`Recent`].
    pub created_at: Instant,
    pub observing: Observing,
}

impl Members {
    pub fn new(entries: Box<[Arc<Entry>]>, created_at: Instant, observing: Observing) -> Self {
        let ids = entries.iter().zip(0_u32..).filter_map(|(entry, index)| {
            let id = entry.node.facts().id.as_deref()?;
            Some((id, index))
        });
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        let by_id = ids.into_iter().map(|(_, index)| index).collect();
        Self {
            entries,
            by_id,
            created_at,
            observing,
        }
    }

    /// Returns the time since the pool was built.
    pub fn clock(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.created_at)
    }

    /// Returns the index of the node with this id.
    pub fn index_of_id(&self, id: &str) -> Option<u32> {
        let id_of = |index: &u32| {
            self.get(*index)
                .and_then(|entry| entry.node.facts().id.as_deref())
        };
        let place = self
            .by_id
            .binary_search_by(|index| id_of(index).cmp(&Some(id)))
            .ok()?;
        self.by_id.get(place).copied()
    }

    pub fn get(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize).map(|entry| &**entry)
    }

    /// Returns all indexes.
    pub fn indexes(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }
}

/// The part of the pool that a request holds. Its reference count is written
/// by every request, so there are several, on cache lines of their own.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Stripe {
    pub members: Arc<Members>,
    pub pool: Weak<NodePool>,
}

pub(super) type Stripes = [Arc<Stripe>; STRIPES];

pub(super) fn stripes(members: &Arc<Members>, pool: &Weak<NodePool>) -> Arc<Stripes> {
    let stripe = |_| {
        Arc::new(Stripe {
            members: Arc::clone(members),
            pool: Weak::clone(pool),
        })
    };
    Arc::new(std::array::from_fn(stripe))
}

#[derive(Debug)]
pub(super) struct Snapshot {
    pub stripes: Arc<Stripes>,
    pub members: Arc<Members>,
    /// Indexes of the live nodes among the members, ascending.
    pub live: Box<[u32]>,
    /// When the first of the dead nodes may be probed.
    pub next_probe_at: Option<Instant>,
    version: u64,
}

/// Returns a number that no other snapshot or subset of the process has.
pub(super) fn new_version() -> u64 {
    static VERSION: AtomicU64 = AtomicU64::new(1);
    VERSION.fetch_add(1, Ordering::Relaxed)
}

impl Snapshot {
    pub fn new(
        stripes: Arc<Stripes>,
        members: Arc<Members>,
        live: Box<[u32]>,
        next_probe_at: Option<Instant>,
    ) -> Self {
        Self {
            stripes,
            members,
            live,
            next_probe_at,
            version: new_version(),
        }
    }

    /// Whether a request has more to do than to choose among the live nodes.
    pub fn needs_care(&self, now: Instant) -> bool {
        self.live.is_empty() || self.next_probe_at.is_some_and(|at| at <= now)
    }

    pub fn candidates(&self, now: Instant) -> Candidates<'_> {
        Candidates::new(&self.members, &self.live, now, self.version)
    }

    /// Returns the stripe of the calling thread.
    pub fn stripe(&self) -> Arc<Stripe> {
        #[expect(
            clippy::indexing_slicing,
            reason = "the number of a stripe is below STRIPES"
        )]
        Arc::clone(&self.stripes[stripe::of_this_thread()])
    }
}
