//! The requests that wait for a connection, and the connects that run for them.

use std::{sync::Arc, time::Duration};

use tokio::{sync::oneshot, time::Instant};

use super::{Member, Runtime, SharedHost};
use crate::{
    connect::pool::{
        connection::{HttpConnection, PooledConnection},
        host::{Connect, Waiter},
    },
    error::{Error, Result, TimeoutPhase},
};

/// The sender of a waiting request.
pub(crate) struct Slot(pub oneshot::Sender<Result<Box<Member>>>);

impl Waiter<HttpConnection, Runtime> for Slot {
    fn deliver(self, member: Box<Member>) -> Result<(), Box<Member>> {
        match self.0.send(Ok(member)) {
            Err(Ok(member)) => Err(member),
            _ => Ok(()),
        }
    }
}

impl Slot {
    pub fn fail(self, error: Error) {
        // The request may be gone.
        drop(self.0.send(Err(error)));
    }
}

/// A place in the queue of a host.
pub(crate) struct Waiting {
    pub host: Arc<SharedHost>,
    pub id: u64,
    pub receiver: oneshot::Receiver<Result<Box<Member>>>,
}

impl Waiting {
    /// Waits for a connection, for at most this time.
    pub async fn connection(mut self, limit: Duration) -> Result<PooledConnection> {
        match tokio::time::timeout(limit, &mut self.receiver).await {
            Ok(Ok(Ok(member))) => Ok(PooledConnection::new(
                Arc::clone(&self.host),
                member,
                Instant::now(),
            )),
            Ok(Ok(Err(error))) => Err(error),
            // Without a sender nobody is left who could serve it.
            Ok(Err(_)) => Err(Error::closed()),
            Err(_elapsed) => Err(Error::timeout(TimeoutPhase::Acquire, limit)),
        }
    }
}

impl Drop for Waiting {
    /// A request that is given up may have been served just before.
    fn drop(&mut self) {
        // Connections are delivered under the lock: none can come after this.
        let mut state = self.host.lock();
        drop(state.host.leave(self.id));
        if let Ok(Ok(member)) = self.receiver.try_recv() {
            state.host.release(member, Instant::now());
        }
        self.host.unlock(state);
    }
}

impl SharedHost {
    /// Starts the connects that are needed. One that fails at once makes room for the
    /// next, which this loop starts too: the stack does not grow with the queue.
    #[cold]
    pub fn start_connects(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            if state.is_connecting {
                return;
            }
            let Some(Connect { waiter, runtime }) = state.host.next_connect() else {
                return;
            };
            state.is_connecting = true;
            let removed = state.host.take_removed();
            drop(state);

            drop(removed);
            let connecting = Connecting {
                host: Arc::clone(self),
                waiter,
                runtime,
                is_done: false,
            };
            connecting.runtime.clone().spawn(connecting.run());
            self.lock().is_connecting = false;
        }
    }

    fn connected(self: &Arc<Self>, waiter: u64, connection: HttpConnection, runtime: Runtime) {
        let now = Instant::now();
        let expires_at = self.settings.max_age().and_then(|age| now.checked_add(age));
        let member = Box::new(Member {
            connection,
            runtime,
            expires_at,
            good_at: now,
            is_reused: false,
        });
        let mut state = self.lock();
        state.host.connected(waiter, member, now);
        self.unlock(state);
    }

    fn connect_failed(self: &Arc<Self>, waiter: u64, runtime: &Runtime, error: Error) {
        let mut state = self.lock();
        let waiter = state.host.connect_failed(waiter, runtime);
        match waiter {
            Some(waiter) => waiter.fail(error),
            None => tracing::debug!(node = %self.uri, %error, "an unclaimed connect failed"),
        }
        self.unlock(state);
    }
}

/// A connect that runs for one waiter. Its connection is kept for others if that waiter
/// was served otherwise.
struct Connecting {
    host: Arc<SharedHost>,
    waiter: u64,
    runtime: Runtime,
    is_done: bool,
}

impl Connecting {
    async fn run(mut self) {
        let connecting = (self.host.settings.connect)(self.host.uri.clone());
        let connected = connecting.await;
        self.is_done = true;
        match connected {
            Ok(connection) => self
                .host
                .connected(self.waiter, connection, self.runtime.clone()),
            Err(error) => self.host.connect_failed(self.waiter, &self.runtime, error),
        }
    }
}

impl Drop for Connecting {
    /// A connector that panics, or a runtime that ends, must not leave its waiter waiting
    /// and its place taken.
    fn drop(&mut self) {
        if !self.is_done {
            let error = Error::connect_message("the connector gave up");
            self.host.connect_failed(self.waiter, &self.runtime, error);
        }
    }
}
