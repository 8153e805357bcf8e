//! What comes back.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;

use super::collect;
use crate::error::{BoxError, Error, Result};

/// The body of an answer: bytes that were collected within the attempt, or a
/// stream where the caller asked for one.
#[derive(Default)]
pub struct ResponseBody {
    answer: Answer,
    node: Option<Arc<str>>,
}

#[derive(Default)]
enum Answer {
    #[default]
    Empty,
    Full(Bytes),
    Stream {
        first: Option<Result<Bytes>>,
        rest: Pin<Box<dyn HttpBody<Data = Bytes, Error = Error> + Send>>,
    },
}

impl ResponseBody {
    /// Takes any body. One whose bytes are all at hand is taken without a box.
    ///
    /// A body that is not `Unpin` is passed as `Box::pin(body)`.
    pub fn new<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        if body.is_end_stream() {
            return Self::default();
        }
        let mut body = body.map_err(Error::from_service);
        // What is not ready now is polled again by its reader, with its own waker.
        let mut cx = Context::from_waker(Waker::noop());
        let first = match Pin::new(&mut body).poll_frame(&mut cx) {
            Poll::Ready(None) => return Self::default(),
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) if body.is_end_stream() => return data.into(),
                Ok(data) => Some(Ok(data)),
                Err(_trailers) => None,
            },
            Poll::Ready(Some(Err(error))) => Some(Err(error)),
            Poll::Pending => None,
        };
        Self { answer: Answer::Stream { first, rest: Box::pin(body) }, node: None }
    }

    /// Says which node it came from: its URL, without user info.
    #[must_use]
    pub fn with_node(mut self, node: Arc<str>) -> Self {
        self.node = Some(node);
        self
    }

    /// The URL of the node that it came from, without user info; `None` where
    /// the stack selects no node.
    pub fn node(&self) -> Option<&Arc<str>> {
        self.node.as_ref()
    }

    /// The bytes, where they are all at hand; a stream is given back.
    ///
    /// # Errors
    /// The body itself, if it is a stream.
    pub fn try_into_bytes(self) -> Result<Bytes, Self> {
        match self.answer {
            Answer::Empty => Ok(Bytes::new()),
            Answer::Full(bytes) => Ok(bytes),
            answer @ Answer::Stream { .. } => Err(Self { answer, node: self.node }),
        }
    }

    /// Reads all of it. An answer that was collected within its attempt is
    /// handed out as it is.
    ///
    /// # Errors
    /// The connection broke, the time was over, or the answer cannot be
    /// decompressed; only a stream can fail here.
    pub async fn bytes(self) -> Result<Bytes> {
        match self.try_into_bytes() {
            Ok(bytes) => Ok(bytes),
            Err(stream) => collect(stream, usize::MAX).await,
        }
    }

    /// The next piece of a stream; `None` at its end.
    ///
    /// # Errors
    /// As [`ResponseBody::bytes`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        loop {
            let frame = std::future::poll_fn(|cx| Pin::new(&mut *self).poll_frame(cx)).await;
            match frame.transpose()?.map(Frame::into_data) {
                None => return Ok(None),
                Some(Ok(data)) => return Ok(Some(data)),
                Some(Err(_trailers)) => {}
            }
        }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        match &mut self.answer {
            Answer::Empty => Poll::Ready(None),
            Answer::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.answer = Answer::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Answer::Stream { first, rest } => match first.take() {
                Some(first) => Poll::Ready(Some(first.map(Frame::data))),
                None => rest.as_mut().poll_frame(cx),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.answer {
            Answer::Empty => true,
            Answer::Full(_) => false,
            Answer::Stream { first, rest } => first.is_none() && rest.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.answer {
            Answer::Empty => SizeHint::with_exact(0),
            Answer::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Answer::Stream { first: Some(Ok(first)), rest } => {
                let (first, rest) = (first.len() as u64, rest.size_hint());
                let mut hint = SizeHint::new();
                hint.set_lower(rest.lower().saturating_add(first));
                if let Some(upper) = rest.upper() {
                    hint.set_upper(upper.saturating_add(first));
                }
                hint
            }
            Answer::Stream { rest, .. } => rest.size_hint(),
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer {
            Answer::Empty => f.write_str("ResponseBody(empty)"),
            Answer::Full(bytes) => write!(f, "ResponseBody({} bytes)", bytes.len()),
            Answer::Stream { .. } => f.write_str("ResponseBody(stream)"),
        }
    }
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> Self {
        let answer = if bytes.is_empty() { Answer::Empty } else { Answer::Full(bytes) };
        Self { answer, node: None }
    }
}
