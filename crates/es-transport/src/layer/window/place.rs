//! The place of a request: in a queue, with a grant, or in the windows of nodes.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use smallvec::SmallVec;
use tokio::time::Instant;

use super::{
    limit::{Ended, Flight},
    windows::{Demand, Windows},
};
use crate::node::{Node, NodePool};

/// An extension of a request: whoever selects a node for it takes a place in the window of
/// that node.
pub(super) struct Place {
    pub demand: Demand,
    windows: Arc<Windows>,
    nodes: Arc<NodePool>,
    id: u64,
    stage: Mutex<Stage>,
}

enum Stage {
    /// In a queue, or with a grant.
    Waiting,
    /// At these nodes: a layer below may send a request more than once.
    InFlight(SmallVec<[(Arc<str>, Flight); 1]>),
    Ended,
}

impl Place {
    pub fn new(windows: Arc<Windows>, demand: Demand, nodes: Arc<NodePool>, id: u64) -> Self {
        Self {
            demand,
            windows,
            nodes,
            id,
            stage: Mutex::new(Stage::Waiting),
        }
    }

    /// Takes a place in the window of a node.
    pub fn begin(&self, node: &Node) {
        let mut stage = self.stage();
        if matches!(*stage, Stage::Ended) {
            return;
        }
        let (windows, pool) = (&self.windows, self.demand.pool);
        let mut state = windows.lock();
        let url = node.shared_url();
        let Some(limit) = state.limit(url, pool, windows, &self.nodes) else {
            return;
        };
        let flight = (Arc::clone(url), limit.begin(Instant::now()));
        match &mut *stage {
            Stage::InFlight(flights) => flights.push(flight),
            _ => {
                state.leave(self.demand, self.id);
                *stage = Stage::InFlight(SmallVec::from_iter([flight]));
            }
        }
    }

    fn end(&self, ended: Ended) {
        let (windows, pool) = (&self.windows, self.demand.pool);
        let stage = mem::replace(&mut *self.stage(), Stage::Ended);
        let mut state = windows.lock();
        match stage {
            Stage::Ended => return,
            Stage::Waiting => state.leave(self.demand, self.id),
            Stage::InFlight(flights) => {
                let now = Instant::now();
                for (url, flight) in flights {
                    if let Some(limit) = state.limit(&url, pool, windows, &self.nodes) {
                        limit.end(ended, flight, now, windows.bounds);
                    }
                }
            }
        }
        windows.wake(&mut state, pool);
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds a place until it is dropped.
pub(super) struct Held(pub Arc<Place>);

impl Held {
    pub fn end(self, ended: Ended) {
        self.0.end(ended);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.end(Ended::Unknown);
    }
}
