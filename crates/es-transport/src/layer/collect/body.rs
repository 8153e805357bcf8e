use std::{
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::error::{BoxError, Error, Result};

pin_project! {
    /// The body of an answer: all its bytes, or a stream where that was asked for.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProj]
    #[derive(Debug)]
    enum Kind<B> {
        Full { bytes: Bytes },
        // What is left of the request's own limit, and the limit.
        Stream { #[pin] body: B, left: usize, limit: usize },
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn full(bytes: Bytes) -> Self {
        Self { kind: Kind::Full { bytes } }
    }

    pub(super) fn stream(body: B, limit: usize) -> Self {
        Self { kind: Kind::Stream { body, left: limit, limit } }
    }

    /// The bytes that are left of a collected answer; `None` for a stream.
    pub fn collected(&self) -> Option<&Bytes> {
        match &self.kind {
            Kind::Full { bytes } => Some(bytes),
            Kind::Stream { .. } => None,
        }
    }
}

impl<B> Body for ResponseBody<B>
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
        match self.project().kind.project() {
            KindProj::Full { bytes } if bytes.is_empty() => Poll::Ready(None),
            KindProj::Full { bytes } => Poll::Ready(Some(Ok(Frame::data(mem::take(bytes))))),
            KindProj::Stream { body, left, limit } => {
                let Some(frame) = ready!(body.poll_frame(cx)) else { return Poll::Ready(None) };
                let frame = frame.map_err(Error::from_service)?;
                let size = frame.data_ref().map_or(0, Bytes::len);
                let Some(rest) = left.checked_sub(size) else {
                    return Poll::Ready(Some(Err(too_large(*limit))));
                };
                *left = rest;
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Full { bytes } => bytes.is_empty(),
            Kind::Stream { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Full { bytes } => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream { body, .. } => body.size_hint(),
        }
    }
}

fn too_large(limit: usize) -> Error {
    Error::body(format!("it has more than {limit} bytes, the `max_response_size`"))
}
