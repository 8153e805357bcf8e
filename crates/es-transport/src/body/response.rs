//! Bodies of responses.

use std::{
    any::Any,
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use http::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use pin_project_lite::pin_project;

use super::{collect, sync::SyncBody};
use crate::error::{BoxError, Error, Result};

/// The body of a response: buffered bytes by default, or a stream if the caller asked for
/// one ([`RequestOptions::stream`](crate::RequestOptions::stream)).
///
/// ```
/// use bytes::Bytes;
/// use es_transport::ResponseBody;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> es_transport::Result<()> {
/// let body = ResponseBody::from(Bytes::from("{}"));
/// assert_eq!(body.bytes().await?, "{}");
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct ResponseBody {
    content: Content,
    node: Option<Arc<str>>,
}

/// A stream of any type.
pub(crate) type BoxBody = SyncBody<Error>;

enum Content {
    /// All of it. Without a byte, there is no body.
    Full(Bytes),
    Stream(BoxBody),
}

impl Default for Content {
    fn default() -> Self {
        Self::Full(Bytes::new())
    }
}

impl ResponseBody {
    /// Creates a body from any other body. A `ResponseBody` is returned unchanged, and a body
    /// whose bytes are all available becomes a buffered one.
    pub fn new<B>(mut body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        if let Some(own) = own(&mut body) {
            return own;
        }
        if body.is_end_stream() {
            return Self::default();
        }

        let mut rest = Box::pin(body.map_err(Error::from_service));
        // What is not ready now is polled again by its reader, with its own waker.
        let mut cx = Context::from_waker(Waker::noop());
        let first = match rest.as_mut().poll_frame(&mut cx) {
            Poll::Ready(None) => return Self::default(),
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) if rest.is_end_stream() => return data.into(),
                Ok(data) => Some(Ok(data)),
                Err(_trailers) => None,
            },
            Poll::Ready(Some(Err(error))) => Some(Err(error)),
            Poll::Pending => None,
        };
        Self::stream(PrefixedBody { first, rest })
    }

    /// Creates a body that is read as a stream, even if all of it has arrived.
    pub(crate) fn stream<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes, Error = Error> + Send + 'static,
    {
        Self {
            content: Content::Stream(SyncBody::new(body)),
            node: None,
        }
    }

    /// Sets the URL of the node that sent the response, without user info.
    #[must_use]
    pub fn with_node(mut self, node: Arc<str>) -> Self {
        self.set_node(node);
        self
    }

    pub(crate) fn set_node(&mut self, node: Arc<str>) {
        self.node = Some(node);
    }

    /// Returns the URL of the node that sent the response, without user info; `None` if the
    /// stack selects no node.
    pub fn node(&self) -> Option<&Arc<str>> {
        self.node.as_ref()
    }

    /// Returns the bytes of a buffered body; `None` for a stream.
    pub fn collected(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Full(bytes) => Some(bytes),
            Content::Stream(_) => None,
        }
    }

    /// Replaces the body by these bytes.
    pub(crate) fn replace(&mut self, bytes: Bytes) {
        self.content = Content::Full(bytes);
    }

    /// Wraps a stream in another; a collected body stays.
    pub(crate) fn wrap_stream<B>(&mut self, wrap: impl FnOnce(BoxBody) -> B)
    where
        B: HttpBody<Data = Bytes, Error = Error> + Send + 'static,
    {
        if matches!(self.content, Content::Stream(_)) {
            self.wrap(wrap);
        }
    }

    /// Wraps the body in a stream, collected or not.
    pub(crate) fn wrap<B>(&mut self, wrap: impl FnOnce(BoxBody) -> B)
    where
        B: HttpBody<Data = Bytes, Error = Error> + Send + 'static,
    {
        let stream: BoxBody = match mem::take(&mut self.content) {
            Content::Stream(stream) => stream,
            Content::Full(bytes) => SyncBody::new(Self::from(bytes)),
        };
        self.content = Content::Stream(SyncBody::new(wrap(stream)));
    }

    /// Returns the first bytes, about `limit` at most, or all of a collected body. They
    /// stay in the body.
    pub(crate) async fn peek(&mut self, limit: usize) -> Result<Bytes> {
        if let Some(bytes) = self.collected() {
            return Ok(bytes.clone());
        }
        let mut seen = BytesMut::new();
        while seen.len() < limit {
            let Some(piece) = self.chunk().await? else {
                // That was all, and it must not be polled again.
                let seen = seen.freeze();
                self.replace(seen.clone());
                return Ok(seen);
            };
            seen.extend_from_slice(&piece);
        }
        let seen = seen.freeze();
        let first = Some(Ok(seen.clone()));
        self.wrap_stream(|rest| PrefixedBody { first, rest });
        Ok(seen)
    }

    /// Returns the bytes of a buffered body.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use es_transport::{Body, ResponseBody};
    ///
    /// let buffered = ResponseBody::from(Bytes::from("{}"));
    /// assert_eq!(buffered.try_into_bytes().unwrap(), "{}");
    ///
    /// let pieces = ResponseBody::new(Body::list([Bytes::from("{"), Bytes::from("}")]));
    /// assert!(pieces.try_into_bytes().is_err());
    /// ```
    ///
    /// # Errors
    /// Returns the body itself if it is a stream.
    pub fn try_into_bytes(self) -> Result<Bytes, Self> {
        match self.content {
            Content::Full(bytes) => Ok(bytes),
            content @ Content::Stream(_) => Err(Self {
                content,
                node: self.node,
            }),
        }
    }

    /// Reads the whole body. A buffered body is returned without a copy.
    ///
    /// # Errors
    /// Returns an error if the connection broke, a time limit was exceeded, or the response
    /// cannot be decompressed. Only a stream can fail.
    pub async fn bytes(self) -> Result<Bytes> {
        match self.try_into_bytes() {
            Ok(bytes) => Ok(bytes),
            Err(stream) => collect(stream, usize::MAX).await,
        }
    }

    /// Reads the next piece of a stream; returns `None` at its end.
    ///
    /// ```
    /// use es_transport::{Result, ResponseBody};
    ///
    /// async fn count(mut body: ResponseBody) -> Result<usize> {
    ///     let mut bytes = 0;
    ///     while let Some(piece) = body.chunk().await? {
    ///         bytes += piece.len();
    ///     }
    ///     Ok(bytes)
    /// }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`ResponseBody::bytes`].
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

