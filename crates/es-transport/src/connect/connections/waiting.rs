//! A request that waits for a connection.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use http::Request;
use tokio::{
    sync::oneshot,
    time::{Sleep, sleep},
};

use super::{lease::Lease, origin::Origin, state::Given};
use crate::{
    body::Body,
    error::{Error, Result, TimeoutPhase},
};

/// A place in an origin's queue, with the request that stands there.
pub(super) struct Waiting {
    origin: Arc<Origin>,
    id: u64,
    receiver: oneshot::Receiver<Result<Given>>,
    request: Option<Request<Body>>,
    after: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl Waiting {
    pub(super) fn new(
        origin: Arc<Origin>,
        id: u64,
        receiver: oneshot::Receiver<Result<Given>>,
        request: Request<Body>,
        after: Duration,
    ) -> Self {
        let sleep = Box::pin(sleep(after));
        Self { origin, id, receiver, request: Some(request), after, sleep }
    }

    /// Waits for a connection and sends the request on it.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Lease>> {
        let given = Pin::new(&mut self.receiver).poll(cx);
        if given.is_pending() && self.sleep.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(Error::timeout(TimeoutPhase::Acquire, self.after)));
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
