use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::encoder::Encoder;
use crate::error::{BoxError, Error, Result};

/// The size of the pieces that are sent, roughly.
const PIECE: usize = 16 << 10;

pin_project! {
    /// A body that is compressed with gzip while it is read. Its length is not known in
    /// advance, and trailers are discarded.
    pub struct GzipBody<B> {
        #[pin]
        inner: B,
        // None when all is written.
        encoder: Option<Encoder>,
        output: Vec<u8>,
    }
}

impl<B> GzipBody<B> {
    /// Compresses `inner` at a level from 1 (fastest) to 9 (smallest).
    pub fn new(inner: B, level: u32) -> Self {
        Self {
            inner,
            encoder: Some(Encoder::new(level.clamp(1, 9))),
            output: Vec::new(),
        }
    }
}

impl<B> Body for GzipBody<B>
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
        let mut this = self.project();
        while let Some(encoder) = this.encoder {
            match ready!(this.inner.as_mut().poll_frame(cx)) {
                Some(Err(error)) => {
                    *this.encoder = None;
                    return Poll::Ready(Some(Err(Error::from_service(error))));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        encoder.write(&data, this.output)?;
                    }
                }
                None => {
                    encoder.finish(this.output)?;
                    *this.encoder = None;
                }
            }
            let ended = this.encoder.is_none();
            if this.output.len() >= PIECE || (ended && !this.output.is_empty()) {
                let piece = std::mem::take(this.output);
                return Poll::Ready(Some(Ok(Frame::data(piece.into()))));
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.encoder.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

impl<B> fmt::Debug for GzipBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GzipBody").finish_non_exhaustive()
    }
}
