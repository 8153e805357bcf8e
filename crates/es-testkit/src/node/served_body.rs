//! A body with its length, or one that goes out in chunks.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

/// Bytes that are all there, with or without telling their number.
#[derive(Debug)]
pub(crate) struct ServedBody {
    bytes: Full<Bytes>,
    sized: bool,
}

/// A response without `content-length` goes out in chunks, unless it is empty.
pub(crate) fn sized_or_chunked(response: Response<Bytes>) -> Response<ServedBody> {
    let sized = response.headers().contains_key(CONTENT_LENGTH) || response.body().is_empty();
    response.map(|bytes| ServedBody {
        bytes: Full::new(bytes),
        sized,
    })
}

impl Body for ServedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.bytes).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.sized {
            self.bytes.size_hint()
        } else {
            SizeHint::default()
        }
    }
}
