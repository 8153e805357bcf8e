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
    any_response::{AnyResponse, Erase},
    attempt::{Deadline, last_call},
    error::{BoxError, Error, Result, TimeoutPhase},
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

    /// The error of an attempt that ended so when its future was polled a last time.
    #[cold]
    fn error<T, E: Into<BoxError>>(self, last: Poll<Result<T, E>>) -> Error {
        let error = Error::timeout(self.phase, self.after);
        let last = match last {
            Poll::Ready(Err(last)) => Error::from_service(last),
            _ => return error,
        };
        if last.is_unsent() { error.unsent() } else { error }
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
            let mut answer = result.map_err(Error::from_service)?.erase();
            if let Some(timeout) = *this.read {
                let body = answer.as_response_mut().body_mut();
                body.wrap_stream(|stream| Timed::new(stream, timeout));
            }
            return Poll::Ready(Ok(answer));
        }
        let Some(limit) = this.limit else { return Poll::Pending };
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(limit.at)));
        }
        if let Some(sleep) = this.sleep.as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        Poll::Ready(Err(limit.error(last_call(|| this.inner.poll(cx)))))
    }
}
