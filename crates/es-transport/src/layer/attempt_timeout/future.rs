use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::body::Timed;
use crate::{
    attempt::{Deadline, last_call},
    error::{BoxError, Error, Result, TimeoutPhase},
    message::{AnyResponse, Erase},
};

/// The moment at which an attempt ends, and what to say then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    at: Instant,
    phase: TimeoutPhase,
    after: Duration,
}

impl Limit {
    /// The earlier of the attempt's end and the total deadline.
    pub(super) fn of(
        timeout: Option<Duration>,
        deadline: Option<Deadline>,
        began: Option<Instant>,
    ) -> Option<Self> {
        let total =
            deadline.map(|Deadline { at, after }| Self { at, phase: TimeoutPhase::Total, after });
        // A time that no clock can express never ends.
        let attempt = timeout.and_then(|after| {
            let at = began.unwrap_or_else(Instant::now).checked_add(after)?;
            Some(Self { at, phase: TimeoutPhase::Attempt, after })
        });
        match (attempt, total) {
            (Some(attempt), Some(total)) if attempt.at < total.at => Some(attempt),
            (attempt, total) => total.or(attempt),
        }
    }

    /// The error of an attempt whose future ended so, or not at all, when it was
    /// polled a last time.
    #[cold]
    fn error(self, last: Option<Error>) -> Error {
        let error = Error::timeout(self.phase, self.after);
        if last.is_some_and(|last| last.is_unsent()) { error.unsent() } else { error }
    }
}

pin_project! {
    /// The future of [`AttemptTimeout`](super::AttemptTimeout).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // Made when there is something to wait for: an answer at hand costs no
        // timer, and where no runtime is, the service below can say so.
        #[pin]
        sleep: Option<Sleep>,
        limit: Option<Limit>,
        read: Option<Duration>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, limit: Option<Limit>, read: Option<Duration>) -> Self {
        Self { inner, sleep: None, limit, read }
    }
}

impl<F, A, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<A, E>>,
    A: Erase,
    E: Into<BoxError>,
{
    type Output = Result<A::Erased>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = this.inner.as_mut().poll(cx);
        if let Poll::Ready(result) = polled {
            return Poll::Ready(
                result.map(|answer| timed(answer, *this.read)).map_err(Error::from_service),
            );
        }
        let Some(limit) = this.limit else { return Poll::Pending };
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(limit.at)));
        }
        if let Some(sleep) = this.sleep.as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        Poll::Ready(match last_call(|| this.inner.poll(cx)) {
            Poll::Ready(Ok(answer)) => Ok(timed(answer, *this.read)),
            Poll::Ready(Err(error)) => Err(limit.error(Some(Error::from_service(error)))),
            Poll::Pending => Err(limit.error(None)),
        })
    }
}

/// An answer each of whose pieces must come in time, where it is a stream.
fn timed<A: Erase>(answer: A, timeout: Option<Duration>) -> A::Erased {
    let mut answer = answer.erase();
    if let Some(timeout) = timeout {
        let body = answer.as_response_mut().body_mut();
        body.wrap_stream(|stream| Timed::new(stream, timeout));
    }
    answer
}
