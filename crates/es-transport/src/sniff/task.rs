//! Looks that nobody waits for.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::{
    runtime::Handle,
    sync::oneshot::{self, Receiver, Sender},
    time::Instant,
};

use super::{
    schedule::REST,
    sniffer::{Inner, Look},
};

/// Starts the background task once. The task ends when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Starter(Mutex<Option<Sender<()>>>);

impl Starter {
    /// Starts the task that looks from time to time, if there is none yet and
    /// a runtime to run it. One that ended with its runtime is started anew.
    pub(super) fn start(&self, inner: &Arc<Inner>) {
        let mut alive = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if alive.as_ref().is_some_and(|alive| !alive.is_closed()) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let (sender, end) = oneshot::channel();
            *alive = Some(sender);
            runtime.spawn(run(Arc::downgrade(inner), end));
        }
    }
}

/// Looks whenever a look is due. Between looks it holds nothing but a weak
/// reference, so it keeps no connection and no pool alive.
async fn run(sniffer: Weak<Inner>, mut end: Receiver<()>) {
    loop {
        let Some(due) = sniffer.upgrade().and_then(|inner| inner.schedule.due_at()) else {
            return;
        };
        if tokio::time::timeout_at(due, &mut end).await.is_ok() {
            return;
        }
        let Some(inner) = sniffer.upgrade() else { return };
        if inner.schedule.is_due(Instant::now())
            && let Some(look) = Look::begin(&inner, false)
        {
            drop(inner);
            // The look has logged its failure; the next one is due later, unless
            // there is nothing left to look for.
            if look.run().await.is_err_and(|error| error.is_closed()) {
                return;
            }
        } else {
            // A request runs the look that was due.
            let delay = inner.options.min_delay.max(REST);
            drop(inner);
            if tokio::time::timeout(delay, &mut end).await.is_ok() {
                return;
            }
        }
    }
}

/// Runs a look in the background; gives it back where there is no runtime.
pub(super) fn spawn(look: Look) -> Result<(), Look> {
    match Handle::try_current() {
        Ok(runtime) => {
            runtime.spawn(async move {
                // The look has logged its failure.
                let _ = look.run().await;
            });
            Ok(())
        }
        Err(_) => Err(look),
    }
}
