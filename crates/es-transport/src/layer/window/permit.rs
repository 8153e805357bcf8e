//! The permit of a request: waiting in a queue, granted, or used at nodes.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use smallvec::SmallVec;
use tokio::time::Instant;

use super::{
    limit::{Effect, Flight},
    windows::{Demand, Windows},
};
use crate::node::Node;

/// An extension of a request: the selector of its node counts it there.
pub(super) struct Permit {
    pub demand: Demand,
    windows: Arc<Windows>,
    id: u64,
    stage: Mutex<Stage>,
}

enum Stage {
    /// In a queue, or granted.
    Waiting,
    /// At these nodes: a layer below may send a request more than once.
    InFlight(SmallVec<[(Arc<str>, Flight); 1]>),
    Ended,
}

impl Permit {
    pub fn new(windows: Arc<Windows>, demand: Demand, id: u64) -> Self {
        Self {
            demand,
            windows,
            id,
            stage: Mutex::new(Stage::Waiting),
        }
    }

    /// Counts the request at a node.
    pub fn begin(&self, node: &Node) {
        let mut stage = self.stage();
        let is_first = match &*stage {
            Stage::Ended => return,
            Stage::Waiting => true,
            Stage::InFlight(_) => false,
        };
        let leaving = is_first.then_some(self.id);
        let flight = self
            .windows
            .begin(self.demand, node, leaving, Instant::now());
        let flight = (Arc::clone(node.shared_url()), flight);
        match &mut *stage {
            Stage::InFlight(flights) => flights.push(flight),
            stage => *stage = Stage::InFlight(SmallVec::from_iter([flight])),
        }
    }

    fn end(&self, effect: Effect) {
        let stage = mem::replace(&mut *self.stage(), Stage::Ended);
        match stage {
            Stage::Ended => {}
            Stage::Waiting => self.windows.leave(self.demand, self.id),
            Stage::InFlight(flights) => self.windows.end(self.demand.pool, flights, effect),
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a permit when it is dropped.
pub(super) struct PermitGuard(pub Arc<Permit>);

impl PermitGuard {
    pub fn end(self, effect: Effect) {
        self.0.end(effect);
    }
}

impl Drop for PermitGuard {
    fn drop(&mut self) {
        self.0.end(Effect::None);
    }
}
