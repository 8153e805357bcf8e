use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

use crate::{
    body::BoxBody,
    error::{Error, Result, TimeoutPhase},
};

pin_project! {
    /// A stream whose every piece must come in time.
    pub(super) struct Timed {
        inner: BoxBody,
        timeout: Duration,
        // Only while a piece is waited for.
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Timed {
    pub(super) fn new(inner: BoxBody, timeout: Duration) -> Self {
        Self { inner, timeout, sleep: None }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let mut this = self.project();
        if let Poll::Ready(frame) = this.inner.as_mut().poll_frame(cx) {
            this.sleep.set(None);
            return Poll::Ready(frame);
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep(*this.timeout)));
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        this.sleep.set(None);
        Poll::Ready(Some(Err(Error::timeout(TimeoutPhase::Read, *this.timeout))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
