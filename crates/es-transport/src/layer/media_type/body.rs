use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::error::{BoxError, Error, Result};

pin_project! {
    /// The answer's body; frames that were looked at come first.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        // Boxed, because almost no answer is looked at.
        seen: Option<Box<VecDeque<Frame<Bytes>>>>,
        #[pin]
        body: B,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn untouched(body: B) -> Self {
        Self { seen: None, body }
    }

    /// The body of the service below.
    pub fn get_ref(&self) -> &B {
        &self.body
    }

    /// What was looked at, in one piece.
    pub(super) fn seen(&self) -> Vec<u8> {
        let frames = self.seen.iter().flat_map(|frames| frames.iter());
        frames.filter_map(Frame::data_ref).flatten().copied().collect()
    }
}

impl<B> ResponseBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    /// Reads up to about `limit` bytes without taking them away.
    pub(super) async fn look(mut body: B, limit: usize) -> Result<Self> {
        let mut frames = VecDeque::new();
        let mut size = 0;
        while size < limit && !body.is_end_stream() {
            let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            let Some(frame) = frame.transpose().map_err(Error::from_service)? else { break };
            size += frame.data_ref().map_or(0, Bytes::len);
            frames.push_back(frame);
        }
        Ok(Self { seen: Some(Box::new(frames)), body })
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        if let Some(frames) = this.seen {
            if let Some(frame) = frames.pop_front() {
                return Poll::Ready(Some(Ok(frame)));
            }
            *this.seen = None;
        }
        this.body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.seen.as_ref().is_none_or(|frames| frames.is_empty()) && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        if let Some(frames) = &self.seen {
            let seen: u64 =
                frames.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum();
            let upper = hint.upper().map(|upper| upper.saturating_add(seen));
            let mut whole = SizeHint::new();
            whole.set_lower(hint.lower().saturating_add(seen));
            if let Some(upper) = upper {
                whole.set_upper(upper);
            }
            hint = whole;
        }
        hint
    }
}
