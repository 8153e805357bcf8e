//! The pool of nodes: their health, and the selection of a node.

mod builder;
mod choice;
mod membership;
mod operation;
mod status;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use tokio::time::Instant;

use super::{
    Ejection, Node, NodeOutcome,
    ejection::Fleet,
    health::{Change, Health, Report},
    recent::Counts,
    snapshot::{Entry, Members, Observing, Record, Snapshot, Stripes},
};
use crate::{
    backoff::Backoff,
    error::Result,
    events::{DeathCause, Event, Events},
    rng::Rng,
};

pub(crate) use builder::DEAD_TIME;
pub use builder::NodePoolBuilder;
pub use status::{NodeState, NodeStatus};

/// The nodes of a cluster and their health.
///
/// A node is marked as dead if it cannot be reached, if a connection to it breaks, if
/// it returns 502, 503 or 504, or after three timeouts in a row
/// ([`NodeOutcome`](super::NodeOutcome) has the complete list). It is not used for a
/// dead time that doubles with every failure in a row ([`Backoff`]). Then one request
/// probes it, while other requests still avoid it. If all nodes are dead, the one whose
/// dead time ends first is used: a request fails without an attempt only if its
/// selector finds no eligible node.
///
/// Selecting a node reads a snapshot without a lock, at a cost that does not depend on
/// the number of nodes. The pool reads the clock only when it is built; afterwards,
/// time is passed in.
///
/// ```
/// use es_transport::{Node, NodePool, node::{NodeOutcome, RequestContext, RoundRobin}};
///
/// let pool = NodePool::new(["http://a:9200".parse::<Node>()?, "http://b:9200".parse()?])?;
/// let selector = RoundRobin::starting_at(0);
/// let request = RequestContext::new(&http::Method::GET, "/");
///
/// let mut selection = pool.select(&selector, &request)?;
/// assert_eq!(selection.node().host(), "a");
/// selection.finish(NodeOutcome::Failed, request.now());
/// assert_eq!(pool.live(), 1);
/// assert_eq!(pool.select(&selector, &request)?.node().host(), "b");
/// # Ok::<(), es_transport::Error>(())
/// ```
///
/// # Operating a pool
/// Several transports can share a pool
/// ([`node_pool`](crate::TransportBuilder::node_pool)), and it can be changed while
/// they use it, for example by a service registry or a stream of endpoint changes. A
/// removed node is used again only if it is added again or found by sniffing.
///
/// ```
/// use es_transport::{Node, NodePool};
///
/// let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
/// pool.add("http://b:9200".parse()?)?;
/// pool.remove("http://a:9200")?;
/// let urls: Vec<_> = pool.nodes().iter().map(|status| status.node().to_string()).collect();
/// assert_eq!(urls, ["http://b:9200"]);
/// # Ok::<(), es_transport::Error>(())
/// ```
pub struct NodePool {
    current: ArcSwap<Snapshot>,
    state: Mutex<State>,
    settings: Settings,
    events: Events,
    /// Whether a selector of the pool tracks the load.
    is_load_tracked: AtomicBool,
    leave_hooks: Mutex<Vec<Weak<LeaveHook>>>,
    weak: Weak<Self>,
}

struct Settings {
    dead_time: Backoff,
    timeouts_until_dead: u32,
    keep_seeds: bool,
    ejection: Option<Ejection>,
    slow_start: Option<Duration>,
    failure_penalty: Option<Duration>,
}

impl Settings {
    fn observing(&self) -> Observing {
        Observing {
            recent: self.ejection.as_ref().map(Ejection::observed_window),
            failure_penalty: self.failure_penalty,
        }
    }
}

/// Called with nodes that left the pool, to close the connections to them.
pub(crate) type LeaveHook = dyn Fn(&[Node]) + Send + Sync;

