//! Sniffs in the background.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::{
    runtime::Handle,
    sync::oneshot::{self, Receiver, Sender},
    time::Instant,
};

use super::{
    schedule::REST,
    sniffer::{Inner, Refresh},
};

/// Starts the background task once. The task ends when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Starter(Mutex<Option<Sender<()>>>);

impl Starter {
    /// Starts the periodic task, if there is none yet and a runtime to run it.
    /// One that ended with its runtime is started anew.
    pub fn start(&self, inner: &Arc<Inner>) {
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

/// Sniffs whenever it is due. Between sniffs it holds only a weak reference,
/// so it keeps no connection and no pool alive.
async fn run(sniffer: Weak<Inner>, mut end: Receiver<()>) {
    loop {
        let Some(due) = sniffer.upgrade().and_then(|inner| inner.schedule.due_at()) else {
            return;
        };
        if tokio::time::timeout_at(due, &mut end).await.is_ok() {
            return;
        }
        let Some(inner) = sniffer.upgrade() else {
            return;
        };
        if inner.schedule.is_due(Instant::now())
            && let Some(refresh) = Refresh::begin(&inner, false)
        {
            drop(inner);
            // The sniff has reported its failure; the next one is due later,
            // unless the transport is closed.
            if refresh.run().await.is_err_and(|error| error.is_closed()) {
                return;
            }
        } else {
            // A request runs the sniff that was due.
            let delay = inner.options.min_delay.max(REST);
            drop(inner);
            if tokio::time::timeout(delay, &mut end).await.is_ok() {
                return;
            }
        }
    }
}

impl Refresh {
    /// Runs the sniff in the background; returns it where there is no runtime.
    pub fn spawn(self) -> Result<(), Self> {
        match Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    // The sniff has reported its failure.
                    let _ = self.run().await;
                });
                Ok(())
            }
            Err(_) => Err(self),
        }
    }
}
