//! Who is alive, who is dead until when, and the choice of a node.

mod builder;

use std::{
    collections::HashMap,
    fmt,
    num::NonZeroU64,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::Ordering},
};

use arc_swap::{ArcSwap, Guard};

use super::{
    Candidates, Node, NodeSelector, RequestContext, Selected,
    candidates::{is_tried, untried},
    health::{Change, Health, Report},
    replace,
    snapshot::{Members, Record, Snapshot, Stripes},
};
use crate::{backoff::Backoff, error::Result, rng::Rng};

pub(crate) use builder::DEAD_TIME;
pub use builder::NodePoolBuilder;

/// The nodes of a cluster and what is known of their health.
///
/// A node dies when it cannot be reached, when its connection breaks, when it
/// answers 502, 503 or 504, or after three attempts in a row that ran out of
/// time ([`Verdict`](super::Verdict) has the whole list). It is left alone for a dead time that
/// doubles with every failure in a row ([`Backoff`]); then one request probes
/// it while the others still stay away. While all nodes are dead the one that
/// comes back first is asked: a request never fails without an attempt.
///
/// A choice reads a snapshot without a lock, and costs the same for any number
/// of nodes. The pool reads no clock but once, when it is made; time is passed in.
///
/// ```
/// use es_transport::{Node, NodePool, node::{RequestContext, RoundRobin, Verdict}};
///
/// let pool = NodePool::new(["http://a:9200".parse::<Node>()?, "http://b:9200".parse()?])?;
/// let selector = RoundRobin::starting_at(0);
/// let request = RequestContext::new(&http::Method::GET, "/");
///
/// let mut selected = pool.select(&selector, &request);
/// assert_eq!(selected.node().host(), "a");
/// selected.finish(Verdict::Failed, request.now());
/// assert_eq!(pool.live(), 1);
/// assert_eq!(pool.select(&selector, &request).node().host(), "b");
/// # Ok::<(), es_transport::Error>(())
/// ```
pub struct NodePool {
    current: ArcSwap<Snapshot>,
    state: Mutex<State>,
    settings: Settings,
    weak: Weak<Self>,
}

struct Settings {
    dead_time: Backoff,
    timeouts_until_dead: u32,
    on_leave: Option<LeaveHook>,
}

type LeaveHook = Box<dyn Fn(&[Node]) + Send + Sync>;

/// What is written under the lock; every change publishes a new snapshot.
pub(super) struct State {
    pub(super) members: Arc<Members>,
    pub(super) stripes: Arc<Stripes>,
    /// One for each member.
    pub(super) health: Vec<Health>,
    pub(super) seeds: Vec<Node>,
    rng: Rng,
    last_probe: u64,
}

impl NodePool {
    /// A pool of these nodes, with default settings.
    ///
    /// # Errors
    /// No node, or the same node twice.
    pub fn new(nodes: impl IntoIterator<Item = Node>) -> Result<Arc<Self>> {
        Self::builder(nodes).build()
    }

    /// A pool of these nodes, with settings.
    pub fn builder(nodes: impl IntoIterator<Item = Node>) -> NodePoolBuilder {
        NodePoolBuilder::new(nodes.into_iter().collect())
    }

