//! The windows of all nodes, and the requests that wait for one.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use rustc_hash::FxHashMap;
use tokio::{sync::oneshot, time::Instant};

use super::limit::{Bounds, Ended, Limit};
use crate::{node::NodePool, thread_pool::ThreadPool};

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

pub(super) struct Windows {
    bounds: Bounds,
    batch_percent: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    nodes: FxHashMap<Arc<str>, [Limit; ThreadPool::COUNT]>,
    queues: [Queues; ThreadPool::COUNT],
    next_id: u64,
}

#[derive(Default)]
struct Queues {
    live: VecDeque<Waiter>,
    batch: VecDeque<Waiter>,
    /// Waiters that may begin, and have not begun yet.
    granted: u32,
    /// Whose live nodes have the windows; set by the first waiter.
    nodes: Weak<NodePool>,
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

    /// Returns `None` if a request may begin now, or its place in the queue.
    pub fn enter(self: &Arc<Self>, demand: Demand, nodes: &Arc<NodePool>) -> Option<Waiting> {
        let mut state = self.lock();
        let queues = state.queues.get(demand.pool.index())?;
        let is_first = queues.live.is_empty() && (!demand.is_batch || queues.batch.is_empty());
        if is_first && self.has_room(&state, demand, nodes) {
            return None;
        }
        state.next_id += 1;
        let id = state.next_id;
        let (wake, woken) = oneshot::channel();
        let queues = state.queues.get_mut(demand.pool.index())?;
        queues.nodes = Arc::downgrade(nodes);
        let queue = if demand.is_batch {
            &mut queues.batch
        } else {
            &mut queues.live
        };
        queue.push_back(Waiter { id, wake });
        Some(Waiting {
            windows: Arc::clone(self),
            demand,
            id,
            woken,
        })
    }

    /// Notes that a request has begun at a node.
    pub fn begin(
        self: &Arc<Self>,
        node: &Arc<str>,
        pool: ThreadPool,
        nodes: &NodePool,
    ) -> InFlight {
        let began = Instant::now();
        let mut state = self.lock();
        if !state.nodes.contains_key(node) {
            forget_absent(&mut state, nodes);
        }
        let limits = state
            .nodes
            .entry(Arc::clone(node))
            .or_insert_with(|| self.limits());
        if let Some(limit) = limits.get_mut(pool.index()) {
            limit.begin();
        }
        InFlight {
            windows: Arc::clone(self),
            node: Arc::clone(node),
            pool,
            began,
            ended: Ended::Unknown,
        }
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
    fn wake(&self, state: &mut State, pool: ThreadPool) {
        let Some(queues) = state.queues.get(pool.index()) else {
            return;
        };
        if queues.live.is_empty() && queues.batch.is_empty() {
            return;
        }
        let Some(nodes) = queues.nodes.upgrade() else {
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
            let queue = if is_batch {
                &mut queues.batch
            } else {
                &mut queues.live
            };
            let Some(waiter) = queue.pop_front() else {
                return;
            };
            queues.granted += 1;
            // A waiter that is gone gives its grant back when it is dropped.
            let _ = waiter.wake.send(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the windows of nodes that have left and have no request in flight.
fn forget_absent(state: &mut State, nodes: &NodePool) {
    let nodes = nodes.nodes();
    let urls: HashSet<_> = nodes.iter().map(|status| status.node().url()).collect();
    let is_used = |limits: &[Limit; ThreadPool::COUNT]| limits.iter().any(|l| l.in_flight() > 0);
    state
        .nodes
        .retain(|url, limits| urls.contains(&**url) || is_used(limits));
}

/// A place in the queue. Whoever leaves it, having been woken or not, drops it.
pub(super) struct Waiting {
    windows: Arc<Windows>,
    demand: Demand,
    id: u64,
    woken: oneshot::Receiver<()>,
}

impl Waiting {
    /// Waits until the request may begin.
    pub async fn woken(&mut self) {
        // The sender is dropped only after it was used, or together with this.
        let _ = (&mut self.woken).await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.windows.lock();
        let pool = self.demand.pool;
        let Some(queues) = state.queues.get_mut(pool.index()) else {
            return;
        };
        let queue = if self.demand.is_batch {
            &mut queues.batch
        } else {
            &mut queues.live
        };
        match queue.iter().position(|waiter| waiter.id == self.id) {
            Some(place) => drop(queue.remove(place)),
            None => queues.granted = queues.granted.saturating_sub(1),
        }
        self.windows.wake(&mut state, pool);
    }
}

/// A request in flight; dropping it ends it.
pub(super) struct InFlight {
    windows: Arc<Windows>,
    node: Arc<str>,
    pool: ThreadPool,
    began: Instant,
    ended: Ended,
}

impl InFlight {
    pub fn end(mut self, ended: Ended) {
        self.ended = ended;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut state = self.windows.lock();
        let bounds = self.windows.bounds;
        let limits = state.nodes.get_mut(&self.node);
        if let Some(limit) = limits.and_then(|limits| limits.get_mut(self.pool.index())) {
            limit.end(self.ended, self.began, now, bounds);
        }
        self.windows.wake(&mut state, self.pool);
    }
}
