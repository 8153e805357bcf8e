//! Operations that are pushed.

use std::{
    fmt,
    future::poll_fn,
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use futures_util::Sink;
use tokio::runtime::Handle;

use super::{
    engine::Finished,
    operation::IntoOperation,
    outcome::{Outcome, with_causes},
    outcome_channel::{OutcomeReceiver, OutcomeSender, outcome_channel},
    plan::Plan,
    report::{BulkReport, BulkStopped},
    shared::Pushed,
    stream::{Prepared, Run},
};
use crate::error::{Error, Result};

/// The input type of a [`Bulk`](super::Bulk) whose operations are pushed.
#[derive(Debug)]
pub struct Push(());

impl Push {
    pub(in crate::helpers) fn new() -> Self {
        Self(())
    }
}

/// A bulk helper to which operations are pushed. Opened by
/// [`Bulk::open`](super::Bulk::open).
///
/// ```
/// use es_client::{Elasticsearch, helpers::bulk::{BulkSink, Operation}};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cluster = es_testkit::Cluster::builder().start().await?;
/// # let client = Elasticsearch::builder().nodes(cluster.urls()).build()?;
/// struct Indexer {
///     sink: BulkSink,
/// }
///
/// let mut indexer = Indexer { sink: client.helpers().bulk_sink("numbers").open() };
/// for n in 0..1_000 {
///     // Waits while as many requests are in flight as allowed.
///     indexer.sink.add(Operation::index(json!({"n": n})).id(n.to_string())).await?;
/// }
/// indexer.sink.flush().await?;
/// assert_eq!(indexer.sink.durable_up_to(), 1_000);
/// let report = indexer.sink.close().await?;
/// assert!(report.is_complete());
/// # Ok(())
/// # }
/// ```
///
/// Requests are sent when they are full or their interval has passed, by tasks of the
/// runtime on which the first operation was added. It is also a [`futures` sink](Sink).
/// Call [`close`](Self::close) at the end: a dropped sink sends nothing more.
///
/// A run that stops, for example because the cluster is away for longer than its retries,
/// ends the sink; open another one, and add what is after
/// [`durable_up_to`](Self::durable_up_to) again.
#[must_use = "operations are sent by a sink that is kept until it is closed"]
pub struct BulkSink<C = ()> {
    state: State<C>,
    last_report: BulkReport,
}

enum State<C> {
    /// The first thing that is wrong with the settings.
    Invalid(Option<Error>),
    New(Option<Box<Prepared<C>>>),
    Running(Run<C>),
    /// With the reason, if there is one.
    Stopped(Option<String>),
}

impl<C: Send + 'static> BulkSink<C> {
    pub(super) fn new(plan: Plan, outcome_sender: Option<OutcomeSender<C>>) -> Self {
        let state = match Prepared::new(plan, outcome_sender) {
            Ok(prepared) => State::New(Some(Box::new(prepared))),
            Err(error) => State::Invalid(Some(error)),
        };
        Self {
            state,
            last_report: BulkReport::default(),
        }
    }

    pub(super) fn with_outcomes(plan: Plan) -> (Self, SinkOutcomes<C>) {
        let (outcome_sender, outcomes) = outcome_channel();
        let sink = Self::new(plan, Some(outcome_sender));
        (
            sink,
            SinkOutcomes {
                outcomes,
                buffered: Vec::new().into_iter(),
            },
        )
    }

    /// Adds an operation, and waits until there is space for it. Returns its number,
    /// starting at 0. If the future is dropped, as by a timeout, the operation is not
    /// added.
    ///
    /// # Errors
    /// Returns an error if the run has stopped; [`Error::as_bulk_stopped`] returns the
    /// totals. A sink that has stopped stays so: later calls return an error with the
    /// same reason, and [`report`](Self::report) the totals. An operation that cannot be serialized is not an error here: it has a
    /// failed outcome.
    ///
    /// # Panics
    /// Panics if the operation's `Serialize` implementation panics. The sink continues
    /// without it.
    pub async fn add<O>(&mut self, operation: O) -> Result<u64>
    where
        O: IntoOperation<Context = C>,
    {
        poll_fn(|cx| self.poll_room(cx)).await?;
        self.push(operation)
    }

    /// Sends all added operations immediately, and waits until each has its final
    /// outcome: written, failed or unknown.
    ///
    /// # Errors
    /// Returns an error if the run has stopped.
    pub async fn flush(&mut self) -> Result<()> {
        poll_fn(|cx| self.poll_settled(cx)).await
    }

    /// Sends the rest, waits for its responses, and returns the totals. If the future is
    /// dropped, the requests in flight are cancelled, and their operations have no
    /// outcome. For a shutdown with a time limit, put the timeout around
    /// [`flush`](Self::flush), then read [`durable_up_to`](Self::durable_up_to).
    ///
    /// # Errors
    /// Returns an error if the run has stopped.
    pub async fn close(mut self) -> Result<BulkReport, BulkStopped> {
        poll_fn(|cx| self.poll_end(cx)).await
    }

    /// Returns the number of operations from the beginning that all have their final
    /// outcome, whether it was read from [`SinkOutcomes`] or not.
    pub fn durable_up_to(&self) -> u64 {
        match &self.state {
            State::Running(run) => run.shared.lock().durable_up_to,
            _ => self.last_report.durable_up_to,
        }
    }

    /// Returns the totals, as of the last request that ended.
    pub fn report(&self) -> BulkReport {
        match &self.state {
            State::Running(run) => run.shared.report(),
            _ => self.last_report.clone(),
        }
    }

    fn running(&mut self) -> Result<&mut Run<C>> {
        if let State::New(prepared) = &mut self.state {
            let runtime = Handle::try_current().map_err(|_| Error::no_runtime())?;
            let Some(prepared) = prepared.take() else {
                return Err(stopped_before(None));
            };
            self.state = State::Running(prepared.spawn(&runtime, None)?);
        }
        match &mut self.state {
            State::Running(run) => Ok(run),
            State::Invalid(error) => Err(error.take().unwrap_or_else(|| stopped_before(None))),
            State::New(_) => Err(stopped_before(None)),
            State::Stopped(reason) => Err(stopped_before(reason.as_deref())),
        }
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if ready!(self.running()?.shared.poll_room(cx)) {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(ready!(self.poll_stopped(cx))))
    }

    fn push<O: IntoOperation<Context = C>>(&mut self, operation: O) -> Result<u64> {
        let run = self.running()?;
        let number = run.shared.lock().operations;
        match run.shared.push(operation.into_operation()) {
            Pushed::Room | Pushed::Full => Ok(number),
            Pushed::Stopped => Err(stopped_before(None)),
            Pushed::Panicked(payload) => resume_unwind(payload),
        }
    }

    fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if matches!(self.state, State::New(_)) {
            return Poll::Ready(Ok(()));
        }
        if ready!(self.running()?.shared.poll_settled(cx)) {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(ready!(self.poll_stopped(cx))))
    }

    /// Waits for the end of a run that has stopped.
    fn poll_stopped(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        Poll::Ready(match ready!(self.poll_finished(cx)) {
            Ok(finished) => match finished.into_result() {
                Ok(_) => stopped_before(None),
                Err(stopped) => stopped.into(),
            },
            Err(error) => error,
        })
    }

    fn poll_finished(&mut self, cx: &mut Context<'_>) -> Poll<Result<Finished>> {
        let joined = ready!(self.running()?.poll_joined(cx));
        self.state = State::Stopped(None);
        let finished = joined.unwrap_or_else(|panic| resume_unwind(panic));
        self.state = State::Stopped(finished.error.as_ref().map(with_causes));
        self.last_report = finished.report.clone();
        Poll::Ready(Ok(finished))
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<BulkReport, BulkStopped>> {
        if matches!(self.state, State::New(_)) {
            self.state = State::Stopped(None);
            return Poll::Ready(Ok(BulkReport::default()));
        }
        match self.running() {
            Ok(run) => run.shared.end(None),
            Err(error) => {
                let report = Box::new(self.last_report.clone());
                return Poll::Ready(Err(BulkStopped { error, report }));
            }
        }
        Poll::Ready(match ready!(self.poll_finished(cx)) {
            Ok(finished) => finished.into_result(),
            Err(error) => Err(error.into()),
        })
    }
}