    /// Chooses a node for an attempt that begins at
    /// [`request.now()`](RequestContext::now).
    ///
    /// Nodes that the request tried are avoided while another one lives.
    pub fn select<S>(&self, selector: &S, request: &RequestContext<'_>) -> Selected
    where
        S: NodeSelector + ?Sized,
    {
        let snapshot = self.current.load();
        if request.tried().is_empty() && !snapshot.needs_care(request.now()) {
            let index = choose(selector, &snapshot.candidates(request.now()), request);
            return selected(&snapshot, index, None, selector, request);
        }
        drop(snapshot);
        self.select_with_care(selector, request)
    }

    /// The slower choice: while nodes are to be probed or avoided, or all are dead.
    fn select_with_care<S>(&self, selector: &S, request: &RequestContext<'_>) -> Selected
    where
        S: NodeSelector + ?Sized,
    {
        let now = request.now();
        let mut state = self.lock();
        let claimed = state.claim(request);
        if let Some((_, Some(_))) = claimed {
            self.publish(&mut state);
        }
        // Read under the lock: it agrees with what was claimed.
        let snapshot = self.current.load_full();
        drop(state);
        if let Some((index, probe)) = claimed {
            return selected(&snapshot, index, probe, selector, request);
        }
        let others = untried(&snapshot.members, &snapshot.live, request.tried());
        let index = if others.is_empty() || others.len() == snapshot.live.len() {
            choose(selector, &snapshot.candidates(now), request)
        } else {
            choose(selector, &snapshot.candidates(now).narrowed(&others), request)
        };
        selected(&snapshot, index, None, selector, request)
    }

    pub(super) fn report(&self, record: &Arc<Record>, report: Report) {
        let mut state = self.lock();
        let entries = &state.members.entries;
        // A node that left the pool has no health any more.
        let Some(index) = entries.iter().position(|e| Arc::ptr_eq(&e.record, record)) else {
            return;
        };
        let State { health, rng, .. } = &mut *state;
        let Some(health) = health.get_mut(index) else { return };
        let dead_time = |failures| self.settings.dead_time.wait(failures, rng);
        let change = health.report(report, self.settings.timeouts_until_dead, dead_time);
        record.is_suspect.store(!health.is_spotless(), Ordering::Relaxed);
        if change != Change::None {
            self.publish(&mut state);
        }
    }

    /// Gives nodes that were told with credentials of their own those back,
    /// whichever node's answer they come from.
    pub(crate) fn keep_credentials(&self, found: &mut [Node]) {
        let state = self.lock();
        let own = state.seeds.iter().filter(|seed| seed.credentials.is_some());
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

    /// Replaces the nodes by those that sniffing found, and answers the nodes
    /// that left and whose host and port no other node has.
    ///
    /// A node keeps its health if its id stays the same, or its URL where an
    /// id is not known. The same node twice counts once. When all nodes are
    /// dead, now or later, the seeds come back.
    ///
    /// # Errors
    /// No node; the pool then stays as it is.
    pub fn replace(&self, nodes: impl IntoIterator<Item = Node>) -> Result<Vec<Node>> {
        let mut state = self.lock();
        let left = replace::replace(&mut state, nodes.into_iter().collect(), &self.weak)?;
        self.publish(&mut state);
        drop(state);
        if let Some(hook) = self.settings.on_leave.as_ref().filter(|_| !left.is_empty()) {
            hook(&left);
        }
        Ok(left)
    }

    /// How many nodes there are, dead ones included; never 0.
    #[expect(clippy::len_without_is_empty, reason = "a pool is never empty")]
    pub fn len(&self) -> usize {
        self.current.load().members.entries.len()
    }

    /// How many nodes are alive.
    pub fn live(&self) -> usize {
        self.current.load().live.len()
    }

    /// The nodes, each with whether it is alive.
    pub fn nodes(&self) -> Vec<(Node, bool)> {
        let snapshot = self.current.load();
        let entries = snapshot.members.entries.iter().zip(0_u32..);
        entries.map(|(e, index)| (e.node.clone(), snapshot.live.contains(&index))).collect()
    }

    pub(super) fn snapshot(&self) -> Guard<Arc<Snapshot>> {
        self.current.load()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, state: &mut State) {
        if !state.health.iter().any(Health::is_live) {
            replace::bring_back_seeds(state, &self.weak);
        }
        self.current.store(Arc::new(state.snapshot()));
    }
}

impl State {
    pub(super) fn snapshot(&self) -> Snapshot {
        let live = self.health.iter().zip(0_u32..).filter(|(health, _)| health.is_live());
        Snapshot::new(
            Arc::clone(&self.stripes),
            Arc::clone(&self.members),
            live.map(|(_, index)| index).collect(),
            self.health.iter().filter_map(Health::probe_at).min(),
        )
    }

    /// A dead node that this request must go to, and the probe that it then
    /// is; `None` if it is to choose among the live ones.
    fn claim(&mut self, request: &RequestContext<'_>) -> Option<(u32, Option<NonZeroU64>)> {
        let (tried, now) = (request.tried(), request.now());
        let has_live = |wanted: &dyn Fn(&Node) -> bool| {
            let nodes = self.members.entries.iter().zip(&self.health);
            nodes.into_iter().any(|(entry, health)| health.is_live() && wanted(&entry.node))
        };
        // A resend has suffered enough: it probes only if nothing better is left.
        if !tried.is_empty() && has_live(&|node| !is_tried(node, tried)) {
            return None;
        }
        let any_live = has_live(&|_| true);
        let dead = self.members.entries.iter().zip(&self.health).zip(0_u32..);
        let first_back = dead
            .filter_map(|((entry, health), index)| {
                let is_tried = is_tried(&entry.node, tried);
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
        self.health.get_mut(index as usize)?.begin_probe(self.last_probe);
        Some((index, NonZeroU64::new(self.last_probe)))
    }
}

fn choose<S>(selector: &S, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> u32
where
    S: NodeSelector + ?Sized,
{
    let live = candidates.live();
    let chosen = selector.select(candidates, request);
    let index = live.get(chosen).or_else(|| live.get(chosen % live.len().max(1)));
    index.copied().unwrap_or_default()
}

fn selected<S>(
    snapshot: &Snapshot,
    index: u32,
    probe: Option<NonZeroU64>,
    selector: &S,
    request: &RequestContext<'_>,
) -> Selected
where
    S: NodeSelector + ?Sized,
{
    Selected::new(snapshot.stripe(), index, selector.tracks_load(), probe, request.now())
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