/// The part that is written under the lock; every change publishes a new snapshot.
struct State {
    pub members: Arc<Members>,
    pub stripes: Arc<Stripes>,
    /// One for each member.
    pub health: Vec<Health>,
    pub seeds: Vec<Seed>,
    /// Whether a sniffed node has failed and none has responded.
    pub is_sniff_doubtful: bool,
    rng: Rng,
    last_probe: u64,
}

/// A node that was given, not sniffed.
struct Seed {
    pub node: Node,
    /// Whether it had responded when it left the members.
    pub is_proven: bool,
}

impl Seed {
    fn new(node: Node) -> Self {
        Self {
            node,
            is_proven: false,
        }
    }
}

impl NodePool {
    /// Creates a pool of these nodes with the default settings.
    ///
    /// # Errors
    /// Returns an error if there is no node, or if there are two nodes with the same URL.
    pub fn new(nodes: impl IntoIterator<Item = Node>) -> Result<Arc<Self>> {
        Self::builder(nodes).build()
    }

    /// Returns a builder of a pool with these nodes.
    pub fn builder(nodes: impl IntoIterator<Item = Node>) -> NodePoolBuilder {
        NodePoolBuilder::new(nodes.into_iter().collect())
    }

    pub(super) fn report(&self, entry: &Entry, report: Report, cause: DeathCause) {
        let mut state = self.lock();
        let record = &entry.record;
        // A node that left the pool has no health any more.
        let entries = &state.members.entries;
        let index = entries.iter().position(|e| Arc::ptr_eq(&e.record, record));
        let Some(index) = index else { return };
        let State { health, rng, .. } = &mut *state;
        let Some(health) = health.get_mut(index) else {
            return;
        };

        let Settings {
            dead_time,
            timeouts_until_dead,
            ejection,
            ..
        } = &self.settings;
        let dead_time = |failures| dead_time.wait(failures, rng);
        let mut change = health.report(report, *timeouts_until_dead, ejection.as_ref(), dead_time);
        let mut cause = cause;
        if let (Some(rules), Change::None) = (ejection, change)
            && let Some(ejected) = state.eject(index, report, rules)
        {
            (change, cause) = (Change::Died, ejected);
        }
        let Some(health) = state.health.get(index) else {
            return;
        };
        record
            .is_unsettled
            .store(!health.is_settled(), Ordering::Relaxed);
        if change == Change::Revived {
            self.returned(&state.members, record, report.now);
        }
        let event = event(change, &entry.node, health, cause, report.now);
        self.publish_change(state, change, event, report.now);
    }

    /// Begins anew with a node that came back.
    fn returned(&self, members: &Members, record: &Record, now: Instant) {
        record.recent.clear();
        if self.settings.slow_start.is_some() {
            record.slow_start.begin(members.clock(now));
        }
    }

    /// Returns credentials to sniffed nodes that were given with their own,
    /// whichever node's response they come from.
    pub(crate) fn keep_credentials(&self, found: &mut [Node]) {
        let state = self.lock();
        let seeds = state.seeds.iter().map(|seed| &seed.node);
        let own = seeds.filter(|seed| seed.credentials.is_some());
        let own: HashMap<_, _> = own.map(|seed| (seed.url(), &seed.credentials)).collect();
        if own.is_empty() {
            return;
        }
        for node in found {
            if let Some(credentials) = own.get(node.url()).copied().cloned() {
                node.credentials = credentials;
            }
        }
    }

    /// Publishes a change of one node's health, and reports it.
    fn publish_change(
        &self,
        mut state: MutexGuard<'_, State>,
        change: Change,
        event: Option<Event>,
        now: Instant,
    ) {
        if change == Change::None {
            return;
        }
        let before = Arc::clone(&state.members);
        let mut events: Vec<_> = event.into_iter().collect();
        if let Some(rules) = &self.settings.ejection
            && rules.is_panic(state.fleet())
        {
            for record in state.end_ejections(now, &mut events) {
                self.returned(&state.members, &record, now);
            }
        }
        self.publish(&mut state);
        if !Arc::ptr_eq(&before, &state.members) {
            events.extend(membership::difference(&before, &state.members));
        }
        events
            .iter()
            .for_each(|event| self.events.send(event.clone()));
        drop(state);
        Events::trace(&events);
    }

