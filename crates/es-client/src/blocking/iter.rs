use std::{fmt, future::poll_fn, pin::Pin};

use futures_core::Stream;

use super::{client::Elasticsearch, park};
use crate::error::{Error, Result};

/// A stream as a blocking iterator. Created by [`Elasticsearch::iter`].
#[must_use = "nothing is read until the iterator is"]
pub struct Iter<S> {
    client: Elasticsearch,
    stream: Option<Pin<Box<S>>>,
}

impl<S> Iter<S> {
    pub(super) fn new(stream: S, client: Elasticsearch) -> Self {
        Self {
            client,
            stream: Some(Box::pin(stream)),
        }
    }

    /// Ends it: what the stream leaves behind is cleared away in the background.
    fn end(&mut self) {
        let _runtime = self.client.handle().enter();
        self.stream = None;
    }
}

impl<S, T, E> Iterator for Iter<S>
where
    S: Stream<Item = Result<T, E>>,
    E: From<Error>,
{
    type Item = Result<T, E>;

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.stream.as_mut()?;
        if let Err(error) = park::check() {
            self.end();
            return Some(Err(error.into()));
        }
        let runtime = self.client.handle().enter();
        let item = park::block_on(poll_fn(|cx| stream.as_mut().poll_next(cx)));
        drop(runtime);
        if item.is_none() {
            self.end();
        }
        item
    }
}

impl<S> Drop for Iter<S> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<S> fmt::Debug for Iter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
