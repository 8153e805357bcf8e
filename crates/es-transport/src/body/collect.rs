//! Reading a body to its end.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::Body as HttpBody;

use crate::error::{BoxError, Error, Result};

/// Reads a body to its end. One that comes in one piece is returned as it is; other
/// pieces are joined in one buffer, of the known length where there is one.
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
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            first: None,
            rest: BytesMut::new(),
        }
    }

    pub fn poll<B>(&mut self, mut body: Pin<&mut B>, cx: &mut Context<'_>) -> Poll<Result<Bytes>>
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
            return Err(Error::body(format!(
                "it has more than {} bytes",
                self.limit
            )));
        }
        if held == 0 {
            self.first = Some(data);
            return Ok(());
        }
        if let Some(first) = self.first.take() {
            // A length that the server merely claims reserves at most the limit.
            let room = usize::try_from(more)
                .unwrap_or(usize::MAX)
                .saturating_add(total);
            self.rest
                .reserve(room.min(self.limit).min(MAX_RESERVE.max(total)));
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

/// The largest buffer that is reserved because of a `Content-Length`.
const MAX_RESERVE: usize = 64 << 20;
