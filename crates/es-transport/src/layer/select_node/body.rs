use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::attempt::Attempt;
use crate::{
    error::{BoxError, Error},
    node::Node,
};

pin_project! {
    /// The body of an answer, which knows the node that it came from and tells
    /// the pool when it has been read to its end.
    #[derive(Debug)]
    pub struct SelectedBody<B> {
        #[pin]
        inner: B,
        status: StatusCode,
        attempt: Attempt,
    }
}

impl<B> SelectedBody<B> {
    pub(super) fn new(inner: B, status: StatusCode, mut attempt: Attempt) -> Self
    where
        B: Body,
    {
        if inner.is_end_stream() {
            attempt.done(status);
        }
        Self { inner, status, attempt }
    }

    /// The node that answered.
    pub fn node(&self) -> &Node {
        self.attempt.node()
    }

    /// The body below. Nothing more is told about the node.
    pub fn into_inner(self) -> B {
        self.inner
    }
}

impl<B> Body for SelectedBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Error>>> {
        let mut this = self.project();
        let frame = match ready!(this.inner.as_mut().poll_frame(cx)) {
            Some(Ok(frame)) => Some(Ok(frame)),
            Some(Err(error)) => Some(Err(this.attempt.failed(Error::from_service(error)))),
            None => None,
        };
        if frame.is_none() || this.inner.is_end_stream() {
            this.attempt.done(*this.status);
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
