//! What a bulk helper does between its input and its outcomes: fills batches,
//! sends them, takes them in when they are back.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use es_transport::BoxError;
use futures_core::Stream;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use tokio::time::{Instant, Sleep, sleep};

use super::{
    batch::{Filling, Limits, Part, Spare},
    concurrency::{Concurrency, Pace},
    judge::{self, Why},
    lane::{Landed, Lane, deliver},
    operation::Operation,
    outcome::Outcome,
    report::BulkReport,
};
use crate::error::{Error, Result};

/// So many bytes are written before others on the runtime get their turn.
const TURN: usize = 256 << 10;

pub(super) type Progress = Box<dyn FnMut(&BulkReport) + Send>;

/// Everything but the source.
pub(super) struct Engine {
    pub(super) lane: Result<Arc<Lane>, Option<Error>>,
    pub(super) limits: Limits,
    pub(super) flush_interval: Duration,
    pub(super) concurrency: Concurrency,
    pub(super) keep_failures: usize,
    pub(super) progress: Option<Progress>,
    pub(super) filling: Filling,
    pub(super) report: BulkReport,
    pub(super) began: Option<Instant>,
    /// When what is filled in goes, full or not.
    pub(super) flush_at: Option<Pin<Box<Sleep>>>,
    pub(super) due: VecDeque<Part>,
    pub(super) waiting: Vec<(Pin<Box<Sleep>>, Part)>,
    pub(super) flights: FuturesUnordered<Pin<Box<dyn Future<Output = Landed> + Send>>>,
    pub(super) spares: Vec<Spare>,
    pub(super) ready: VecDeque<Outcome>,
    /// Why nothing more is sent.
    pub(super) stop: Option<Error>,
    /// Why the input ended early.
    pub(super) source_error: Option<Error>,
}

/// What became of filling a batch.
pub(super) enum Filled {
    /// It goes now.
    Flush,
    /// The input ended.
    Ended,
    /// An operation could not be written, and its outcome is ready.
    Unwritable,
    /// The input has nothing now, or it is the others' turn.
    Pending,
}

impl Engine {
    pub(super) fn is_idle(&self) -> bool {
        self.flights.is_empty() && self.waiting.is_empty() && self.due.is_empty()
    }

    /// Whether another batch may be begun: waiting ones count as under way, so
    /// that a cluster that refuses is left alone.
    pub(super) fn has_room(&self) -> bool {
        self.stop.is_none()
            && self.due.is_empty()
            && self.flights.len() + self.waiting.len() < self.concurrency.limit()
    }

    /// Takes in a batch that is back; whether there was one.
    pub(super) fn poll_landed(&mut self, lane: &Lane, cx: &mut Context<'_>) -> bool {
        match Pin::new(&mut self.flights).poll_next(cx) {
            Poll::Ready(Some(landed)) => {
                self.landed(lane, landed);
                true
            }
            _ => false,
        }
    }

    fn landed(&mut self, lane: &Lane, landed: Landed) {
        self.report.succeeded += landed.succeeded;
        self.concurrency.ended(landed.pace.unwrap_or(Pace::Unknown));
        if let Some(bytes) = landed.too_large {
            self.limits.bytes = self.limits.bytes.min(bytes / 2).max(1);
        }
        self.spares.extend(landed.spare.filter(|_| self.spares.len() < 2));
        for part in landed.again {
            if part.wait.is_zero() {
                self.due.push_back(part);
            } else {
                self.waiting.push((Box::pin(sleep(part.wait)), part));
            }
        }
        landed.outcomes.into_iter().for_each(|outcome| self.record(lane, outcome));
        if landed.stop.is_some() && self.stop.is_none() {
            self.stop = landed.stop;
        }
        if self.stop.is_some() {
            self.close_unsent(lane);
        }
        self.tell();
    }

    fn tell(&mut self) {
        self.report.elapsed = self.began.map(|began| began.elapsed()).unwrap_or_default();
        if let Some(progress) = &mut self.progress {
            progress(&self.report);
        }
    }

