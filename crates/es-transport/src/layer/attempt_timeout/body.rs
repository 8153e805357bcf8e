use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

use crate::error::{BoxError, Error, Result, TimeoutPhase};

pin_project! {
    /// The body of an answer whose every piece must come in time. One that is
    /// at hand in memory costs no timer.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        timeout: Option<Duration>,
        // Boxed, so that the body is `Unpin`, and only while a piece is waited for.
        sleep: Option<Pin<Box<Sleep>>>,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn new(inner: B, timeout: Option<Duration>) -> Self {
        Self { inner, timeout, sleep: None }
    }

    /// The body without the limit on its reading.
    pub fn into_inner(self) -> B {
        self.inner
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>>>> {
        let this = self.project();
        if let Poll::Ready(frame) = this.inner.poll_frame(cx) {
            *this.sleep = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from_service)));
        }
        let Some(timeout) = *this.timeout else { return Poll::Pending };
        let timer = this.sleep.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(timer.as_mut().poll(cx));
        *this.sleep = None;
        Poll::Ready(Some(Err(Error::timeout(TimeoutPhase::Read, timeout))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
