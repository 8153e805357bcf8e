//! A selected node, held until its attempt has ended.

use std::{
    fmt,
    num::NonZeroU64,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    Node, NodeOutcome, NodePool,
    candidates::is_tried,
    health::Report,
    snapshot::{Entry, Stripe},
};
use crate::events::DeathCause;

/// Assumed ratio of the full latency of an outrun attempt to its elapsed time.
const OUTRUN: u32 = 6;

/// The reason why an attempt was dropped.
#[derive(Clone, Copy, Debug)]
enum Dropped {
    ByCaller,
    Outrun,
}

/// A node that the pool selected for one attempt.
///
/// [`finish`](Self::finish) reports the outcome of the attempt to the pool. If it is
/// dropped without a report, the health of the node is not affected, the attempt is no
/// longer in flight, and if it was a probe, another request may probe the node.
pub struct Selection {
    stripe: Arc<Stripe>,
    index: u32,
    is_open: bool,
    is_tracked: bool,
    probe: Option<NonZeroU64>,
    started_at: Instant,
    /// The members that the request may go to; `None`: all of them.
    eligible: Option<Box<[u32]>>,
    retry_after: Option<Duration>,
    drop_reason: Option<Dropped>,
}

impl Selection {
    pub(super) fn new(
        stripe: Arc<Stripe>,
        index: u32,
        is_tracked: bool,
        probe: Option<NonZeroU64>,
        started_at: Instant,
    ) -> Self {
        let selection = Self {
            stripe,
            index,
            is_open: true,
            is_tracked,
            probe,
            started_at,
            eligible: None,
            retry_after: None,
            drop_reason: None,
        };
        if is_tracked {
            let clock = selection.stripe.members.clock(started_at);
            selection.entry().record.load.start(clock);
        }
        selection
    }

    pub(super) fn with_eligible(mut self, eligible: &[u32]) -> Self {
        self.eligible = Some(eligible.into());
        self
    }

    /// Returns the node.
    pub fn node(&self) -> &Node {
        &self.entry().node
    }

    /// Returns the time at which the attempt started.
    pub fn started_at(&self) -> Instant {
        self.started_at
    }