/// Converts the body of a response as [`ResponseBody::new`] does.
pub(crate) fn with_response_body<B>(response: Response<B>) -> Response<ResponseBody>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut response = Some(response);
    // One move of the whole costs less than to take it apart.
    own::<_, Option<Response<ResponseBody>>>(&mut response)
        .flatten()
        .or_else(|| response.map(|response| response.map(ResponseBody::new)))
        .unwrap_or_default()
}

/// Polls the future of a response, converts its body as [`ResponseBody::new`] and its error
/// as [`Error::from_service`] do, and then changes the response in place: a response is
/// large, so that each move counts.
#[inline]
pub(crate) fn poll_response<F, B, E>(
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
    change: impl FnOnce(&mut Response<ResponseBody>) -> Result<()>,
) -> Poll<Result<Response<ResponseBody>>>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError> + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut polled = future.poll(cx);
    let Some(ours) = (&mut polled as &mut dyn Any).downcast_mut() else {
        let converted = polled.map_err(Error::from_service);
        return converted.map(|response| {
            let mut response = response?.map(ResponseBody::new);
            change(&mut response)?;
            Ok(response)
        });
    };
    if let Poll::Ready(Ok(response)) = ours {
        change(response)?;
    }
    mem::replace(ours, Poll::Pending)
}

/// Takes a value that is of the type `U` already, as the compiler knows.
fn own<T: 'static, U: Default + 'static>(value: &mut T) -> Option<U> {
    (value as &mut dyn Any).downcast_mut().map(mem::take)
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        match &mut self.content {
            Content::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(mem::take(bytes))))),
            Content::Stream(stream) => Pin::new(stream).poll_frame(cx),
        }
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Full(bytes) => bytes.is_empty(),
            Content::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(stream) => stream.size_hint(),
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Full(bytes) => write!(f, "ResponseBody({} bytes)", bytes.len()),
            Content::Stream(_) => f.write_str("ResponseBody(stream)"),
        }
    }
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> Self {
        Self {
            content: Content::Full(bytes),
            node: None,
        }
    }
}

pin_project! {
    /// A body of which the first piece was read already.
    pub(crate) struct PrefixedBody<B> {
        pub first: Option<Result<Bytes>>,
        #[pin]
        pub rest: B,
    }
}

impl<B: HttpBody<Data = Bytes, Error = Error>> HttpBody for PrefixedBody<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.project();
        match this.first.take() {
            Some(first) => Poll::Ready(Some(first.map(Frame::data))),
            None => this.rest.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.size_hint();
        let Some(Ok(first)) = &self.first else {
            return rest;
        };
        let first = first.len() as u64;
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(first));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(first));
        }
        hint
    }
}
