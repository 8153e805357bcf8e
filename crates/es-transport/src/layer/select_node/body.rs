use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};

use super::attempt::Attempt;
use crate::{
    body::BoxBody,
    error::{Error, Result},
};

/// A stream that reports to the pool when it has been read to its end.
pub(super) struct TrackedBody {
    inner: BoxBody,
    status: StatusCode,
    attempt: Attempt,
}

impl TrackedBody {
    pub fn new(inner: BoxBody, status: StatusCode, attempt: Attempt) -> Self {
        Self {
            inner,
            status,
            attempt,
        }
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let frame = match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
            Some(Ok(frame)) => Some(Ok(frame)),
            Some(Err(error)) => Some(Err(this.attempt.failed(error))),
            None => None,
        };
        if frame.is_none() || this.inner.is_end_stream() {
            this.attempt.done(this.status);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
