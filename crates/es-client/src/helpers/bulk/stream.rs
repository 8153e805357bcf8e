use std::{
    any::Any,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use tokio::{runtime::Handle, task::JoinHandle};
use tracing::Instrument;

use super::{
    context::BulkContext,
    engine::{Engine, EngineSettings, Finished},
    outcome::Outcome,
    outcome_channel::{OutcomeReceiver, OutcomeSender, outcome_channel},
    plan::Plan,
    report::{BulkReport, BulkStopped},
    shared::Shared,
    source::Source,
};
use crate::error::{Error, Result};

/// The task of a run. Dropped, it ends, with its requests and its source.
pub(super) struct Run<C> {
    pub shared: Arc<Shared<C>>,
    task: JoinHandle<Finished>,
}

/// A run that is not started yet.
pub(super) struct Prepared<C> {
    context: Arc<BulkContext>,
    settings: EngineSettings,
    shared: Arc<Shared<C>>,
    outcome_sender: Option<OutcomeSender<C>>,
}

impl<C: Send + 'static> Prepared<C> {
    pub fn new(plan: Plan, outcome_sender: Option<OutcomeSender<C>>) -> Result<Self> {
        let (context, settings, batches) = plan.into_parts::<C>(outcome_sender.is_some())?;
        let shared = Arc::new(Shared::new(Arc::clone(&context.index), batches));
        Ok(Self {
            context,
            settings,
            shared,
            outcome_sender,
        })
    }

    /// Starts the run. Without a source the operations are pushed.
    pub fn spawn(self, runtime: &Handle, source: Option<Source<C>>) -> Result<Run<C>> {
        let Self {
            context,
            settings,
            shared,
            outcome_sender,
        } = self;
        let source = match source {
            Some(source) => source.start(runtime, Arc::clone(&shared))?,
            None => None,
        };
        let engine = Engine::new(
            context,
            Arc::clone(&shared),
            settings,
            outcome_sender,
            source,
        );
        let task = runtime.spawn(engine.run().in_current_span());
        Ok(Run { shared, task })
    }
}

impl<C: Send + 'static> Run<C> {
    fn start(
        plan: Plan,
        source: Source<C>,
        outcome_sender: Option<OutcomeSender<C>>,
    ) -> Result<Self> {
        let runtime = Handle::try_current().map_err(|_| Error::no_runtime())?;
        Prepared::new(plan, outcome_sender)?.spawn(&runtime, Some(source))
    }

    pub fn poll_finished(&mut self, cx: &mut Context<'_>) -> Poll<Finished> {
        let joined = ready!(self.poll_joined(cx));
        Poll::Ready(joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    }

    /// The same, with a panic of the caller's own callback as an error.
    pub fn poll_joined(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Finished, Box<dyn Any + Send>>> {
        let joined = ready!(Pin::new(&mut self.task).poll(cx));
        Poll::Ready(joined.or_else(|error| match error.try_into_panic() {
            Ok(panic) => Err(panic),
            Err(_cancelled) => Ok(Finished {
                report: self.shared.report(),
                error: Some(Error::runtime_ended()),
            }),
        }))
    }
}

impl<C> Drop for Run<C> {
    fn drop(&mut self) {
        self.shared.stop();
        self.task.abort();
    }
}

/// A stream of the outcomes of a bulk run, in order of completion.
///
/// If the run stops before the end of its input, the error is the last item, after the
/// outcomes of all operations that were taken from the input. While the stream is not
/// read, requests in flight continue, and at most
/// [`max_in_flight`](super::Bulk::max_in_flight) are sent. Dropping the stream ends the
/// source and sends nothing more; operations in flight may or may not be written.
#[must_use = "nothing is sent until the outcomes are asked for"]
pub struct BulkStream<C = ()> {
    state: State<C>,
    buffered: std::vec::IntoIter<Outcome<C>>,
    /// The value of [`durable_up_to`](Self::durable_up_to), and its value once the
    /// buffered outcomes were read.
    durable: (u64, u64),
    last_report: BulkReport,
}

enum State<C> {
    New(Option<Box<(Plan, Source<C>)>>),
    Running(Run<C>, OutcomeReceiver<C>),
    Ended,
}

impl<C: Send + 'static> BulkStream<C> {
    pub(super) fn new(plan: Plan, source: Source<C>) -> Self {
        Self {
            state: State::New(Some(Box::new((plan, source)))),
            buffered: Vec::new().into_iter(),
            durable: (0, 0),
            last_report: BulkReport::default(),
        }
    }

    /// Returns the totals, which may be ahead of the outcomes that were read.
    pub fn report(&self) -> BulkReport {
        match &self.state {
            State::Running(run, _) => run.shared.report(),
            State::New(_) | State::Ended => self.last_report.clone(),
        }
    }

    /// Returns the number of operations from the beginning of the input that all have
    /// their final outcome (written, failed or unknown) and whose outcomes were read
    /// from this stream. The input can be resumed from this position.
    pub fn durable_up_to(&self) -> u64 {
        if self.buffered.len() == 0 {
            self.durable.1
        } else {
            self.durable.0
        }
    }
}

