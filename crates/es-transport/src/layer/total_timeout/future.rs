use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};

use crate::{
    attempt::Deadline,
    error::{BoxError, Error, Result, TimeoutPhase},
};

pin_project! {
    /// The future of [`TotalTimeout`](super::TotalTimeout).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // Boxed: by default there is none, and it would make every future larger.
        sleep: Option<Pin<Box<Sleep>>>,
        deadline: Option<Deadline>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, deadline: Option<Deadline>) -> Self {
        Self { inner, sleep: None, deadline }
    }
}

impl<F, RB, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<RB>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The inner future comes first: when its timer strikes at the same
        // moment, its error is the one that tells the attempts.
        let polled = this.inner.poll(cx);
        if polled.is_ready() {
            return polled.map_err(Error::from_service);
        }
        let Some(deadline) = *this.deadline else { return Poll::Pending };
        let sleep = this.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline.at)));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Err(Error::timeout(TimeoutPhase::Total, deadline.after)))
    }
}
