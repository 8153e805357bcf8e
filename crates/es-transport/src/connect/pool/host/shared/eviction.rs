//! The task that closes what became too old, and notices that the process was suspended.

use std::{
    sync::{Arc, Weak},
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{Runtime, SharedHost, State};

/// The delay of an eviction after which the process is taken to have been suspended: more
/// than a busy runtime causes.
const SUSPEND_SLACK: Duration = Duration::from_secs(5);

/// A running eviction task.
pub(super) struct Eviction {
    pub runtime: Runtime,
    /// The time by the wall clock at which it must have come round again.
    pub due_at: Option<SystemTime>,
}

impl SharedHost {
    /// Returns when an eviction task that runs now must have come round again.
    pub fn eviction_due_at(&self) -> Option<SystemTime> {
        let delay = self.settings.eviction_period() + SUSPEND_SLACK;
        self.settings.detector.now().checked_add(delay)
    }

    /// Drops all idle connections if the eviction task, which runs in this runtime, is
    /// long overdue: they are most likely dead.
    pub(super) fn check_suspended(&self, state: &mut State, runtime: &Runtime) {
        let Some(eviction) = &mut state.eviction else {
            return;
        };
        if eviction.runtime != *runtime {
            return;
        }
        let now = self.settings.detector.now();
        if eviction.due_at.is_some_and(|due_at| now > due_at) {
            eviction.due_at = self.eviction_due_at();
            state.was_suspended = true;
            state.host.clear_idle();
        }
    }
}

/// Closes idle connections of a host that are too old, until none is left.
pub(super) struct EvictionTask {
    host: Weak<SharedHost>,
}

impl EvictionTask {
    pub fn new(host: &Arc<SharedHost>) -> Self {
        Self {
            host: Arc::downgrade(host),
        }
    }

    pub async fn run(self, period: Duration) {
        loop {
            tokio::time::sleep(period).await;
            let Some(host) = self.host.upgrade() else {
                return;
            };
            let mut state = host.lock();
            if let Some(runtime) = state
                .eviction
                .as_ref()
                .map(|eviction| eviction.runtime.clone())
            {
                host.check_suspended(&mut state, &runtime);
            }
            let goes_on = state.host.evict(Instant::now());
            if let Some(eviction) = &mut state.eviction {
                eviction.due_at = host.eviction_due_at();
            }
            host.unlock(state);
            if !goes_on {
                return;
            }
        }
    }
}

impl Drop for EvictionTask {
    /// A task that ends, be it with its runtime, makes room for the next.
    fn drop(&mut self) {
        if let Some(host) = self.host.upgrade() {
            host.lock().eviction = None;
        }
    }
}
