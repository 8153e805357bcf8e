//! Bodies: what is sent can be sent again without a copy, what comes back is
//! bytes where it was collected below and a stream where it was not.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;

use crate::error::{BoxError, Error, Result};

/// The body of a request: nothing, bytes, a list of bytes, or a stream.
///
/// All but a stream can be sent again: [`Replay::try_clone`] counts references
/// and copies nothing.
///
/// ```
/// use es_transport::{Body, Replay};
///
/// let body = Body::from(r#"{"query":{"match_all":{}}}"#);
/// assert!(body.try_clone().is_some());
/// assert_eq!(body.len(), Some(26));
/// ```
#[derive(Default)]
pub struct Body(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Bytes(Bytes),
    List {
        list: Arc<[Bytes]>,
        next: usize,
    },
    Stream(Pin<Box<dyn HttpBody<Data = Bytes, Error = BoxError> + Send>>),
}

impl Body {
    /// No body at all.
    pub const fn empty() -> Self {
        Self(Kind::Empty)
    }

    /// Pieces that are sent one after the other, without being joined.
    pub fn list(pieces: impl Into<Arc<[Bytes]>>) -> Self {
        Self(Kind::List { list: pieces.into(), next: 0 })
    }

    /// A body that is made while it is sent. It exists once, so a request with
    /// it is never sent again.
    pub fn stream<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Kind::Stream(Box::pin(body.map_err(Into::into))))
    }

    /// The number of bytes that are left, where it is known.
    pub fn len(&self) -> Option<u64> {
        self.size_hint().exact()
    }

    /// Whether nothing is left to send.
    pub fn is_empty(&self) -> bool {
        self.is_end_stream()
    }

    /// The pieces, where they are all at hand: no stream.
    pub fn pieces(&self) -> Option<&[Bytes]> {
        match &self.0 {
            Kind::Empty => Some(&[]),
            Kind::Bytes(bytes) => Some(std::slice::from_ref(bytes)),
            Kind::List { list, next } => list.get(*next..),
            Kind::Stream(_) => None,
        }
    }
}

/// A body that may be able to be sent again.
pub trait Replay: Sized {
    /// Another body with the same bytes, or `None` if they exist only once.
    fn try_clone(&self) -> Option<Self>;
}

impl Replay for Body {
    fn try_clone(&self) -> Option<Self> {
        Some(Self(match &self.0 {
            Kind::Empty => Kind::Empty,
            Kind::Bytes(bytes) => Kind::Bytes(bytes.clone()),
            Kind::List { list, next } => Kind::List { list: Arc::clone(list), next: *next },
            Kind::Stream(_) => return None,
        }))
    }
}

impl Replay for () {
    fn try_clone(&self) -> Option<Self> {
        Some(())
    }
}

impl Replay for Bytes {
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let data = match &mut self.0 {
            Kind::Empty => None,
            Kind::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Kind::Empty;
                (!bytes.is_empty()).then_some(bytes)
            }
            Kind::List { list, next } => {
                let piece = list.get(*next).cloned();
                *next += 1;
                piece
            }
            Kind::Stream(stream) => return stream.as_mut().poll_frame(cx),
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Bytes(bytes) => bytes.is_empty(),
            Kind::List { list, next } => *next >= list.len(),
            Kind::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Stream(stream) => stream.size_hint(),
            _ => {
                let pieces = self.pieces().unwrap_or_default();
                SizeHint::with_exact(pieces.iter().map(|piece| piece.len() as u64).sum())
            }
        }
    }
}

impl fmt::Debug for Body {
    /// Says what kind of body it is, never what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            Some(len) => write!(f, "Body({len} bytes)"),
            None => f.write_str("Body(stream)"),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::empty()
    }
}

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

/// Reads a body to its end: one that comes in one piece is handed out as it is,
/// the others go into one buffer, of the known length where there is one.
///
/// # Errors
/// The body's own error, and a body error for more than `limit` bytes.
pub(crate) async fn collect<B>(mut body: B, limit: usize) -> Result<Bytes>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    let mut collector = Collector::new(limit);
    std::future::poll_fn(move |cx| collector.poll(Pin::new(&mut body), cx)).await
}

