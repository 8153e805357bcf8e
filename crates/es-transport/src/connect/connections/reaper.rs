//! Closes connections that were idle for too long.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::runtime::Handle;

use super::origin::Origin;

/// Starts the reaper of an origin whose first connection became idle.
pub(super) fn start(origin: &Arc<Origin>, round: Duration) {
    let watch = Watch { origin: Arc::downgrade(origin), is_over: false };
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(run(watch, round));
    }
}

/// Ends with the origin, and as soon as nothing is idle.
async fn run(mut watch: Watch, round: Duration) {
    loop {
        tokio::time::sleep(round).await;
        match watch.origin.upgrade() {
            Some(origin) if origin.reap() => {}
            _ => break,
        }
    }
    watch.is_over = true;
}

/// A reaper that ends before its time, with its runtime, or that never began
/// for want of one, makes room for another.
struct Watch {
    origin: Weak<Origin>,
    is_over: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(origin) = self.origin.upgrade().filter(|_| !self.is_over) {
            origin.reaper_missing();
        }
    }
}
