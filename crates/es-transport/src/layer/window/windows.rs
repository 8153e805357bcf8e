//! The windows of all nodes, and the requests that wait for one.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::Request;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use tokio::{sync::oneshot, time::Instant};

use super::{
    limit::{Bounds, Effect, Flight, Limit},
    permit::{Permit, PermitGuard},
};
use crate::{
    node::{Candidates, Node, NodePool, Subset},
    options::RequestOptions,
    thread_pool::ThreadPool,
};

/// The state of a node's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowStatus {
    /// Number of requests that may be in flight.
    pub window: u32,
    /// Number of requests in flight.
    pub in_flight: u32,
    /// Number of batch requests that may be in flight.
    pub batch_window: u32,
}

/// The window that a request needs, and whether it is a batch request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    pub pool: ThreadPool,
    pub is_batch: bool,
}

impl Demand {
    pub fn of<B>(request: &Request<B>) -> Self {
        Self {
            pool: ThreadPool::of(request),
            is_batch: RequestOptions::of(request).is_some_and(|options| options.batch),
        }
    }
}

pub(super) struct Windows {
    bounds: Bounds,
    /// Its live nodes have the windows.
    nodes: Arc<NodePool>,
    pools: [Mutex<State>; ThreadPool::COUNT],
}

/// The state of one thread pool of all nodes.
#[derive(Default)]
struct State {
    limits: FxHashMap<Arc<str>, Limit>,
    live: VecDeque<Waiter>,
    batch: VecDeque<Waiter>,
    /// Number of requests that may begin, and have not begun yet.
    granted: u32,
    /// When the probe was due that a live request was let through for.
    probe_granted: Option<Instant>,
    next_id: u64,
}

impl State {
    fn queue(&mut self, is_batch: bool) -> &mut VecDeque<Waiter> {
        if is_batch {
            &mut self.batch
        } else {
            &mut self.live
        }
    }
}

/// Waiters are in the order of their IDs.
struct Waiter {
    id: u64,
    turn: oneshot::Sender<()>,
}

/// The waiters that may begin. They are woken once the state is no longer locked.
#[must_use]
#[derive(Default)]
struct Woken(SmallVec<[oneshot::Sender<()>; 2]>);

impl Woken {
    fn wake(self) {
        for turn in self.0 {
            // A waiter that is gone gives its permit back when it is dropped.
            let _ = turn.send(());
        }
    }
}

impl Windows {
    pub fn new(bounds: Bounds, nodes: Arc<NodePool>) -> Self {
        Self {
            bounds,
            nodes,
            pools: Default::default(),
        }
    }

    /// Returns a permit, and its turn if the request has to wait.
    pub fn enter(self: &Arc<Self>, demand: Demand) -> (PermitGuard, Option<oneshot::Receiver<()>>) {
        let mut state = self.lock(demand.pool);
        state.next_id += 1;
        let id = state.next_id;
        // A node may have joined since the last request ended.
        let woken = self.grant(&mut state);
        let is_first = state.queue(demand.is_batch).is_empty();
        let turn = if is_first && self.has_room(&mut state, demand.is_batch) {
            state.granted += 1;
            None
        } else {
            let (turn, has_turn) = oneshot::channel();
            state.queue(demand.is_batch).push_back(Waiter { id, turn });
            Some(has_turn)
        };
        drop(state);
        woken.wake();
        let permit = Permit::new(Arc::clone(self), demand, id);
        (PermitGuard(Arc::new(permit)), turn)
    }

    /// Counts a request at a node. `leaving` is its ID if it has not begun before.
    pub fn begin(&self, demand: Demand, node: &Node, leaving: Option<u64>, now: Instant) -> Flight {
        let mut state = self.lock(demand.pool);
        let waiter = leaving.and_then(|id| Self::remove(&mut state, demand, id));
        let url = node.shared_url();
        if !state.limits.contains_key(url) {
            self.forget_absent(&mut state);
        }
        let limit = state.limits.entry(Arc::clone(url));
        let limit = limit.or_insert_with(|| Limit::new(self.bounds));
        let flight = limit.begin(demand.is_batch, now);
        // It may leave room at the other nodes.
        let woken = self.grant(&mut state);
        drop(state);
        drop(waiter);
        woken.wake();
        flight
    }

