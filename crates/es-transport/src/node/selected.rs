//! A chosen node, held until its attempt has ended.

use std::{
    fmt,
    num::NonZeroU64,
    sync::{Arc, atomic::Ordering},
};

use tokio::time::Instant;

use super::{
    Node, NodePool, Verdict,
    candidates::is_tried,
    health::Report,
    snapshot::{Entry, Stripe},
};

/// A node that the pool chose for one attempt.
///
/// [`finish`](Self::finish) tells the pool how the attempt ended. Dropped
/// without it, it says nothing about the node: a probe is given up, so that
/// another request may probe, and the attempt is no longer in flight.
pub struct Selected {
    stripe: Arc<Stripe>,
    index: u32,
    is_open: bool,
    is_tracked: bool,
    probe: Option<NonZeroU64>,
    started: Instant,
}

impl Selected {
    pub(super) fn new(
        stripe: Arc<Stripe>,
        index: u32,
        is_tracked: bool,
        probe: Option<NonZeroU64>,
        started: Instant,
    ) -> Self {
        let selected = Self { stripe, index, is_open: true, is_tracked, probe, started };
        if is_tracked {
            selected.entry().record.load.start();
        }
        selected
    }

    /// The node.
    pub fn node(&self) -> &Node {
        &self.entry().node
    }

    /// When the attempt began.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Whether this attempt finds out if a dead node is back.
    pub fn is_probe(&self) -> bool {
        self.probe.is_some()
    }

    /// Whether the end of the attempt was not told yet.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether the time counts in [`finish`](Self::finish) with this verdict.
    pub(crate) fn needs_time(&self, verdict: Verdict) -> bool {
        self.is_tracked || self.is_news(verdict)
    }

    /// Tells the pool that the node has begun to answer, which ends a probe.
    pub fn answered(&mut self, now: Instant) {
        if self.is_probe() {
            self.report(Verdict::Alive, now);
            self.probe = None;
        }
    }

    /// Tells the pool how the attempt ended; only the first time counts.
    pub fn finish(&mut self, verdict: Verdict, now: Instant) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        let record = &self.entry().record;
        if self.is_tracked {
            record.load.end();
            if matches!(verdict, Verdict::Alive | Verdict::Doubtful) {
                let clock = now.saturating_duration_since(self.stripe.members.born);
                record.load.observe(now.saturating_duration_since(self.started), clock);
            }
        }
        if self.is_news(verdict) {
            self.report(verdict, now);
        }
    }

    fn is_news(&self, verdict: Verdict) -> bool {
        matches!(verdict, Verdict::Failed | Verdict::Doubtful)
            || self.probe.is_some()
            || self.entry().record.is_suspect.load(Ordering::Relaxed)
    }

    fn report(&self, verdict: Verdict, now: Instant) {
        if let Some(pool) = self.stripe.pool.upgrade() {
            let probe = self.probe.map(NonZeroU64::get);
            let report = Report { verdict, started: self.started, probe, now };
            pool.report(&self.entry().record, report);
        }
    }

    /// Whether the pool has another live node that is not among these URLs.
    pub fn has_untried(&self, tried: &[Arc<str>]) -> bool {
        let own = self.node();
        self.stripe
            .pool
            .upgrade()
            .is_some_and(|pool| pool.has_live(|node| node != own && !is_tried(node, tried)))
    }

    fn entry(&self) -> &Entry {
        #[expect(clippy::indexing_slicing, reason = "it is the index of one of these members")]
        &self.stripe.members.entries[self.index as usize]
    }
}

impl Drop for Selected {
    fn drop(&mut self) {
        self.finish(Verdict::Unknown, self.started);
    }
}

impl fmt::Debug for Selected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selected")
            .field("node", self.node())
            .field("probe", &self.is_probe())
            .field("open", &self.is_open)
            .finish_non_exhaustive()
    }
}

impl NodePool {
    fn has_live(&self, mut wanted: impl FnMut(&Node) -> bool) -> bool {
        let snapshot = self.snapshot();
        let candidates = snapshot.candidates(snapshot.members.born);
        candidates.iter().any(|candidate| wanted(candidate.node()))
    }
}
