//! Closes connections that were idle for too long.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::runtime::Handle;

use super::origin::Origin;

/// Starts the reaper of an origin whose first connection became idle; says
/// whether there was a runtime to start it on.
pub(super) fn start(origin: &Arc<Origin>, round: Duration) -> bool {
    let Ok(runtime) = Handle::try_current() else { return false };
    runtime.spawn(run(Arc::downgrade(origin), round));
    true
}

/// Ends with the origin, and as soon as nothing is idle.
async fn run(origin: Weak<Origin>, round: Duration) {
    loop {
        tokio::time::sleep(round).await;
        match origin.upgrade() {
            Some(origin) if origin.reap() => {}
            _ => return,
        }
    }
}
