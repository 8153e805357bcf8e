use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Sleep;

use crate::{
    body::BoxBody,
    error::{Error, Result, TimeoutPhase},
    timer::sleep,
};

pin_project! {
    /// A streamed body whose frames must each arrive in time.
    pub(super) struct TimeoutBody {
        inner: BoxBody,
        timeout: Duration,
        // Only while a frame is waited for.
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl TimeoutBody {
    pub fn new(inner: BoxBody, timeout: Duration) -> Self {
        Self {
            inner,
            timeout,
            sleep: None,
        }
    }
}

impl Body for TimeoutBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let mut this = self.project();
        if let Poll::Ready(frame) = Pin::new(&mut *this.inner).poll_frame(cx) {
            this.sleep.set(None);
            return Poll::Ready(frame);
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep(*this.timeout)?));
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
