//! The windows of all nodes, and the requests that wait for one.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use http::Request;
use rustc_hash::FxHashMap;
use tokio::sync::oneshot;

use super::{
    limit::{Bounds, Limit},
    place::{Held, Place},
};
use crate::{node::NodePool, options::RequestOptions, thread_pool::ThreadPool};

/// The state of a node's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowStatus {
    /// Number of requests that may be in flight.
    pub window: u32,
    /// Number of requests in flight.
    pub in_flight: u32,
}

/// Which window a request needs, and how much of it the request may use.
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
    pub bounds: Bounds,
    batch_percent: u32,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    nodes: FxHashMap<Arc<str>, [Limit; ThreadPool::COUNT]>,
    queues: [Queues; ThreadPool::COUNT],
    next_id: u64,
}

#[derive(Default)]
struct Queues {
    live: VecDeque<Waiter>,
    batch: VecDeque<Waiter>,
    /// Requests that may begin, and have not begun yet.
    granted: u32,
    /// Whose live nodes have the windows; set by the first waiter.
    nodes: Weak<NodePool>,
}

impl Queues {
    fn queue(&mut self, is_batch: bool) -> &mut VecDeque<Waiter> {
        if is_batch {
            &mut self.batch
        } else {
            &mut self.live
        }
    }
}

struct Waiter {
    id: u64,
    wake: oneshot::Sender<()>,
}

impl Windows {
    pub fn new(bounds: Bounds, live_percent: u32) -> Self {
        let batch_percent = 100 - live_percent.min(100);
        Self {
            bounds,
            batch_percent,
            state: Mutex::default(),
        }
    }

    /// Returns the place of a request, and its turn if it has to wait for that.
    pub fn enter(
        self: &Arc<Self>,
        demand: Demand,
        nodes: &Arc<NodePool>,
    ) -> (Held, Option<oneshot::Receiver<()>>) {
        let mut state = self.lock();
        state.next_id += 1;
        let id = state.next_id;
        let place = Place::new(Arc::clone(self), demand, Arc::clone(nodes), id);
        let is_first = state.queues.get(demand.pool.index()).is_none_or(|queues| {
            queues.live.is_empty() && (!demand.is_batch || queues.batch.is_empty())
        });
        let may_begin = is_first && self.has_room(&state, demand, nodes);
        let mut turn = None;
        if let Some(queues) = state.queues.get_mut(demand.pool.index()) {
            if may_begin {
                queues.granted += 1;
            } else {
                let (wake, woken) = oneshot::channel();
                queues.nodes = Arc::downgrade(nodes);
                queues.queue(demand.is_batch).push_back(Waiter { id, wake });
                turn = Some(woken);
            }
        }
        (Held(Arc::new(place)), turn)
    }

    /// Calls `look` with a function that says whether a node has room.
    pub fn with_room<T>(&self, demand: Demand, look: impl FnOnce(&dyn Fn(&str) -> bool) -> T) -> T {
        let state = self.lock();
        look(&|node| self.free(&state, demand, node) > 0)
    }

    pub fn status(&self, node: &str, pool: ThreadPool) -> Option<WindowStatus> {
        let state = self.lock();
        let limit = state.nodes.get(node)?.get(pool.index())?;
        Some(WindowStatus {
            window: limit.window(),
            in_flight: limit.in_flight(),
        })
    }

    fn limits(&self) -> [Limit; ThreadPool::COUNT] {
        std::array::from_fn(|_| Limit::new(self.bounds))
    }

    fn percent(&self, demand: Demand) -> u32 {
        if demand.is_batch {
            self.batch_percent
        } else {
            100
        }
    }

    fn free(&self, state: &State, demand: Demand, node: &str) -> u32 {
        let limits = state
            .nodes
            .get(node)
            .and_then(|limits| limits.get(demand.pool.index()));
        let percent = self.percent(demand);
        limits.map_or_else(
            || Limit::new(self.bounds).free(percent),
            |limit| limit.free(percent),
        )
    }

    /// Whether more may begin than were granted; always while no node is live, since it
    /// is not the windows then that requests wait for.
    fn has_room(&self, state: &State, demand: Demand, nodes: &NodePool) -> bool {
        let granted = state
            .queues
            .get(demand.pool.index())
            .map_or(0, |queues| queues.granted);
        let (mut free, mut has_nodes) = (0_u32, false);
        let is_enough = nodes.has_live(|node| {
            has_nodes = true;
            free = free.saturating_add(self.free(state, demand, node.url()));
            free > granted
        });
        is_enough || !has_nodes
    }

    /// Wakes those that may begin: live requests first, in order.
    pub fn wake(&self, state: &mut State, pool: ThreadPool) {
        let Some(nodes) = state
            .queues
            .get(pool.index())
            .filter(|queues| !queues.live.is_empty() || !queues.batch.is_empty())
            .and_then(|queues| queues.nodes.upgrade())
        else {
            return;
        };
        loop {
            let Some(queues) = state.queues.get(pool.index()) else {
                return;
            };
            let is_batch = queues.live.is_empty();
            if is_batch && queues.batch.is_empty() {
                return;
            }
            if !self.has_room(state, Demand { pool, is_batch }, &nodes) {
                return;
            }
            let Some(queues) = state.queues.get_mut(pool.index()) else {
                return;
            };
            let Some(waiter) = queues.queue(is_batch).pop_front() else {
                return;
            };
            queues.granted += 1;
            // A waiter that is gone gives its grant back when it is dropped.
            let _ = waiter.wake.send(());
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a request out of its queue, or gives its grant back.
    pub fn leave(&mut self, demand: Demand, id: u64) {
        let Some(queues) = self.queues.get_mut(demand.pool.index()) else {
            return;
        };
        let queue = queues.queue(demand.is_batch);
        match queue.iter().position(|waiter| waiter.id == id) {
            Some(place) => drop(queue.remove(place)),
            None => queues.granted = queues.granted.saturating_sub(1),
        }
    }

    /// Returns the window of a node.
    pub fn limit(
        &mut self,
        node: &Arc<str>,
        pool: ThreadPool,
        windows: &Windows,
        nodes: &NodePool,
    ) -> Option<&mut Limit> {
        if !self.nodes.contains_key(node) {
            self.forget_absent(nodes);
        }
        let limits = self
            .nodes
            .entry(Arc::clone(node))
            .or_insert_with(|| windows.limits());
        limits.get_mut(pool.index())
    }

    /// Forgets the windows of nodes that have left and have no request in flight.
    fn forget_absent(&mut self, nodes: &NodePool) {
        let nodes = nodes.nodes();
        let urls: HashSet<_> = nodes.iter().map(|status| status.node().url()).collect();
        let is_used =
            |limits: &[Limit; ThreadPool::COUNT]| limits.iter().any(|l| l.in_flight() > 0);
        self.nodes
            .retain(|url, limits| urls.contains(&**url) || is_used(limits));
    }
}
