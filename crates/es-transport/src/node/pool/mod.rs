//! The pool of nodes: their health, and the selection of a node.

mod builder;
mod status;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    num::NonZeroU64,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use tokio::time::Instant;

use super::{
    Candidates, Ejection, Node, NodeOutcome, NodeSelector, RequestContext, Selection,
    candidates::Indexes,
    ejection::Fleet,
    health::{Change, Health, Report},
    membership,
    recent::Counts,
    snapshot::{Entry, Members, Observing, Record, Snapshot, Stripes},
};
use crate::{
    backoff::Backoff,
    error::{Error, Result},
    events::{DeathCause, Event, Events},
    rng::{self, Rng},
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
pub(super) struct State {
    pub(super) members: Arc<Members>,
    pub(super) stripes: Arc<Stripes>,
    /// One for each member.
    pub(super) health: Vec<Health>,
    pub(super) seeds: Vec<Seed>,
    /// Whether a sniffed node has failed and none has responded.
    pub(super) is_sniff_doubtful: bool,
    rng: Rng,
    last_probe: u64,
}

/// A node that was given, not sniffed.
pub(super) struct Seed {
    pub(super) node: Node,
    /// Whether it had responded when it left the members.
    pub(super) is_proven: bool,
}

impl Seed {
    fn new(node: Node) -> Self {
        Self {
            node,
            is_proven: false,
        }
    }
}

/// Selection.
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

    /// Selects a node for an attempt that starts at
    /// [`request.now()`](RequestContext::now).
    ///
    /// Nodes that the request has already tried are avoided while another node is live.
    ///
    /// # Errors
    /// Returns an error if the selector finds no [eligible](NodeSelector::eligible)
    /// node, or if the pool is empty.
    #[inline]
    pub fn select<S>(&self, selector: &S, request: &RequestContext<'_>) -> Result<Selection>
    where
        S: NodeSelector + ?Sized,
    {
        let snapshot = self.current.load();
        if request.tried().is_empty() && !snapshot.needs_care(request.now()) {
            let candidates = snapshot.candidates(request.now());
            if !selector.is_constrained(request) {
                let index = self.choose(&candidates, selector, request);
                return Ok(self.selection(&snapshot, index, None, selector, request));
            }
            let eligible = candidates.narrow(|c| selector.eligible(c.node(), request));
            if eligible.len() == candidates.len() {
                let index = self.choose(&candidates, selector, request);
                return Ok(self.selection(&snapshot, index, None, selector, request));
            }
            if let Some(eligible) = eligible.candidates() {
                let index = self.choose(&eligible, selector, request);
                let selection = self.selection(&snapshot, index, None, selector, request);
                return Ok(selection.with_eligible(eligible.indexes()));
            }
        }
        drop(snapshot);
        self.select_with_care(selector, request)
    }

    /// Lets the selector choose; a node in its slow start gets only its share of
    /// what it is chosen for.
    #[inline]
    fn choose<S>(
        &self,
        candidates: &Candidates<'_>,
        selector: &S,
        request: &RequestContext<'_>,
    ) -> u32
    where
        S: NodeSelector + ?Sized,
    {
        let chosen = candidates.choose(selector, request);
        let Some(time) = self.settings.slow_start else {
            return chosen;
        };
        if rng::unit() < candidates.slow_start_share(chosen, time) {
            return chosen;
        }
        let warm = candidates.narrow(|candidate| candidate.is_warm(time));
        warm.candidates()
            .map_or(chosen, |warm| warm.choose(selector, request))
    }

    /// Selects while nodes are to be probed or avoided, or all are dead.
    fn select_with_care<S>(&self, selector: &S, request: &RequestContext<'_>) -> Result<Selection>
    where
        S: NodeSelector + ?Sized,
    {
        loop {
            // The selector is asked without the lock: it may use the pool.
            let members = Arc::clone(&self.current.load().members);
            let eligible = eligible(&members, selector, request)?;

            let mut state = self.lock();
            if !Arc::ptr_eq(&state.members, &members) {
                continue;
            }
            let claimed = state.claim(request, eligible.as_deref());
            if let Some((_, Some(_))) = claimed {
                self.publish(&mut state);
            }
            let usable = match claimed {
                Some(_) => Indexes::new(),
                None => state.usable(request.tried(), eligible.as_deref()),
            };
            // Read under the lock: it agrees with the claim.
            let snapshot = self.current.load_full();
            drop(state);

            let (index, probe) = claimed.unwrap_or_else(|| {
                let all = snapshot.candidates(request.now());
                let is_all = usable.len() == all.len();
                let some = Candidates::new(&snapshot.members, &usable, request.now(), 0);
                let candidates = if is_all { all } else { some };
                (self.choose(&candidates, selector, request), None)
            });
            let selection = self.selection(&snapshot, index, probe, selector, request);
            return Ok(match &eligible {
                Some(eligible) => selection.with_eligible(eligible),
                None => selection,
            });
        }
    }

    #[inline]
    fn selection<S>(
        &self,
        snapshot: &Snapshot,
        index: u32,
        probe: Option<NonZeroU64>,
        selector: &S,
        request: &RequestContext<'_>,
    ) -> Selection
    where
        S: NodeSelector + ?Sized,
    {
        let tracks_load = selector.tracks_load();
        if tracks_load && !self.is_load_tracked.load(Ordering::Relaxed) {
            self.is_load_tracked.store(true, Ordering::Relaxed);
        }
        Selection::new(snapshot.stripe(), index, tracks_load, probe, request.now())
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
}

/// Operation.
impl NodePool {
    /// Adds a node. Returns whether it is new.
    ///
    /// If the pool has a node with the same URL, its facts and credentials are
    /// replaced, and it keeps its health.
    ///
    /// # Errors
    /// Returns an error if the pool already has 2³² nodes.
    pub fn add(&self, node: Node) -> Result<bool> {
        if u32::try_from(self.len() + 1).is_err() {
            return Err(Error::config("nodes", "there are too many nodes"));
        }
        let is_new = self.change(|state| {
            let mut nodes = state.nodes();
            let known = nodes.iter_mut().find(|member| **member == node);
            let is_new = known.is_none();
            match known {
                Some(known) => *known = node.clone(),
                None => nodes.push(node.clone()),
            }
            state.seeds.retain(|seed| seed.node != node);
            state.seeds.push(Seed::new(node));
            membership::replace(state, nodes, &self.weak);
            is_new
        });
        Ok(is_new)
    }

    /// Removes the node with this URL, and returns it.
    ///
    /// Requests in flight at the node continue. If the last node is removed, requests
    /// fail with [`is_no_nodes`](crate::Error::is_no_nodes) until one is added.
    ///
    /// # Errors
    /// Returns an error if the URL is not valid.
    pub fn remove(&self, url: &str) -> Result<Option<Node>> {
        let node: Node = url.parse()?;
        Ok(self.change(|state| {
            let mut nodes = state.nodes();
            state.seeds.retain(|seed| seed.node != node);
            let index = nodes.iter().position(|member| *member == node)?;
            let removed = nodes.remove(index);
            membership::replace(state, nodes, &self.weak);
            Some(removed)
        }))
    }

    /// Replaces all nodes. Returns the nodes that were removed.
    ///
    /// A node keeps its health if its ID stays the same, or its URL if an ID is not
    /// known. Duplicate nodes are ignored. Without any node, requests fail with
    /// [`is_no_nodes`](crate::Error::is_no_nodes).
    ///
    /// ```
    /// use es_transport::{Node, NodePool};
    ///
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
    /// let left = pool.replace(["http://b:9200".parse::<Node>()?, "http://c:9200".parse()?]);
    /// assert_eq!(left[0].host(), "a");
    /// assert_eq!(pool.len(), 2);
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn replace(&self, nodes: impl IntoIterator<Item = Node>) -> Vec<Node> {
        let nodes: Vec<_> = nodes.into_iter().collect();
        self.change(|state| {
            let before = state.nodes();
            state.seeds = nodes.iter().cloned().map(Seed::new).collect();
            membership::replace(state, nodes, &self.weak);
            let after = state.nodes();
            before
                .into_iter()
                .filter(|node| !after.contains(node))
                .collect()
        })
    }

    /// Replaces the nodes with those that sniffing found.
    ///
    /// Unlike [`replace`](Self::replace), it keeps the configured nodes (from the
    /// builder, [`add`](Self::add) or [`replace`](Self::replace)) as seeds. They are
    /// used again while no other node is live; seeds that have responded before are
    /// used again as soon as a sniffed node fails and no sniffed node has responded.
    /// See [`keep_seeds`](NodePoolBuilder::keep_seeds).
    ///
    /// # Errors
    /// Returns an error if there is no node. The pool is then unchanged.
    pub fn set_sniffed(&self, nodes: impl IntoIterator<Item = Node>) -> Result<()> {
        let nodes: Vec<_> = nodes.into_iter().collect();
        if nodes.is_empty() {
            return Err(Error::no_nodes().with_source("sniffing found no node"));
        }
        self.change(|state| {
            if self.settings.keep_seeds {
                state.prove_seeds();
            } else {
                state.seeds.clear();
            }
            membership::replace(state, nodes, &self.weak);
        });
        Ok(())
    }

    /// Marks a node as dead for this time from `now` on, regardless of its responses.
    /// Returns whether the pool has the node.
    ///
    /// After that time, a request probes the node.
    ///
    /// # Errors
    /// Returns an error if the URL is not valid.
    pub fn mark_dead(&self, url: &str, now: Instant, dead_time: Duration) -> Result<bool> {
        self.mark(url, now, |health| health.mark_dead(now, dead_time))
    }

    /// Marks a node as live, regardless of earlier failures. Returns whether the pool
    /// has the node.
    ///
    /// # Errors
    /// Returns an error if the URL is not valid.
    pub fn mark_live(&self, url: &str, now: Instant) -> Result<bool> {
        self.mark(url, now, |health| health.mark_live(now))
    }

    fn mark(
        &self,
        url: &str,
        now: Instant,
        mark: impl FnOnce(&mut Health) -> Change,
    ) -> Result<bool> {
        let node: Node = url.parse()?;
        let mut state = self.lock();
        let State {
            members, health, ..
        } = &mut *state;
        let mut entries = members.entries.iter().zip(health);
        let Some((entry, health)) = entries.find(|(entry, _)| entry.node == node) else {
            return Ok(false);
        };
        let change = mark(health);
        entry
            .record
            .is_unsettled
            .store(!health.is_settled(), Ordering::Relaxed);
        if change == Change::Revived {
            self.returned(members, &entry.record, now);
        }
        let event = event(change, &entry.node, health, DeathCause::Marked, now);
        self.publish_change(state, change, event, now);
        Ok(true)
    }

    /// Returns the nodes and their state, in no particular order.
    ///
    /// ```
    /// use es_transport::{Node, NodePool};
    ///
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
    /// for status in pool.nodes() {
    ///     println!("{} {:?} {}", status.node(), status.state(), status.failures());
    /// }
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn nodes(&self) -> Vec<NodeStatus> {
        let is_tracked = self.is_load_tracked.load(Ordering::Relaxed);
        let state = self.lock();
        let entries = state.members.entries.iter().zip(&state.health);
        entries
            .map(|(entry, health)| {
                NodeStatus::new(entry.node.clone(), health, &entry.record, is_tracked)
            })
            .collect()
    }

    /// Returns the number of nodes, including dead ones.
    pub fn len(&self) -> usize {
        self.current.load().members.entries.len()
    }

    /// Whether the pool has no nodes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of live nodes.
    pub fn live(&self) -> usize {
        self.current.load().live.len()
    }

    /// Returns the events of this pool and of the transports that use it.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Calls `hook` with the nodes that leave and whose host and port no other
    /// node has, for as long as the hook has an owner.
    pub(crate) fn on_leave(&self, hook: &Arc<LeaveHook>) {
        let mut hooks = self
            .leave_hooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        hooks.retain(|hook| hook.strong_count() > 0);
        hooks.push(Arc::downgrade(hook));
    }

    /// Changes the members, and reports the change to everyone.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let before = Arc::clone(&state.members);
        let result = change(&mut state);
        self.publish(&mut state);
        let after = Arc::clone(&state.members);
        let events = membership::difference(&before, &after);
        events
            .iter()
            .for_each(|event| self.events.send(event.clone()));
        drop(state);

        Events::trace(&events);
        let left = membership::left_hosts(&before, &after);
        if !left.is_empty() {
            let hooks = self
                .leave_hooks
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let hooks: Vec<_> = hooks.iter().filter_map(Weak::upgrade).collect();
            hooks.iter().for_each(|hook| hook(&left));
        }
        result
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
    pub(super) fn snapshot(&self) -> Snapshot {
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

    fn nodes(&self) -> Vec<Node> {
        self.members
            .entries
            .iter()
            .map(|entry| entry.node.clone())
            .collect()
    }

    /// Notes which of the seeds have responded.
    fn prove_seeds(&mut self) {
        let Self {
            members,
            health,
            seeds,
            ..
        } = self;
        let members = members.entries.iter().zip(health);
        let proven: Vec<_> = members.filter(|(_, health)| health.is_proven()).collect();
        for seed in seeds {
            seed.is_proven |= proven.iter().any(|(entry, _)| entry.node == seed.node);
        }
    }

    /// Returns the dead node that this request must go to, and its number as a
    /// probe if it is one; `None` if it is to choose among the live nodes.
    fn claim(
        &mut self,
        request: &RequestContext<'_>,
        eligible: Option<&[u32]>,
    ) -> Option<(u32, Option<NonZeroU64>)> {
        let (tried, now) = (urls(request.tried()), request.now());
        let is_tried = |entry: &Entry| tried.contains(entry.node.url());
        let members = || {
            let members = self.members.entries.iter().zip(&self.health).zip(0_u32..);
            members.filter(|(_, index)| is_among(*index, eligible))
        };
        let mut live = members()
            .filter(|((_, health), _)| health.is_live())
            .peekable();
        let any_live = live.peek().is_some();
        // A retry has lost enough time: it probes only if nothing better is left.
        if !tried.is_empty() && live.any(|((entry, _), _)| !is_tried(entry)) {
            return None;
        }
        let first_back = members()
            .filter_map(|((entry, health), index)| {
                let is_tried = is_tried(entry);
                Some(((is_tried, health.is_probed(), health.dead_until()?), index))
            })
            .filter(|((is_tried, is_probed, until), _)| {
                !any_live || (!is_tried && !is_probed && *until <= now)
            })
            .min();
        let ((_, is_probed, until), index) = first_back?;
        if is_probed || until > now {
            return Some((index, None));
        }
        self.last_probe += 1;
        self.health
            .get_mut(index as usize)?
            .begin_probe(self.last_probe);
        Some((index, NonZeroU64::new(self.last_probe)))
    }

    /// Returns the live and eligible nodes to choose from: those that were not
    /// tried while there are any, and of those the ones that have responded
    /// before if a sniffed node has failed and none has responded.
    fn usable(&self, tried: &[Arc<str>], eligible: Option<&[u32]>) -> Indexes {
        let live = || {
            let members = self.members.entries.iter().zip(&self.health).zip(0_u32..);
            members.filter(|((_, health), index)| health.is_live() && is_among(*index, eligible))
        };
        let all = || live().map(|(_, index)| index).collect();
        if tried.is_empty() {
            return all();
        }
        let tried = urls(tried);
        let untried = || live().filter(|((entry, _), _)| !tried.contains(entry.node.url()));
        if self.is_sniff_doubtful {
            let proven = untried().filter(|((_, health), _)| health.is_proven());
            let proven: Indexes = proven.map(|(_, index)| index).collect();
            if !proven.is_empty() {
                return proven;
            }
        }
        let untried: Indexes = untried().map(|(_, index)| index).collect();
        if untried.is_empty() { all() } else { untried }
    }
}

/// A request that very many nodes refuse tries them all.
fn urls(tried: &[Arc<str>]) -> HashSet<&str> {
    tried.iter().map(|url| &**url).collect()
}

/// Whether an index is among those of the eligible members; `None`: all are.
fn is_among(index: u32, eligible: Option<&[u32]>) -> bool {
    eligible.is_none_or(|eligible| eligible.binary_search(&index).is_ok())
}

/// Returns the members that the request may go to; `None` if it may go to all.
fn eligible<S>(
    members: &Members,
    selector: &S,
    request: &RequestContext<'_>,
) -> Result<Option<Box<[u32]>>>
where
    S: NodeSelector + ?Sized,
{
    if members.entries.is_empty() {
        return Err(Error::no_nodes().with_source("the pool is empty"));
    }
    if !selector.is_constrained(request) {
        return Ok(None);
    }
    let is_eligible = |index: &u32| {
        members
            .get(*index)
            .is_some_and(|entry| selector.eligible(&entry.node, request))
    };
    let eligible: Box<[u32]> = members.indexes().filter(is_eligible).collect();
    if eligible.is_empty() {
        let nodes = members.entries.len();
        let (method, path) = (request.method(), request.path());
        let message = format!("the selector finds none of {nodes} nodes eligible: {method} {path}");
        return Err(Error::no_nodes().with_source(message));
    }
    Ok((eligible.len() < members.entries.len()).then_some(eligible))
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
