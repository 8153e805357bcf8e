use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;
use tracing::Span;

use super::outcome::record;
use crate::error::{BoxError, Error, Result};

pin_project! {
    /// The future of [`Trace`](super::Trace) and [`TraceAttempt`](super::TraceAttempt).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        span: Span,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, span: Span) -> Self {
        Self { inner, span }
    }
}

impl<F, RB, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<RB>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.span.is_disabled() {
            return this.inner.poll(cx).map_err(Error::from_service);
        }
        let entered = this.span.enter();
        let result = ready!(this.inner.poll(cx)).map_err(Error::from_service);
        drop(entered);
        record(this.span, &result);
        Poll::Ready(result)
    }
}
