use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::{
    error::{BoxError, Error, Result},
    options::too_large,
};

pin_project! {
    /// A response that is returned as a stream, up to the request's own limit.
    #[derive(Debug)]
    pub(super) struct LimitedBody<B> {
        #[pin]
        body: B,
        left: usize,
        limit: usize,
    }
}

impl<B> LimitedBody<B> {
    pub fn new(body: B, limit: usize) -> Self {
        Self {
            body,
            left: limit,
            limit,
        }
    }
}

impl<B> Body for LimitedBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.project();
        let Some(frame) = ready!(this.body.poll_frame(cx)) else {
            return Poll::Ready(None);
        };
        let frame = frame.map_err(Error::from_service)?;
        let size = frame.data_ref().map_or(0, Bytes::len);
        let Some(rest) = this.left.checked_sub(size) else {
            return Poll::Ready(Some(Err(too_large(*this.limit))));
        };
        *this.left = rest;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
