use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::decoder::Decoder;
use crate::{
    body::BoxBody,
    error::{Error, Result},
};

/// A response that is decompressed as it arrives.
pub(super) struct DecompressedBody {
    inner: BoxBody,
    decoder: Decoder,
    input: Bytes,
    /// All was returned, or an error.
    is_done: bool,
}

impl DecompressedBody {
    pub(super) fn new(inner: BoxBody, limit: usize) -> Self {
        Self {
            inner,
            decoder: Decoder::new(limit),
            input: Bytes::new(),
            is_done: false,
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        loop {
            if let Some(piece) = self.decoder.piece(&mut self.input)? {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            match ready!(Pin::new(&mut self.inner).poll_frame(cx)?) {
                None => return Poll::Ready(self.decoder.finish().err().map(Err)),
                // Trailers come after all data, and say nothing of it.
                Some(frame) => self.input = frame.into_data().unwrap_or_default(),
            }
        }
    }
}

impl Body for DecompressedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.is_done {
            return Poll::Ready(None);
        }
        let result = ready!(self.poll_piece(cx));
        self.is_done = !matches!(result, Some(Ok(_)));
        Poll::Ready(result)
    }

    fn is_end_stream(&self) -> bool {
        self.is_done
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_done {
            SizeHint::with_exact(0)
        } else {
            SizeHint::default()
        }
    }
}
