//! The task between the source of a run and its outcomes: it takes batches,
//! sends each on a task of its own, and retries what may be retried.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use tokio::{
    task::{AbortHandle, JoinError},
    time::{Instant, sleep_until},
};
use tracing::Instrument;

use super::{
    classify,
    concurrency::Concurrency,
    context::{BatchResult, BulkContext, send_batch},
    dead_letter::{self, DeadLetterWriter},
    outcome::{Outcome, Reason, with_causes},
    outcome_channel::{OutcomeSender, Settled},
    progress::{OnProgress, Progress},
    rate_limit::RateLimit,
    report::{BulkReport, WaitsFor},
    request_size::RequestSize,
    run_state::RunState,
    shared::{Shared, State},
};
use crate::{error::Error, helpers::request::Retries};

pub(super) type OnDurable = Box<dyn FnMut(u64) + Send>;

/// The number of buffers that are kept for later batches.
const KEPT_BUFFERS: usize = 2;

pub(super) struct Engine<C> {
    pub context: Arc<BulkContext>,
    pub shared: Arc<Shared<C>>,
    pub settings: EngineSettings,
    /// `None` where only totals are asked for.
    pub outcome_sender: Option<OutcomeSender<C>>,
    /// Whether somebody may ask for the totals meanwhile.
    is_observed: bool,
    /// A source that is a task.
    _source: Option<AbortOnDrop>,
    /// A caller that adds operations must not wait for an engine that has ended with its
    /// runtime or by the panic of a callback.
    _stop: StopOnDrop<C>,
    progress: Progress,
    state: RunState<C>,
}

pub(super) struct EngineSettings {
    pub flush_interval: Duration,
    pub concurrency: Concurrency,
    pub size: RequestSize,
    pub keep_failures: usize,
    pub on_progress: Option<OnProgress>,
    pub stop_after_failures: u64,
    pub rate: RateLimit,
    pub on_durable: Option<OnDurable>,
    pub dead_letters: Option<DeadLetterWriter>,
}

/// The end of a run.
pub(super) struct Finished {
    pub report: BulkReport,
    pub error: Option<Error>,
}

/// A task that ends with its handle.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A run that ends with its engine.
struct StopOnDrop<C>(Arc<Shared<C>>);

