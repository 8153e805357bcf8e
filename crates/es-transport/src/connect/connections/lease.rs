//! A connection while a request uses it.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use hyper::body::Incoming;

use super::{
    line::{BoxLine, SendError},
    origin::Origin,
};
use crate::body::Body;

/// How long an exchange may go on after its answer was read: a server that
/// refused a request early (413) may never read the rest of it.
const MOST_TO_FINISH: Duration = Duration::from_secs(1);

/// A connection that is neither idle nor closed. It returns to its origin, or
/// is closed there, whatever happens to its user.
pub(super) struct Lease {
    origin: Arc<Origin>,
    line: Option<BoxLine>,
    /// Whether it served a request before, so that it may have died idle.
    reused: bool,
}

impl Lease {
    pub(super) fn new(origin: Arc<Origin>, line: BoxLine, reused: bool) -> Self {
        Self { origin, line: Some(line), reused }
    }

    pub(super) fn is_reused(&self) -> bool {
        self.reused
    }

    pub(super) fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    pub(super) fn send(&mut self, request: Request<Body>) {
        if let Some(line) = &mut self.line {
            line.as_mut().send(request);
        }
    }

    pub(super) fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<Incoming>, SendError>> {
        match &mut self.line {
            Some(line) => line.as_mut().poll_answer(cx),
            None => Poll::Pending,
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.line.as_ref().is_some_and(|line| line.is_ready())
    }

    /// Gives the connection back after an answer that was read to its end.
    ///
    /// Another thread may still be finishing the exchange; it is then waited for,
    /// up to a second.
    pub(super) fn finish(mut self) {
        let Some(line) = self.line.take() else { return };
        if line.is_ready() {
            return self.origin.check_in(line, true);
        }
        let origin = Arc::clone(&self.origin);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !line.is_closed() => {
                runtime.spawn(Self::new(origin, line, true).finish_when_ready());
            }
            _ => origin.check_out_closed(line),
        }
    }

    /// Closes the connection, whatever state it is in.
    pub(super) fn close(mut self) {
        if let Some(line) = self.line.take() {
            self.origin.check_out_closed(line);
        }
    }

    /// Dropped at the end, the lease gives a connection back that is ready and
    /// closes any other.
    async fn finish_when_ready(mut self) {
        let ready = poll_fn(|cx| match &mut self.line {
            Some(line) => line.as_mut().poll_ready(cx),
            None => Poll::Ready(false),
        });
        let _ = tokio::time::timeout(MOST_TO_FINISH, ready).await;
    }
}

impl Drop for Lease {
    /// A short answer that was not read has already passed the connection by,
    /// which can be used again; any other exchange that is given up closes it.
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            if line.is_ready() {
                self.origin.check_in(line, true);
            } else {
                self.origin.check_out_closed(line);
            }
        }
    }
}
