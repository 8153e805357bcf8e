use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use es_transport::BoxError;
use futures_core::Stream;
use pin_project_lite::pin_project;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    engine::{Engine, Filled},
    operation::Operation,
    outcome::Outcome,
    report::{BulkReport, BulkStopped},
};
use crate::error::Result;

pin_project! {
    /// The outcomes of a bulk helper, in the order in which they are known.
    ///
    /// An error is the last item: the helper stopped before its input ended,
    /// and what had been read has its outcome before it. Dropped, it sends
    /// nothing more; what was under way may or may not be written.
    #[must_use = "nothing is sent until the outcomes are asked for"]
    pub struct BulkStream<S> {
        #[pin]
        source: S,
        source_ended: bool,
        engine: Engine,
    }
}

impl<S> BulkStream<S> {
    pub(super) fn new(source: S, engine: Engine) -> Self {
        Self { source, source_ended: false, engine }
    }

    /// The totals until now.
    pub fn report(&self) -> &BulkReport {
        &self.engine.report
    }

    fn take_report(self: Pin<&mut Self>) -> BulkReport {
        std::mem::take(&mut self.project().engine.report)
    }
}

impl<S, T> Stream for BulkStream<S>
where
    S: Stream<Item = Result<Operation<T>, BoxError>>,
    T: Serialize,
{
    type Item = Result<Outcome>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let engine = this.engine;
        let lane = match &mut engine.lane {
            Ok(lane) => Arc::clone(lane),
            Err(invalid) => return Poll::Ready(invalid.take().map(Err)),
        };
        engine.began.get_or_insert_with(Instant::now);
        loop {
            if let Some(outcome) = engine.ready.pop_front() {
                return Poll::Ready(Some(Ok(outcome)));
            }
            if engine.poll_landed(&lane, cx) {
                continue;
            }
            if engine.dispatch(&lane, cx) {
                continue;
            }
            if !*this.source_ended && engine.has_room() {
                match engine.poll_fill(&lane, this.source.as_mut(), cx) {
                    Filled::Flush => engine.flush(),
                    Filled::Ended => {
                        *this.source_ended = true;
                        engine.flush_all();
                    }
                    Filled::Unwritable => {}
                    Filled::Pending => return Poll::Pending,
                }
                continue;
            }
            if engine.stop.is_some() {
                *this.source_ended = true;
            }
            if *this.source_ended && engine.is_idle() {
                let error = engine.stop.take().or_else(|| engine.source_error.take());
                return Poll::Ready(error.map(Err));
            }
            return Poll::Pending;
        }
    }
}

impl<S> fmt::Debug for BulkStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkStream").field("report", self.report()).finish_non_exhaustive()
    }
}

pin_project! {
    /// The totals to come of a [`Bulk`].
    #[must_use = "nothing is sent until it is awaited"]
    pub struct BulkFuture<S> {
        #[pin]
        stream: BulkStream<S>,
    }
}

impl<S> BulkFuture<S> {
    pub(super) fn new(stream: BulkStream<S>) -> Self {
        Self { stream }
    }
}

impl<S, T> Future for BulkFuture<S>
where
    S: Stream<Item = Result<Operation<T>, BoxError>>,
    T: Serialize,
{
    type Output = Result<BulkReport, BulkStopped>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stream = self.project().stream;
        while let Some(outcome) = ready!(stream.as_mut().poll_next(cx)) {
            if let Err(error) = outcome {
                let report = stream.take_report();
                return Poll::Ready(Err(BulkStopped { error, report }));
            }
        }
        Poll::Ready(Ok(stream.take_report()))
    }
}

impl<S> fmt::Debug for BulkFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkFuture").field("stream", &self.stream).finish()
    }
}