impl<C> Drop for StopOnDrop<C> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl<C: Send + 'static> Engine<C> {
    pub fn new(
        context: Arc<BulkContext>,
        shared: Arc<Shared<C>>,
        mut settings: EngineSettings,
        outcome_sender: Option<OutcomeSender<C>>,
        source: Option<AbortHandle>,
    ) -> Self {
        let progress = Progress::new(settings.keep_failures, settings.on_progress.take());
        Self {
            context,
            _stop: StopOnDrop(Arc::clone(&shared)),
            shared,
            settings,
            is_observed: outcome_sender.is_some() || source.is_none(),
            outcome_sender,
            _source: source.map(AbortOnDrop),
            progress,
            state: RunState::new(),
        }
    }

    /// Runs until every operation of the source is settled, or the run stops.
    pub async fn run(mut self) -> Finished {
        self.check_product().await;
        let mut waited_for = None;
        loop {
            self.take_batches();
            self.dispatch();
            let waits_for = self.waits_for();
            if let Some(waits_for) = self.progress.due(waited_for, waits_for) {
                self.report_progress(waits_for);
            }
            if self.is_done() {
                break;
            }
            let ended = self.next_event().await;
            waited_for = ended.is_some().then_some(waits_for);
            match ended {
                Some(Ok(result)) => self.settle(result),
                // Only a bug within the helper panics there.
                Some(Err(error)) => propagate_panic(error),
                None => {}
            }
        }
        self.update_report(WaitsFor::Nothing);
        let Self {
            state, progress, ..
        } = self;
        Finished {
            report: progress.report,
            error: state.stop.or(state.source_error),
        }
    }

    /// Checks the product, and retries that as often as a first request. Without a
    /// response nothing is taken from the source.
    async fn check_product(&mut self) {
        let mut retries = Retries::default();
        while let Err(failed) = self.context.request_product().await {
            let config = Some(self.context.retry_config()).filter(|_| failed.transient);
            let wait = config.and_then(|config| retries.next_wait(config, &failed));
            let Some(wait) = wait else {
                self.state.stop = Some(failed.error);
                return;
            };
            self.progress.report.retry_reason = Some(with_causes(&failed.error).into());
            self.report_progress(WaitsFor::Retry);
            tokio::time::sleep(wait).await;
        }
    }

    fn is_done(&self) -> bool {
        let state = &self.state;
        let ended = state.source_ended || state.stop.is_some() && !state.is_adding;
        ended && state.in_flight.is_empty() && state.waiting.is_empty() && state.due.is_empty()
    }

    /// Waits for a request to end, for the source, or for the next deadline.
    async fn next_event(&mut self) -> Option<Result<BatchResult<C>, JoinError>> {
        let deadlines = self.state.waiting.iter().map(|(at, _)| *at);
        let deadlines = deadlines.chain(self.state.flush_at.filter(|_| self.has_slot()));
        let send_at = (!self.state.due.is_empty()).then_some(self.state.send_at);
        let deadlines = deadlines.chain(send_at.filter(|at| *at > Instant::now()));
        let deadlines = deadlines.chain(self.progress.report_at());
        let deadline = deadlines.min();
        let mut sleep = pin!(deadline.map(sleep_until));
        let mut changed = pin!(self.shared.changed.notified());
        let mut read = pin!(self.outcome_sender.as_ref().map(OutcomeSender::was_read));
        let in_flight = &mut self.state.in_flight;

        poll_fn(|cx| {
            if let Poll::Ready(Some(result)) = in_flight.poll_join_next(cx) {
                return Poll::Ready(Some(result));
            }
            let is_read = read
                .as_mut()
                .as_pin_mut()
                .is_some_and(|read| read.poll(cx).is_ready());
            if is_read || changed.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            match sleep.as_mut().as_pin_mut() {
                Some(sleep) => sleep.poll(cx).map(|_| None),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Returns whether another batch may be begun. Batches that wait for their
    /// retry count, so that a cluster that refuses is left alone, and so do
    /// outcomes that nobody has read.
    fn has_slot(&self) -> bool {
        let state = &self.state;
        let taken = state.in_flight.len() + state.waiting.len() + state.due.len() + self.unread();
        state.stop.is_none() && taken < self.settings.concurrency.limit()
    }

    fn unread(&self) -> usize {
        self.outcome_sender
            .as_ref()
            .map_or(0, OutcomeSender::unread)
    }

    fn waits_for(&self) -> WaitsFor {
        let state = &self.state;
        if !state.due.is_empty() {
            if state.in_flight.len() >= self.settings.concurrency.limit() {
                WaitsFor::Responses
            } else if state.send_at > Instant::now() {
                WaitsFor::RateLimit
            } else {
                WaitsFor::EarlierOperation
            }
        } else if !state.waiting.is_empty() && (state.in_flight.is_empty() || !self.has_slot()) {
            WaitsFor::Retry
        } else if self.has_slot() && !state.source_ended {
            WaitsFor::Input
        } else if !state.in_flight.is_empty() {
            WaitsFor::Responses
        } else if self.unread() > 0 && !state.source_ended {
            WaitsFor::Reader
        } else {
            WaitsFor::Nothing
        }
    }

    /// Takes what the source has added, if it is to be sent now.
    fn take_batches(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut input = shared.lock();
        self.progress.report.operations = input.operations;
        let rejected = std::mem::take(&mut input.rejected);
        if self.state.stop.is_some() {
            input.stopped = true;
        }

        let may_add = self.take_from(&mut input);
        let is_stopped = input.stopped;
        if may_add && rejected.is_empty() {
            shared.open(input);
        } else {
            drop(input);
        }

        if is_stopped {
            shared.stop();
            self.close_unsent();
        }
        if !rejected.is_empty() {
            self.record(rejected);
            self.shared.changed.notify_one();
        }
    }

    /// Takes the batches that are to be sent now, and returns whether the source
    /// may add more. If it is adding an operation, it waits for the engine after
    /// that if a batch is due.
    fn take_from(&mut self, input: &mut State<C>) -> bool {
        let now = Instant::now();
        let interval = self.settings.flush_interval;
        self.state.is_adding = input.batches.is_none();
        let Some(batches) = &mut input.batches else {
            let flush_at = self.state.flush_at;
            if self.state.stop.is_some() || flush_at.is_none_or(|at| at <= now) {
                input.wanted = true;
                self.state.flush_at = None;
            }
            return false;
        };
        input.wanted = false;
        if let Some(bytes) = self.state.limit_bytes.take() {
            batches.limit_bytes(bytes);
        }

        while let Some(begun_at) = batches.stamp_and_oldest(now) {
            let is_due = now.saturating_duration_since(begun_at) >= interval;
            let is_complete = batches.is_full() || input.ended || input.flush || is_due;
            let stopped = self.state.stop.is_some();
            if !(stopped || is_complete && self.has_slot()) {
                break;
            }
            let buffers = self.state.buffers.pop().unwrap_or_default();
            self.state.due.push_back(batches.take(buffers));
        }

        let oldest = batches.stamp_and_oldest(now);
        self.state.flush_at = oldest.and_then(|begun_at| begun_at.checked_add(interval));
        self.state.taken_up_to = batches.first_number().unwrap_or(input.operations);
        if oldest.is_none() {
            input.flush = false;
            self.state.source_ended = input.ended;
            self.state.source_error = self.state.source_error.take().or(input.error.take());
        }
        self.has_slot() && !input.ended && !batches.is_full()
    }

    /// Sends what is due.
    fn dispatch(&mut self) {
        let now = Instant::now();
        let state = &mut self.state;
        let report = &mut self.progress.report;
        let mut at = 0;
        while let Some((retry_at, _)) = state.waiting.get(at) {
            if *retry_at <= now {
                let (_, batch) = state.waiting.swap_remove(at);
                state.due.push_front(batch);
            } else {
                at += 1;
            }
        }

        while state.in_flight.len() < self.settings.concurrency.limit() && state.send_at <= now {
            let Some(mut batch) = state.next_due() else {
                break;
            };
            report.requests += 1;
            report.bytes += batch.body.len() as u64;
            if batch.retries > 0 || batch.isolated {
                report.retried += batch.len() as u64;
            }
            state.send_at = after(state.send_at.max(now), self.settings.rate.time(&batch));
            batch.sent = true;
            state
                .first_numbers
                .extend(batch.items.first().map(|item| item.number));
            let sent = send_batch(Arc::clone(&self.context), batch);
            state.in_flight.spawn(sent.in_current_span());
        }
    }

    /// Takes in the result of a request.
    fn settle(&mut self, mut result: BatchResult<C>) {
        let state = &mut self.state;
        result.released.iter().for_each(|document| {
            state.in_order.remove(document);
        });
        let report = &mut self.progress.report;
        report.retry_reason = result.retry_reason.or(report.retry_reason.take());
        report.succeeded += result.succeeded;
        report.in_failure_store += result.in_failure_store;
        let numbers = &mut state.first_numbers;
        if let Some(at) = numbers
            .iter()
            .position(|number| *number == result.first_number)
        {
            numbers.swap_remove(at);
        }
        if let Some(latency) = result.latency {
            self.settings.concurrency.ended(latency);
        }
        let limit = result.size.and_then(|size| self.settings.size.ended(size));
        state.limit_bytes = limit.or(state.limit_bytes);
        state.buffers.extend(
            result
                .buffers
                .filter(|_| state.buffers.len() < KEPT_BUFFERS),
        );

        let now = Instant::now();
        for batch in result.retry {
            if batch.wait.is_zero() {
                state.due.push_back(batch);
            } else {
                state.waiting.push((after(now, batch.wait), batch));
            }
        }
        state.stop = state.stop.take().or(result.stop.take());
        self.record(result.outcomes);
    }

    /// Counts outcomes, and forwards them to the reader.
    fn record(&mut self, outcomes: Vec<Outcome<C>>) {
        // Operations that end because the run stops are left to the next run.
        let mut is_durable = self.state.stop.is_none();
        let progress = &mut self.progress;
        progress.count_failures(&outcomes);
        let failures = progress.failures();
        if failures >= self.settings.stop_after_failures && self.state.stop.is_none() {
            let message = format!("stopped after {failures} failures (stop_after_failures)");
            self.state.stop = Some(Error::helper(message, None));
        }
        // Dead letters are kept before their operations count as settled.
        if let Some(writer) = &mut self.settings.dead_letters
            && let Err(error) = dead_letter::write(writer, &outcomes)
        {
            let error = Error::helper("cannot write dead letters", Some(error.into()));
            self.state.stop.get_or_insert(error);
            is_durable = false;
        }

        let reached = self.progress.report.durable_up_to;
        let durable_up_to = if is_durable {
            self.state.durable_up_to()
        } else {
            reached
        };
        if durable_up_to > reached {
            self.progress.report.durable_up_to = durable_up_to;
            if let Some(on_durable) = &mut self.settings.on_durable {
                on_durable(durable_up_to);
            }
        }
        // A flush that ends with this finds the totals as they are.
        self.update_report(self.progress.report.waits_for);
        self.shared.set_durable(durable_up_to);
        let Some(outcome_sender) = &self.outcome_sender else {
            return;
        };
        if !outcomes.is_empty() {
            outcome_sender.send(Settled {
                outcomes,
                durable_up_to,
            });
        }
    }

    fn update_report(&mut self, waits_for: WaitsFor) {
        let progress = &mut self.progress;
        progress.update(waits_for);
        if self.is_observed {
            self.shared.set_report(progress.report.clone());
        }
    }

    fn report_progress(&mut self, waits_for: WaitsFor) {
        self.update_report(waits_for);
        self.progress.call();
    }

    /// Ends everything that was not sent yet.
    fn close_unsent(&mut self) {
        let waiting = self.state.waiting.drain(..).map(|(_, batch)| batch);
        let batches: Vec<_> = self.state.due.drain(..).chain(waiting).collect();
        let mut closed = BatchResult::default();
        for mut batch in batches {
            let all: Vec<_> = (0..batch.len()).collect();
            classify::close(
                &self.context,
                &mut batch,
                &all,
                &Reason::stopped(),
                &mut closed,
            );
        }
        self.record(closed.outcomes);
    }
}

/// Returns the time after a wait, or a month if that cannot be represented.
fn after(time: Instant, wait: Duration) -> Instant {
    const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    time.checked_add(wait).unwrap_or(time + MONTH)
}

/// Continues the panic of a task.
fn propagate_panic(error: JoinError) {
    if let Ok(payload) = error.try_into_panic() {
        std::panic::resume_unwind(payload);
    }
}
