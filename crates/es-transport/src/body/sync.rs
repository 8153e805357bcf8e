use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// A body of any type, made `Sync` by a lock that is only taken to read its size.
pub(crate) struct SyncBody<E>(Mutex<Pin<Box<dyn Body<Data = Bytes, Error = E> + Send>>>);

impl<E> SyncBody<E> {
    pub fn new(body: impl Body<Data = Bytes, Error = E> + Send + 'static) -> Self {
        Self(Mutex::new(Box::pin(body)))
    }
}

impl<E> Body for SyncBody<E> {
    type Data = Bytes;
    type Error = E;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, E>>> {
        let body = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        body.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .size_hint()
    }
}
