use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::decoder::Decoder;
use crate::error::{BoxError, Error, Result};

pin_project! {
    /// The answer's body: as it came, inflated at hand, or inflated as it comes.
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        content: Content,
    }
}

pub(super) enum Content {
    /// What the inner body gives.
    Plain,
    /// This, and nothing of the inner body, which is at its end. Boxed, since
    /// it is rare and would make every answer larger.
    Whole(Box<Bytes>),
    /// What the inner body gives is gzip.
    Gzip(Box<Streamed>),
    /// All was given out, or an error.
    Done,
}

pub(super) struct Streamed {
    decoder: Decoder,
    input: Bytes,
}

impl<B> ResponseBody<B> {
    /// The body of the service below.
    pub fn get_ref(&self) -> &B {
        &self.inner
    }

    pub(super) fn plain(inner: B) -> Self {
        Self { inner, content: Content::Plain }
    }

    pub(super) fn whole(inner: B, bytes: Bytes) -> Self {
        Self { inner, content: Content::Whole(Box::new(bytes)) }
    }

    /// `input` was already read from `inner`.
    pub(super) fn gzip(inner: B, input: Bytes, limit: usize) -> Self {
        let streamed = Streamed { decoder: Decoder::new(limit), input };
        Self { inner, content: Content::Gzip(Box::new(streamed)) }
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
        let this = self.project();
        let result = match this.content {
            Content::Plain => return this.inner.poll_frame(cx).map_err(Error::from_service),
            Content::Done => return Poll::Ready(None),
            Content::Whole(bytes) => {
                let bytes = std::mem::take(&mut **bytes);
                *this.content = Content::Done;
                return Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))));
            }
            Content::Gzip(streamed) => ready!(streamed.poll_frame(this.inner, cx)),
        };
        if !matches!(result, Some(Ok(_))) {
            *this.content = Content::Done;
        }
        Poll::Ready(result)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Plain => self.inner.is_end_stream(),
            Content::Whole(bytes) => bytes.is_empty(),
            Content::Gzip(_) => false,
            Content::Done => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Plain => self.inner.size_hint(),
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Gzip(_) => SizeHint::default(),
            Content::Done => SizeHint::with_exact(0),
        }
    }
}

impl Streamed {
    fn poll_frame<B>(
        &mut self,
        mut inner: Pin<&mut B>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        loop {
            if let Some(piece) = self.decoder.piece(&mut self.input)? {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            match ready!(inner.as_mut().poll_frame(cx)) {
                None => return Poll::Ready(self.decoder.finish().err().map(Err)),
                Some(Err(error)) => return Poll::Ready(Some(Err(Error::from_service(error)))),
                // Trailers come after all data, and say nothing of it.
                Some(Ok(frame)) => self.input = frame.into_data().unwrap_or_default(),
            }
        }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = match self.content {
            Content::Plain => "plain",
            Content::Whole(_) => "inflated",
            Content::Gzip(_) => "gzip",
            Content::Done => "done",
        };
        f.debug_tuple("inflate::ResponseBody").field(&content).finish()
    }
}
