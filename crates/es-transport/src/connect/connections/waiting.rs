//! A request that waits for a connection.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{sync::oneshot, time::Instant};

use super::{lease::Lease, origin::Origin, state::Given};
use crate::{
    attempt::is_last_call,
    body::Body,
    error::{Error, Result, TimeoutPhase},
    message::Outgoing,
};

/// A place in an origin's queue, with the request that stands there.
pub(super) struct Waiting {
    origin: Arc<Origin>,
    id: u64,
    receiver: oneshot::Receiver<Result<Given>>,
    request: Option<Outgoing<Body>>,
    since: Instant,
}

impl Waiting {
    pub(super) fn new(
        origin: Arc<Origin>,
        id: u64,
        receiver: oneshot::Receiver<Result<Given>>,
        request: Outgoing<Body>,
    ) -> Self {
        Self { origin, id, receiver, request: Some(request), since: Instant::now() }
    }

    /// Waits for a connection and sends the request on it.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Lease>> {
        let given = Pin::new(&mut self.receiver).poll(cx);
        if given.is_pending() && is_last_call() {
            // Weak evidence against the node, as any time that is over.
            let error = Error::timeout(TimeoutPhase::Attempt, self.since.elapsed());
            return Poll::Ready(Err(error.unsent()));
        }
        let given = ready!(given);
        let request = self.request.take();
        Poll::Ready(match (given, request) {
            (Ok(Ok(given)), Some(request)) => {
                let mut lease = Lease::new(Arc::clone(&self.origin), given.line, given.reused);
                lease.send(request);
                Ok(lease)
            }
            (Ok(Err(error)), _) => Err(error),
            // Without a sender nobody is left who could serve it.
            _ => Err(Error::closed()),
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.request.is_some() {
            self.origin.give_up(self.id, &mut self.receiver);
        }
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("node", self.origin.uri()).finish_non_exhaustive()
    }
}