fn stopped_before(reason: Option<&str>) -> Error {
    let message = match reason {
        Some(reason) => format!("the sink has stopped before: {reason}"),
        None => "the sink has stopped before".to_owned(),
    };
    Error::helper(message, None)
}

// Nothing of it is pinned in place.
impl<C> Unpin for BulkSink<C> {}

impl<O, C> Sink<O> for BulkSink<C>
where
    O: IntoOperation<Context = C>,
    C: Send + 'static,
{
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_room(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, operation: O) -> Result<()> {
        self.push(operation).map(drop)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_settled(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let ended = ready!(self.poll_end(cx));
        Poll::Ready(ended.map(drop).map_err(Error::from))
    }
}

impl<C> fmt::Debug for BulkSink<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkSink").finish_non_exhaustive()
    }
}

/// The outcomes of operations added to a [`BulkSink`]. Opened by
/// [`Bulk::open_with_outcomes`](super::Bulk::open_with_outcomes). It ends with the
/// sink. An error that stopped the run is returned by [`close`](BulkSink::close).
#[must_use = "the sink takes no more while its outcomes are not read"]
pub struct SinkOutcomes<C = ()> {
    outcomes: OutcomeReceiver<C>,
    buffered: std::vec::IntoIter<Outcome<C>>,
}

impl<C> Unpin for SinkOutcomes<C> {}

impl<C> Stream for SinkOutcomes<C> {
    type Item = Outcome<C>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(outcome) = self.buffered.next() {
                return Poll::Ready(Some(outcome));
            }
            match ready!(self.outcomes.poll_next(cx)) {
                Some(settled) => self.buffered = settled.outcomes.into_iter(),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<C> fmt::Debug for SinkOutcomes<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkOutcomes").finish_non_exhaustive()
    }
}
