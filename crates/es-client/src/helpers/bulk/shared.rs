//! The state that the source, the engine and the reader of one run share.

use std::{
    any::Any,
    future::poll_fn,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use serde::Serialize;
use tokio::sync::Notify;

use super::{
    batch_builder::PushError,
    groups::Batches,
    operation::Operation,
    outcome::{Outcome, with_causes},
    report::BulkReport,
};
use crate::error::Error;

/// Shared by the source, which adds operations, the engine, which takes
/// batches, and the reader of the outcomes.
pub(super) struct Shared<C> {
    pub index: Arc<str>,
    state: Mutex<State<C>>,
    /// Wakes a source that is a thread.
    room: Condvar,
    /// Wakes the engine.
    pub changed: Notify,
    /// The totals, as of the last request that ended.
    report: Mutex<BulkReport>,
}

pub(super) struct State<C> {
    /// `None` while an operation is added to them.
    pub batches: Option<Box<Batches<C>>>,
    /// The engine waits for the batches.
    pub wanted: bool,
    /// The number of operations that were added.
    pub operations: u64,
    /// Operations that could not be written.
    pub rejected: Vec<Outcome<C>>,
    /// Whether the source may add another operation.
    pub has_room: bool,
    /// Whether the batch is to be sent as it is.
    pub flush: bool,
    pub ended: bool,
    /// Why the source ended early.
    pub error: Option<Error>,
    /// Nothing more is taken.
    pub stopped: bool,
    /// All operations before this number are settled.
    pub durable_up_to: u64,
    /// A source that is a task.
    source: Option<Waker>,
    /// A sink that waits until all is settled.
    flushing: Option<Waker>,
}

/// The state of the run after an operation was added.
pub(super) enum Pushed {
    /// There is room for another one.
    Room,
    /// The source must wait for room.
    Full,
    /// The run has ended; the operation was not added.
    Stopped,
    /// The operation's `Serialize` panicked.
    Panicked(Box<dyn Any + Send>),
}

/// The batches while an operation is added. They are put back even if a caller's node
/// selector panics, since the engine waits for them.
struct Taken<'a, C> {
    shared: &'a Shared<C>,
    batches: Option<Box<Batches<C>>>,
}

impl<C> Drop for Taken<'_, C> {
    fn drop(&mut self) {
        if let Some(batches) = self.batches.take() {
            self.shared.lock().batches = Some(batches);
        }
    }
}

impl<C> Shared<C> {
    pub fn new(index: Arc<str>, batches: Batches<C>) -> Self {
        let state = State {
            batches: Some(Box::new(batches)),
            wanted: false,
            operations: 0,
            rejected: Vec::new(),
            has_room: false,
            flush: false,
            ended: false,
            error: None,
            stopped: false,
            durable_up_to: 0,
            source: None,
            flushing: None,
        };
        Self {
            index,
            state: Mutex::new(state),
            room: Condvar::new(),
            changed: Notify::new(),
            report: Mutex::default(),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, State<C>> {
        // No code of the caller's runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an operation; called only after there was room.
    pub fn push<T: Serialize>(&self, operation: Operation<T, C>) -> Pushed {
        let Operation { parts, context } = operation;
        let mut state = self.lock();
        if state.stopped {
            return Pushed::Stopped;
        }
        let Some(batches) = state.batches.take() else {
            return Pushed::Stopped;
        };
        let number = state.operations;
        drop(state);

        // `Serialize` may compute for long: nobody else waits for it.
        let mut taken = Taken {
            shared: self,
            batches: Some(batches),
        };
        let Some(batches) = &mut taken.batches else {
            return Pushed::Stopped;
        };
        let pushed = batches.push(number, &parts, context);
        let (is_full, has_begun) = (batches.is_full(), batches.take_has_begun());
        let batches = taken.batches.take();

        let mut state = self.lock();
        state.batches = batches;
        state.operations += 1;
        let mut panicked = None;
        if let Err((error, context)) = pushed {
            let reason = match error {
                PushError::Encode(error) => with_causes(&error),
                PushError::Panicked(payload) => {
                    let reason = panic_message(&*payload);
                    panicked = Some(payload);
                    reason
                }
            };
            let outcome = Outcome::rejected(&self.index, number, parts, context, reason);
            state.rejected.push(outcome);
            // The engine reports it before more is taken.
            state.has_room = false;
        } else if is_full || state.wanted {
            state.has_room = false;
        }

        let has_room = state.has_room;
        drop(state);
        if has_begun || !has_room {
            self.changed.notify_one();
        }
        match panicked {
            Some(payload) => Pushed::Panicked(payload),
            None if has_room => Pushed::Room,
            None => Pushed::Full,
        }
    }

    /// Blocks until there is room; returns whether there will be.
    pub fn wait_for_room(&self) -> bool {
        let mut state = self.lock();
        while !state.has_room && !state.stopped {
            state = self
                .room
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        !state.stopped
    }

    /// Waits until there is room; returns whether there will be.
    pub async fn has_room(&self) -> bool {
        poll_fn(|cx| self.poll_room(cx)).await
    }

    pub fn poll_room(&self, cx: &Context<'_>) -> Poll<bool> {
        let mut state = self.lock();
        if state.stopped {
            return Poll::Ready(false);
        }
        if state.has_room {
            return Poll::Ready(true);
        }
        state.source = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Sends what was added; ready when all of it is settled (`true`), or when
    /// the run has stopped.
    pub fn poll_settled(&self, cx: &Context<'_>) -> Poll<bool> {
        let mut state = self.lock();
        if state.durable_up_to >= state.operations {
            return Poll::Ready(true);
        }
        if state.stopped {
            return Poll::Ready(false);
        }
        state.flush = true;
        state.flushing = Some(cx.waker().clone());
        drop(state);
        self.changed.notify_one();
        Poll::Pending
    }

    /// Notes that all operations before this number are settled.
    pub fn set_durable(&self, durable_up_to: u64) {
        let mut state = self.lock();
        state.durable_up_to = durable_up_to;
        let flushing = state.flushing.take();
        drop(state);
        if let Some(waker) = flushing {
            waker.wake();
        }
    }

    /// Ends the input, with the error that ended it early, if there is one.
    pub fn end(&self, error: Option<Error>) {
        let mut state = self.lock();
        if !state.ended {
            state.ended = true;
            state.has_room = false;
            state.error = error;
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Takes nothing more from the source, which ends.
    pub fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        state.has_room = false;
        self.wake_source(state);
    }

    /// Lets the source add operations.
    pub fn open(&self, mut state: MutexGuard<'_, State<C>>) {
        if !state.has_room {
            state.has_room = true;
            self.wake_source(state);
        }
    }

    fn wake_source(&self, mut state: MutexGuard<'_, State<C>>) {
        let wakers = [state.source.take(), state.flushing.take()];
        drop(state);
        self.room.notify_all();
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    pub fn report(&self) -> BulkReport {
        self.report
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub fn set_report(&self, report: BulkReport) {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }
}

/// Returns the text that a panic came with.
pub(super) fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("no message"))
}