/// The state of [`collect`], for futures that are written by hand.
#[derive(Debug)]
pub(crate) struct Collector {
    limit: usize,
    first: Option<Bytes>,
    rest: BytesMut,
}

impl Collector {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, first: None, rest: BytesMut::new() }
    }

    pub(crate) fn poll<B>(
        &mut self,
        mut body: Pin<&mut B>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes>>
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        loop {
            if body.is_end_stream() {
                return Poll::Ready(Ok(self.finish()));
            }
            match ready!(body.as_mut().poll_frame(cx)) {
                None => return Poll::Ready(Ok(self.finish())),
                Some(Err(error)) => return Poll::Ready(Err(Error::from_service(error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        let more = body.size_hint().lower();
                        self.push(data, more)?;
                    }
                }
            }
        }
    }

    fn push(&mut self, data: Bytes, more: u64) -> Result<()> {
        let held = self.first.as_ref().map_or(self.rest.len(), Bytes::len);
        let total = held.saturating_add(data.len());
        if total > self.limit {
            return Err(Error::body(format!("it has more than {} bytes", self.limit)));
        }
        if held == 0 {
            self.first = Some(data);
            return Ok(());
        }
        if let Some(first) = self.first.take() {
            // A length that the server merely claims reserves at most the limit.
            let room = usize::try_from(more).unwrap_or(usize::MAX).saturating_add(total);
            self.rest.reserve(room.min(self.limit).min(MAX_RESERVE.max(total)));
            self.rest.extend_from_slice(&first);
        }
        self.rest.extend_from_slice(&data);
        Ok(())
    }

    fn finish(&mut self) -> Bytes {
        match self.first.take() {
            Some(first) => first,
            None => std::mem::take(&mut self.rest).freeze(),
        }
    }
}

/// The most that is reserved on the word of a `Content-Length`.
const MAX_RESERVE: usize = 64 << 20;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: impl HttpBody<Data = Bytes, Error = BoxError> + Unpin) -> Result<Bytes> {
        tokio_test::block_on(collect(body, usize::MAX))
    }

    #[test]
    fn what_is_sent_again_is_the_same_memory() {
        let bytes = Bytes::from(vec![1, 2, 3]);
        let body = Body::from(bytes.clone());
        let copy = body.try_clone().unwrap();
        assert_eq!(read(copy).unwrap().as_ptr(), bytes.as_ptr());
        assert_eq!(read(body).unwrap().as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn a_list_is_sent_piece_by_piece_with_its_length() {
        let body = Body::list([Bytes::from("ab"), Bytes::from("cde")]);
        assert_eq!(body.len(), Some(5));
        assert_eq!(read(body).unwrap(), "abcde");
    }

    #[test]
    fn a_stream_exists_once() {
        let body = Body::stream(Body::from("once"));
        assert!(body.try_clone().is_none());
        assert_eq!(read(body).unwrap(), "once");
    }

    #[test]
    fn an_answer_at_hand_needs_no_box() {
        let bytes = Bytes::from("x".repeat(100));
        let answer = ResponseBody::new(Body::from(bytes.clone()));
        assert_eq!(answer.try_into_bytes().unwrap().as_ptr(), bytes.as_ptr());
        assert!(ResponseBody::new(Body::empty()).is_end_stream());
    }

    #[test]
    fn an_answer_in_pieces_is_joined_and_counted() {
        let pieces = || Body::list([Bytes::from("ab"), Bytes::from("cde"), Bytes::from("f")]);
        let answer = ResponseBody::new(pieces());
        assert_eq!(answer.size_hint().exact(), Some(6));
        assert_eq!(tokio_test::block_on(answer.bytes()).unwrap(), "abcdef");
        assert!(tokio_test::block_on(collect(pieces(), 5)).unwrap_err().is_body());
    }
}
