use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;
use tracing::{Level, Span, enabled, warn};

use super::{
    outcome::{Subject, record},
    warned::WARNED,
};
use crate::{
    error::{BoxError, Error, Result},
    warning,
};

/// The target of events about a server's warnings.
const WARNING_TARGET: &str = "es_transport::warning";

pin_project! {
    /// The future of [`Trace`](super::Trace) and [`TraceAttempt`](super::TraceAttempt).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        span: Span,
        // Of a span that is not disabled.
        subject: Option<Box<Subject>>,
        // Whether the warnings of the response become events.
        warns: bool,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, span: Span, subject: Option<Box<Subject>>) -> Self {
        Self {
            inner,
            span,
            subject,
            warns: false,
        }
    }

    pub(super) fn with_warnings(mut self) -> Self {
        self.warns = true;
        self
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
        let entered = this.span.enter();
        let polled = this.inner.poll(cx);
        if *this.warns
            && let Poll::Ready(Ok(response)) = &polled
            && enabled!(target: WARNING_TARGET, Level::WARN)
        {
            for text in warning::texts(response.headers()) {
                if WARNED.is_new(&text) {
                    warn!(target: WARNING_TARGET, "{text}");
                }
            }
        }
        drop(entered);
        if this.span.is_disabled() {
            return polled.map_err(Error::from_service);
        }
        let result = ready!(polled).map_err(Error::from_service);
        record(this.span, this.subject.as_deref(), result.as_ref());
        Poll::Ready(result)
    }
}