// Nothing of it is pinned in place.
impl<C> Unpin for BulkStream<C> {}

impl<C: Send + 'static> Stream for BulkStream<C> {
    type Item = Result<Outcome<C>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(outcome) = this.buffered.next() {
                return Poll::Ready(Some(Ok(outcome)));
            }
            match &mut this.state {
                State::New(new) => {
                    let Some(new) = new.take() else {
                        return Poll::Ready(None);
                    };
                    let (plan, source) = *new;
                    let (outcome_sender, outcomes) = outcome_channel();
                    match Run::start(plan, source, Some(outcome_sender)) {
                        Ok(run) => this.state = State::Running(run, outcomes),
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    }
                }
                State::Running(run, outcomes) => {
                    if let Some(settled) = ready!(outcomes.poll_next(cx)) {
                        this.buffered = settled.outcomes.into_iter();
                        this.durable = (this.durable.1, settled.durable_up_to);
                        continue;
                    }
                    let finished = ready!(run.poll_finished(cx));
                    this.durable = (finished.report.durable_up_to, finished.report.durable_up_to);
                    this.last_report = finished.report;
                    this.state = State::Ended;
                    return Poll::Ready(finished.error.map(Err));
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}

impl<C> fmt::Debug for BulkStream<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkStream")
            .field("durable_up_to", &self.durable.0)
            .finish_non_exhaustive()
    }
}

/// The future of a [`Bulk`](super::Bulk): its totals.
#[must_use = "nothing is sent until it is awaited"]
pub struct BulkFuture<C = ()> {
    new: Option<Box<(Plan, Source<C>)>>,
    run: Option<Run<C>>,
}

impl<C: Send + 'static> BulkFuture<C> {
    pub(super) fn new(plan: Plan, source: Source<C>) -> Self {
        Self {
            new: Some(Box::new((plan, source))),
            run: None,
        }
    }
}

impl<C> Unpin for BulkFuture<C> {}

impl<C: Send + 'static> Future for BulkFuture<C> {
    type Output = Result<BulkReport, BulkStopped>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(new) = self.new.take() {
            let (plan, source) = *new;
            match Run::start(plan, source, None) {
                Ok(run) => self.run = Some(run),
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        let Some(run) = &mut self.run else {
            return Poll::Pending;
        };
        let finished = ready!(run.poll_finished(cx));
        self.run = None;
        Poll::Ready(finished.into_result())
    }
}

impl Finished {
    pub fn into_result(self) -> Result<BulkReport, BulkStopped> {
        let Self { report, error } = self;
        match error {
            Some(error) => Err(BulkStopped {
                error,
                report: Box::new(report),
            }),
            None => Ok(report),
        }
    }
}

impl<C> fmt::Debug for BulkFuture<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkFuture").finish_non_exhaustive()
    }
}