    /// Ends a request at its nodes.
    pub fn end(
        &self,
        pool: ThreadPool,
        flights: impl IntoIterator<Item = (Arc<str>, Flight)>,
        effect: Effect,
    ) {
        let now = Instant::now();
        let mut state = self.lock(pool);
        for (node, flight) in flights {
            if let Some(limit) = state.limits.get_mut(&node) {
                limit.end(effect, flight, now, self.bounds);
            }
        }
        let woken = self.grant(&mut state);
        drop(state);
        woken.wake();
    }

    /// Gives up a permit that was not used.
    pub fn leave(&self, demand: Demand, id: u64) {
        let mut state = self.lock(demand.pool);
        let waiter = Self::remove(&mut state, demand, id);
        let woken = self.grant(&mut state);
        drop(state);
        drop(waiter);
        woken.wake();
    }

    /// Whether a request should rather go to another node.
    pub fn is_busy(&self, demand: Demand, node: &Node) -> bool {
        let state = self.lock(demand.pool);
        let limit = state.limits.get(node.url());
        limit.is_some_and(|limit| limit.is_busy(demand.is_batch, self.bounds))
    }

    /// Narrows the choice to nodes that are not busy, or if all are, to those whose window is
    /// not full.
    pub fn narrow<'a>(&self, demand: Demand, candidates: &Candidates<'a>) -> Subset<'a> {
        let state = self.lock(demand.pool);
        let keep = |keep: &dyn Fn(&Limit) -> bool| {
            candidates.narrow(|candidate| {
                let limit = state.limits.get(candidate.node().url());
                limit.is_none_or(keep)
            })
        };
        let idle = keep(&|limit| !limit.is_busy(demand.is_batch, self.bounds));
        if !idle.is_empty() {
            return idle;
        }
        keep(&|limit| limit.free(demand.is_batch, self.bounds) > 0)
    }

    pub fn status(&self, node: &str, pool: ThreadPool) -> Option<WindowStatus> {
        let state = self.lock(pool);
        let limit = state.limits.get(node)?;
        Some(WindowStatus {
            window: limit.window(),
            in_flight: limit.in_flight(),
            batch_window: limit.batch_window(self.bounds),
        })
    }

    /// Takes a request out of its queue, or takes its grant back.
    fn remove(state: &mut State, demand: Demand, id: u64) -> Option<Waiter> {
        let queue = state.queue(demand.is_batch);
        match queue.binary_search_by_key(&id, |waiter| waiter.id) {
            Ok(index) => queue.remove(index),
            Err(_) => {
                state.granted = state.granted.saturating_sub(1);
                None
            }
        }
    }

    fn free(&self, state: &State, is_batch: bool, node: &str) -> u32 {
        let free = |limit: &Limit| limit.free(is_batch, self.bounds);
        let limit = state.limits.get(node);
        limit.map_or_else(|| free(&Limit::new(self.bounds)), free)
    }

    /// Whether more may begin than were granted; always while no node is live. One live request
    /// is let through for each probe that is due.
    fn has_room(&self, state: &mut State, is_batch: bool) -> bool {
        let (mut free, mut has_nodes) = (0_u32, false);
        let is_enough = self.nodes.has_live(|node| {
            has_nodes = true;
            free = free.saturating_add(self.free(state, is_batch, node.url()));
            free > state.granted
        });
        if is_enough || !has_nodes {
            return true;
        }
        let due = self.nodes.due_probe(Instant::now());
        let is_probe = !is_batch && due.is_some() && due != state.probe_granted;
        if is_probe {
            state.probe_granted = due;
        }
        is_probe
    }

    /// Grants permits to those that may begin, in order: live requests first.
    fn grant(&self, state: &mut State) -> Woken {
        let mut woken = Woken::default();
        for is_batch in [false, true] {
            while !state.queue(is_batch).is_empty() && self.has_room(state, is_batch) {
                if let Some(waiter) = state.queue(is_batch).pop_front() {
                    state.granted += 1;
                    woken.0.push(waiter.turn);
                }
            }
        }
        woken
    }

    /// Forgets the windows of nodes that have left and have no request in flight.
    fn forget_absent(&self, state: &mut State) {
        let nodes = self.nodes.nodes();
        let urls: HashSet<_> = nodes.iter().map(|status| status.node().url()).collect();
        let limits = &mut state.limits;
        limits.retain(|url, limit| urls.contains(&**url) || limit.in_flight() > 0);
    }

    fn lock(&self, pool: ThreadPool) -> MutexGuard<'_, State> {
        let [search, get, write, other] = &self.pools;
        let state = match pool {
            ThreadPool::Search => search,
            ThreadPool::Get => get,
            ThreadPool::Write => write,
            ThreadPool::Other => other,
        };
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
