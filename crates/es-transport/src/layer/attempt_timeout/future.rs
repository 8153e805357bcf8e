use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::Response;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::body::Timed;
use crate::{
    attempt::Deadline,
    body::ResponseBody,
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
    pub(super) fn of(timeout: Option<Duration>, deadline: Option<Deadline>) -> Option<Self> {
        let total =
            deadline.map(|Deadline { at, after }| Self { at, phase: TimeoutPhase::Total, after });
        // A time that no clock can express never ends.
        let attempt = timeout.and_then(|after| {
            let at = Instant::now().checked_add(after)?;
            Some(Self { at, phase: TimeoutPhase::Attempt, after })
        });
        match (attempt, total) {
            (Some(attempt), Some(total)) if attempt.at < total.at => Some(attempt),
            (attempt, total) => total.or(attempt),
        }
    }

    #[cold]
    fn error(self) -> Error {
        Error::timeout(self.phase, self.after)
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

impl<F, RB, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
    E: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = this.inner.poll(cx);
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
        Poll::Ready(Err(limit.error()))
    }
}

/// An answer each of whose pieces must come in time, where it is a stream.
fn timed<RB>(answer: Response<RB>, timeout: Option<Duration>) -> Response<ResponseBody>
where
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    let mut answer = answer.map(ResponseBody::new);
    if let Some(timeout) = timeout {
        let body = answer.body_mut();
        body.wrap_stream(|stream| Timed::new(stream, timeout));
    }
    answer
}
