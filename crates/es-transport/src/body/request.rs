//! Bodies of requests.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;

use super::{TryCloneBody, sync::SyncBody};
use crate::error::BoxError;

/// The body of a request: nothing, bytes, a list of bytes, or a stream.
///
/// Every body except a stream can be retried: [`TryCloneBody::try_clone`] increments a
/// reference count and copies nothing.
///
/// ```
/// use es_transport::{Body, TryCloneBody};
///
/// let body = Body::from(r#"{"query":{"match_all":{}}}"#);
/// assert!(body.try_clone().is_some());
/// assert_eq!(body.len(), Some(26));
/// ```
pub struct Body(Kind);

// As large as `Bytes`, so that a request has 256 bytes: it is moved from layer
// to layer, and a move of one word more takes twice the instructions.
enum Kind {
    /// Without a byte, there is no body.
    Bytes(Bytes),
    Rare(Box<Rare>),
}

enum Rare {
    List { list: Arc<[Bytes]>, next: usize },
    Stream(SyncBody<BoxError>),
}

impl Body {
    /// Creates an empty body.
    pub const fn empty() -> Self {
        Self(Kind::Bytes(Bytes::new()))
    }

    /// Creates a body from several pieces, which are sent in order without being copied
    /// into one buffer.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use es_transport::Body;
    ///
    /// let lines = [Bytes::from_static(b"{\"index\":{}}\n"), Bytes::from_static(b"{}\n")];
    /// assert_eq!(Body::list(lines).len(), Some(16));
    /// ```
    pub fn list(pieces: impl Into<Arc<[Bytes]>>) -> Self {
        Rare::List {
            list: pieces.into(),
            next: 0,
        }
        .into()
    }

    /// Creates a body that is produced while it is sent. It cannot be cloned, so its request is
    /// not retried once it has been sent.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use es_transport::{Body, TryCloneBody};
    /// use futures_util::stream;
    /// use http_body::Frame;
    /// use http_body_util::StreamBody;
    ///
    /// let pieces = stream::iter([Ok::<_, std::io::Error>(Frame::data(Bytes::from("{}\n")))]);
    /// let body = Body::stream(StreamBody::new(pieces));
    /// assert!(body.try_clone().is_none());
    /// ```
    pub fn stream<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Rare::Stream(SyncBody::new(body.map_err(Into::into))).into()
    }

    /// Returns the number of remaining bytes, if it is known.
    pub fn len(&self) -> Option<u64> {
        self.size_hint().exact()
    }

    /// Whether nothing remains to be sent.
    pub fn is_empty(&self) -> bool {
        self.is_end_stream()
    }

    /// Returns the pieces of a body that is in memory; `None` for a stream.
    ///
    /// ```
    /// use es_transport::Body;
    ///
    /// let body = Body::from(r#"{"query":{"match_all":{}}}"#);
    /// let pieces = body.pieces().unwrap_or_default();
    /// let query: serde_json::Value = serde_json::from_slice(&pieces.concat())?;
    /// assert!(query["query"]["match_all"].is_object());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn pieces(&self) -> Option<&[Bytes]> {
        match &self.0 {
            Kind::Bytes(bytes) if bytes.is_empty() => Some(&[]),
            Kind::Bytes(bytes) => Some(std::slice::from_ref(bytes)),
            Kind::Rare(rare) => match &**rare {
                Rare::List { list, next } => list.get(*next..),
                Rare::Stream(_) => None,
            },
        }
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
            Kind::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                (!bytes.is_empty()).then_some(bytes)
            }
            Kind::Rare(rare) => match &mut **rare {
                Rare::List { list, next } => {
                    let piece = list.get(*next).cloned();
                    *next += usize::from(piece.is_some());
                    piece
                }
                Rare::Stream(stream) => return Pin::new(stream).poll_frame(cx),
            },
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.is_empty(),
            Kind::Rare(rare) => match &**rare {
                Rare::List { list, next } => *next >= list.len(),
                Rare::Stream(stream) => stream.is_end_stream(),
            },
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Rare(rare) => match &**rare {
                Rare::List { list, next } => {
                    let left = list.iter().skip(*next);
                    SizeHint::with_exact(left.map(|piece| piece.len() as u64).sum())
                }
                Rare::Stream(stream) => stream.size_hint(),
            },
        }
    }
}

impl fmt::Debug for Body {
    /// Shows the kind of the body, never its content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            Some(len) => write!(f, "Body({len} bytes)"),
            None => f.write_str("Body(stream)"),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<Rare> for Body {
    fn from(rare: Rare) -> Self {
        Self(Kind::Rare(Box::new(rare)))
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

impl TryCloneBody for Body {
    fn try_clone(&self) -> Option<Self> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes.clone().into()),
            Kind::Rare(rare) => match &**rare {
                Rare::List { list, next } => Some(
                    Rare::List {
                        list: Arc::clone(list),
                        next: *next,
                    }
                    .into(),
                ),
                Rare::Stream(_) => None,
            },
        }
    }
}