    /// Whether this attempt probes a dead node.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::{Node, NodePool, node::{RequestContext, RoundRobin}};
    ///
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?, "http://b:9200".parse()?])?;
    /// let request = RequestContext::new(&http::Method::GET, "/");
    /// pool.mark_dead("http://a:9200", request.now(), Duration::from_secs(10))?;
    /// assert_eq!(pool.select(&RoundRobin::default(), &request)?.node().host(), "b");
    ///
    /// let later = request.at(request.now() + Duration::from_secs(11));
    /// let probe = pool.select(&RoundRobin::default(), &later)?;
    /// assert!(probe.is_probe() && probe.node().host() == "a");
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn is_probe(&self) -> bool {
        self.probe.is_some()
    }

    /// Whether the outcome of the attempt has not been reported yet.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Sets the `Retry-After` of the response. If the pool has a [failure
    /// penalty](super::NodePoolBuilder::failure_penalty), it is recorded as the latency
    /// of this attempt.
    pub fn set_retry_after(&mut self, time: impl Into<Option<Duration>>) {
        self.retry_after = time.into();
    }

    /// Whether the time that the node asks to be left alone matters.
    pub(crate) fn uses_retry_after(&self) -> bool {
        self.is_tracked && self.stripe.members.observing.failure_penalty.is_some()
    }

    /// Whether the time passed to [`finish`](Self::finish) matters with this outcome.
    pub(crate) fn needs_time(&self, outcome: NodeOutcome) -> bool {
        self.is_tracked || self.is_news(outcome) || self.stripe.members.observing.recent.is_some()
    }

    /// Reports that the node has started to respond, which ends a probe.
    pub fn responded(&mut self, now: Instant) {
        if self.is_probe() {
            self.report(NodeOutcome::Healthy, DeathCause::Unknown, now);
            self.probe = None;
        }
    }

    /// Reports that the attempt was dropped before it ended. This does not affect the
    /// health of the node, but the elapsed time is recorded as its latency if it is longer
    /// than the last one.
    pub fn dropped(&mut self, now: Instant) {
        self.drop_reason = Some(Dropped::ByCaller);
        self.finish(NodeOutcome::Unknown, now);
    }

    /// Reports that the attempt was dropped because another one of the same request was
    /// faster. This does not affect the health of the node, but six times the elapsed time
    /// is recorded as its latency, or if that is longer, twice its present one, at most its
    /// last one.
    ///
    /// The attempt would have taken longer than it did, by an unknown time. If only the elapsed
    /// time counted, a slow node whose attempts are always dropped would look nearly as
    /// fast as the others.
    pub fn outrun(&mut self, now: Instant) {
        self.drop_reason = Some(Dropped::Outrun);
        self.finish(NodeOutcome::Unknown, now);
    }

    /// Reports the outcome of the attempt. Only the first report counts.
    pub fn finish(&mut self, outcome: NodeOutcome, now: Instant) {
        self.finish_because(outcome, DeathCause::Unknown, now);
    }

    /// Reports the outcome of the attempt, and the cause of death if it marks the node
    /// as dead. Only the first report counts.
    pub fn finish_because(&mut self, outcome: NodeOutcome, cause: DeathCause, now: Instant) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        let (record, members) = (&self.entry().record, &self.stripe.members);
        if self.is_tracked {
            let clock = members.clock(now);
            match outcome {
                NodeOutcome::Healthy | NodeOutcome::Overloaded | NodeOutcome::ServerError => {
                    record.load.end_with_response(clock);
                }
                _ => record.load.end(),
            }
            if let Some(latency) = self.latency(outcome, now) {
                record.load.observe(latency, clock);
            }
        }
        if let Some(window) = members.observing.recent
            && outcome == NodeOutcome::Healthy
        {
            record.recent.succeeded(members.clock(now), window);
        }
        if self.is_news(outcome) {
            self.report(outcome, cause, now);
        }
    }

    /// Returns the latency that the attempt counts as.
    fn latency(&self, outcome: NodeOutcome, now: Instant) -> Option<Duration> {
        let elapsed = now.saturating_duration_since(self.started_at);
        let penalty = self.stripe.members.observing.failure_penalty;
        let load = &self.entry().record.load;
        let last = || load.last_latency().unwrap_or_default();
        // A node that was slow some seconds ago is not shown to be faster now.
        let not_faster = || {
            let faded = load.latency(self.stripe.members.clock(now));
            last().min(faded.unwrap_or_default() * 2)
        };
        match outcome {
            NodeOutcome::Healthy => Some(elapsed),
            NodeOutcome::Unknown => match self.drop_reason? {
                Dropped::ByCaller => Some(elapsed).filter(|elapsed| *elapsed > last()),
                Dropped::Outrun => Some(elapsed.saturating_mul(OUTRUN).max(not_faster())),
            },
            NodeOutcome::Suspect if penalty.is_none() => Some(elapsed),
            _ => penalty.map(|penalty| elapsed.max(self.retry_after.unwrap_or(penalty))),
        }
    }

    fn is_news(&self, outcome: NodeOutcome) -> bool {
        let is_counted = self.stripe.members.observing.recent.is_some();
        matches!(outcome, NodeOutcome::Failed | NodeOutcome::Suspect)
            || (is_counted && outcome == NodeOutcome::ServerError)
            || self.probe.is_some()
            || self.entry().record.is_unsettled.load(Ordering::Relaxed)
    }

    fn report(&self, outcome: NodeOutcome, cause: DeathCause, now: Instant) {
        let Some(pool) = self.stripe.pool.upgrade() else {
            return;
        };
        let has_responded = match outcome {
            NodeOutcome::Healthy | NodeOutcome::Overloaded | NodeOutcome::ServerError => true,
            _ => matches!(cause, DeathCause::Status(_)),
        };
        let report = Report {
            outcome,
            has_responded,
            started_at: self.started_at,
            probe: self.probe.map(NonZeroU64::get),
            now,
        };
        pool.report(self.entry(), report, cause);
    }

    /// Whether the pool has another live node that is eligible for the request and is
    /// not among these URLs.
    pub fn has_untried_node(&self, tried: &[Arc<str>]) -> bool {
        let own = self.node();
        let members = &self.stripe.members;
        let is_eligible = |node: &Node| {
            self.eligible.as_ref().is_none_or(|eligible| {
                let mut eligible = eligible.iter().filter_map(|index| members.get(*index));
                eligible.any(|entry| entry.node == *node)
            })
        };
        self.stripe.pool.upgrade().is_some_and(|pool| {
            pool.has_live(|node| node != own && !is_tried(node, tried) && is_eligible(node))
        })
    }

    fn entry(&self) -> &Entry {
        #[expect(
            clippy::indexing_slicing,
            reason = "it is the index of one of these members"
        )]
        &self.stripe.members.entries[self.index as usize]
    }
}

impl Drop for Selection {
    fn drop(&mut self) {
        self.finish(NodeOutcome::Unknown, self.started_at);
    }
}

impl fmt::Debug for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selection")
            .field("node", self.node())
            .field("probe", &self.is_probe())
            .field("open", &self.is_open)
            .finish_non_exhaustive()
    }
}

impl NodePool {
    /// Whether there is a node with this ID, dead or alive.
    pub(crate) fn has_id(&self, id: &str) -> bool {
        self.snapshot().members.index_of_id(id).is_some()
    }

    /// Returns when the probe of a dead node was due, if it is.
    pub(crate) fn due_probe(&self, now: Instant) -> Option<Instant> {
        self.snapshot().next_probe_at.filter(|at| *at <= now)
    }

    /// Whether there is a live node for which this is true.
    pub(crate) fn has_live(&self, mut wanted: impl FnMut(&Node) -> bool) -> bool {
        let snapshot = self.snapshot();
        let candidates = snapshot.candidates(snapshot.members.created_at);
        candidates.iter().any(|candidate| wanted(candidate.node()))
    }
}