    pub(super) fn snapshot(&self) -> Guard<Arc<Snapshot>> {
        self.current.load()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, state: &mut State) {
        membership::bring_back_seeds(state, &self.weak);
        self.current.store(Arc::new(state.snapshot()));
    }
}

impl State {
    pub fn snapshot(&self) -> Snapshot {
        let live = self
            .health
            .iter()
            .zip(0_u32..)
            .filter(|(health, _)| health.is_live());
        Snapshot::new(
            Arc::clone(&self.stripes),
            Arc::clone(&self.members),
            live.map(|(_, index)| index).collect(),
            self.health.iter().filter_map(Health::probe_at).min(),
        )
    }

    fn fleet(&self) -> Fleet {
        Fleet {
            nodes: self.health.len(),
            live: self.health.iter().filter(|health| health.is_live()).count(),
            ejected: self
                .health
                .iter()
                .filter(|health| health.is_ejected())
                .count(),
        }
    }

    /// Counts an attempt that failed at a live node, and ejects the node if it fails
    /// more often than the others; returns the rule by which.
    fn eject(&mut self, index: usize, report: Report, rules: &Ejection) -> Option<DeathCause> {
        if !matches!(
            report.outcome,
            NodeOutcome::ServerError | NodeOutcome::Suspect
        ) {
            return None;
        }
        let health = self.health.get(index)?;
        if !health.is_live() || health.is_stale(report) {
            return None;
        }
        let window = rules.observed_window();
        let clock = self.members.clock(report.now);
        let counts = |entry: &Arc<Entry>| entry.record.recent.counts(clock, window);
        let entry = self.members.entries.get(index)?;
        let in_a_row = entry.record.recent.failed(clock, window);

        let cause = rules.cause(counts(entry), in_a_row)?;
        if !rules.has_room(self.fleet()) {
            return None;
        }
        let others = self.members.entries.iter().zip(&self.health).enumerate();
        let others = others.filter(|(other, (_, health))| *other != index && health.is_live());
        let others = others.fold(Counts::default(), |sum, (_, (entry, _))| {
            sum.add(counts(entry))
        });
        if !rules.is_good(others) {
            return None;
        }
        self.health.get_mut(index)?.eject(report.now, rules);
        Some(cause)
    }

    /// Makes all ejected nodes live; returns their records.
    fn end_ejections(&mut self, now: Instant, events: &mut Vec<Event>) -> Vec<Arc<Record>> {
        let members = self.members.entries.iter().zip(&mut self.health);
        let ejected = members.filter(|(_, health)| health.is_ejected());
        let ended = ejected.map(|(entry, health)| {
            health.mark_live(now);
            entry
                .record
                .is_unsettled
                .store(!health.is_settled(), Ordering::Relaxed);
            events.push(Event::NodeRevived {
                node: Arc::clone(entry.node.shared_url()),
            });
            Arc::clone(&entry.record)
        });
        ended.collect()
    }
}

fn event(
    change: Change,
    node: &Node,
    health: &Health,
    cause: DeathCause,
    now: Instant,
) -> Option<Event> {
    let url = Arc::clone(node.shared_url());
    match change {
        Change::Revived => Some(Event::NodeRevived { node: url }),
        Change::Died => Some(Event::NodeDied {
            node: url,
            cause,
            dead_time: health.dead_until()?.saturating_duration_since(now),
            failures: health.failures(),
        }),
        Change::Probe | Change::None => None,
    }
}

impl fmt::Debug for NodePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nodes, live) = (self.len(), self.live());
        f.debug_struct("NodePool")
            .field("nodes", &nodes)
            .field("live", &live)
            .finish_non_exhaustive()
    }
}
