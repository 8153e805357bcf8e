use std::{fmt, future::poll_fn, pin::Pin};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::{client::Elasticsearch, park};
use crate::{
    error::{Error, Result},
    helpers::{
        bulk::{BulkReport, BulkStream},
        read_all::{ReadAllStream, ResumeToken},
    },
};

/// A stream as a blocking iterator. Created by [`Elasticsearch::iter`].
#[must_use = "nothing is read until the iterator is"]
pub struct Iter<S> {
    client: Elasticsearch,
    /// `None` only while it is dropped.
    stream: Option<Pin<Box<S>>>,
    ended: bool,
}

impl<S> Iter<S> {
    pub(super) fn new(stream: S, client: Elasticsearch) -> Self {
        Self {
            client,
            stream: Some(Box::pin(stream)),
            ended: false,
        }
    }
}

/// The outcomes of a [bulk run](crate::helpers::bulk).
impl<C: Send + 'static> Iter<BulkStream<C>> {
    /// Returns the number of operations from the beginning of the input that all have
    /// their final outcome (written, failed or unknown) and whose outcomes were read
    /// from this iterator. The input can be resumed from this position.
    ///
    /// ```
    /// use es_client::{Elasticsearch, blocking, helpers::bulk::Operation};
    /// use serde_json::json;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (url, _cluster) = in_background();
    /// let client = blocking::Elasticsearch::new(Elasticsearch::builder().node(url).build()?)?;
    /// let lines = (0..100).map(|n| Operation::index(json!({"line": n})).id(n.to_string()));
    /// let mut outcomes = client.iter(client.helpers().bulk("lines", lines).stream());
    /// while let Some(outcome) = outcomes.next() {
    ///     if let Err(error) = outcome?.result {
    ///         eprintln!("{error}");
    ///     }
    ///     let checkpoint = outcomes.durable_up_to();
    ///     // Store it, to resume the lines from there after a crash.
    /// #   let _ = checkpoint;
    /// }
    /// assert_eq!(outcomes.durable_up_to(), 100);
    /// # Ok(())
    /// # }
    /// # fn in_background() -> (String, tokio::runtime::Runtime) {
    /// #     let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    /// #     let cluster = runtime.block_on(es_testkit::Cluster::builder().start()).unwrap();
    /// #     let url = cluster.url(0);
    /// #     runtime.spawn(async move { let _cluster = cluster; std::future::pending::<()>().await });
    /// #     (url, runtime)
    /// # }
    /// ```
    pub fn durable_up_to(&self) -> u64 {
        let stream = self.stream.as_ref();
        stream.map_or(0, |stream| stream.durable_up_to())
    }

    /// Returns the totals, which may be ahead of the outcomes that were read.
    pub fn report(&self) -> BulkReport {
        let stream = self.stream.as_ref();
        stream.map_or_else(BulkReport::default, |stream| stream.report())
    }
}

/// The hits of [`read_all`](crate::helpers::read_all).
impl<T: DeserializeOwned + Send + 'static> Iter<ReadAllStream<T>> {
    /// Returns the position after the last hit that was read; see
    /// [`ReadAllStream::resume_token`].
    pub fn resume_token(&self) -> Option<ResumeToken> {
        self.stream.as_ref()?.resume_token()
    }
}

impl<S, T, E> Iterator for Iter<S>
where
    S: Stream<Item = Result<T, E>>,
    E: From<Error>,
{
    type Item = Result<T, E>;

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.stream.as_mut().filter(|_| !self.ended)?;
        if let Err(error) = park::check() {
            self.ended = true;
            return Some(Err(error.into()));
        }
        let _runtime = self.client.handle().enter();
        let item = park::block_on(poll_fn(|cx| stream.as_mut().poll_next(cx)));
        self.ended = item.is_none();
        item
    }
}

/// The stream may clear away in the background what it leaves behind.
impl<S> Drop for Iter<S> {
    fn drop(&mut self) {
        let _runtime = self.client.handle().enter();
        self.stream = None;
    }
}

impl<S> fmt::Debug for Iter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