    /// Counts an outcome that is no success in the totals, and hands it out
    /// where outcomes are asked for.
    fn record(&mut self, lane: &Lane, outcome: Outcome) {
        if let Err(error) = &outcome.result {
            let count =
                if error.is_unknown() { &mut self.report.unknown } else { &mut self.report.failed };
            *count += 1;
            if self.report.failures.len() < self.keep_failures {
                self.report.failures.push(outcome.clone());
            }
        }
        if lane.detail {
            self.ready.push_back(outcome);
        }
    }

    /// Everything that was not sent yet ends here.
    fn close_unsent(&mut self, lane: &Lane) {
        self.flush_all();
        let waiting = self.waiting.drain(..).map(|(_, part)| part);
        let parts: Vec<_> = self.due.drain(..).chain(waiting).collect();
        let mut closed = Landed::default();
        for part in parts {
            let all: Vec<_> = (0..part.len()).collect();
            judge::close(lane, &part, &all, &Why::stopped(), &mut closed);
        }
        closed.outcomes.into_iter().for_each(|outcome| self.record(lane, outcome));
    }

    /// Puts a batch among what is to be sent. An operation that did not fit
    /// begins the next one.
    pub(super) fn flush(&mut self) {
        self.flush_at = None;
        let spare = self.spares.pop().unwrap_or_default();
        self.due.push_back(self.filling.take(spare));
    }

    pub(super) fn flush_all(&mut self) {
        while !self.filling.is_empty() {
            self.flush();
        }
    }

    /// Sends what is due; whether anything was.
    pub(super) fn dispatch(&mut self, lane: &Arc<Lane>, cx: &mut Context<'_>) -> bool {
        let mut at = 0;
        while let Some((sleep, _)) = self.waiting.get_mut(at) {
            match sleep.as_mut().poll(cx) {
                Poll::Ready(()) => {
                    let (_, part) = self.waiting.swap_remove(at);
                    self.due.push_front(part);
                }
                Poll::Pending => at += 1,
            }
        }
        let mut sent = false;
        while self.flights.len() < self.concurrency.limit() {
            let Some(part) = self.due.pop_front() else { break };
            self.report.requests += 1;
            self.report.bytes += part.body.len() as u64;
            if part.retries > 0 || part.isolated {
                self.report.resent += part.len() as u64;
            }
            self.flights.push(Box::pin(deliver(Arc::clone(lane), part)));
            sent = true;
        }
        sent
    }

    /// Reads operations until a batch is full, its time is over or the input ends.
    pub(super) fn poll_fill<S, T>(
        &mut self,
        lane: &Lane,
        mut source: Pin<&mut S>,
        cx: &mut Context<'_>,
    ) -> Filled
    where
        S: Stream<Item = Result<Operation<T>, BoxError>>,
        T: Serialize,
    {
        let began = self.filling.bytes();
        while !self.filling.is_full(self.limits) {
            if self.filling.bytes() - began >= TURN {
                cx.waker().wake_by_ref();
                return Filled::Pending;
            }
            match source.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(operation))) => self.add(lane, &operation),
                Poll::Ready(Some(Err(error))) => {
                    self.source_error = Some(Error::source_of_operations(error));
                    return Filled::Ended;
                }
                Poll::Ready(None) => return Filled::Ended,
                Poll::Pending => return self.poll_flush(cx),
            }
            if !self.ready.is_empty() {
                return Filled::Unwritable;
            }
        }
        Filled::Flush
    }

    fn add<T: Serialize>(&mut self, lane: &Lane, operation: &Operation<T>) {
        let number = self.report.operations;
        self.report.operations += 1;
        if let Err(error) = self.filling.push(number, operation, self.limits) {
            let id = operation.id.as_deref();
            let outcome = judge::unwritable(lane, number, operation.action, id, &error);
            self.record(lane, outcome);
        }
    }

    /// The input has nothing now: what is there goes when its time is over.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Filled {
        if self.filling.is_empty() {
            return Filled::Pending;
        }
        let interval = self.flush_interval;
        let flush_at = self.flush_at.get_or_insert_with(|| Box::pin(sleep(interval)));
        match flush_at.as_mut().poll(cx) {
            Poll::Ready(()) => Filled::Flush,
            Poll::Pending => Filled::Pending,
        }
    }
}
