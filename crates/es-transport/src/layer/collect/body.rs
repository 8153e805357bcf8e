use std::{
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::error::{BoxError, Error, Result};

/// The body of an answer: all its bytes, or a stream where that was asked for.
#[derive(Debug)]
pub struct ResponseBody<B>(Kind<B>);

#[derive(Debug)]
enum Kind<B> {
    Full(Bytes),
    // Boxed, since it is the rare one and would make every answer larger.
    Stream(Pin<Box<Stream<B>>>),
}

pin_project! {
    #[derive(Debug)]
    struct Stream<B> {
        #[pin]
        body: B,
        // What is left of the request's own limit.
        left: usize,
        limit: usize,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn full(bytes: Bytes) -> Self {
        Self(Kind::Full(bytes))
    }

    pub(super) fn stream(body: B, limit: usize) -> Self {
        Self(Kind::Stream(Box::pin(Stream { body, left: limit, limit })))
    }

    /// The bytes that are left of a collected answer; `None` for a stream.
    pub fn collected(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Full(bytes) => Some(bytes),
            Kind::Stream(_) => None,
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
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        match &mut self.0 {
            Kind::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(mem::take(bytes))))),
            Kind::Stream(stream) => {
                let stream = stream.as_mut().project();
                let Some(frame) = ready!(stream.body.poll_frame(cx)) else {
                    return Poll::Ready(None);
                };
                let frame = frame.map_err(Error::from_service)?;
                let size = frame.data_ref().map_or(0, Bytes::len);
                let Some(rest) = stream.left.checked_sub(size) else {
                    return Poll::Ready(Some(Err(too_large(*stream.limit))));
                };
                *stream.left = rest;
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Full(bytes) => bytes.is_empty(),
            Kind::Stream(stream) => stream.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(stream) => stream.body.size_hint(),
        }
    }
}

fn too_large(limit: usize) -> Error {
    Error::body(format!("it has more than {limit} bytes, the `max_response_size`"))
}
