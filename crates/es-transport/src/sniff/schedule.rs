//! Whether it is time to look: one number that every request reads, and one
//! look at a time.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::SniffOptions;

/// No look is wanted.
const NEVER: u64 = u64::MAX;
/// A cluster that does not answer is not asked without a pause, whatever the
/// minimal delay.
pub(super) const REST: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Schedule {
    born: Instant,
    /// When the next look is due, in milliseconds since `born`.
    due: AtomicU64,
    is_running: AtomicBool,
    has_succeeded: AtomicBool,
    last: Mutex<Option<Instant>>,
}

impl Schedule {
    pub(super) fn new(options: &SniffOptions, born: Instant) -> Self {
        let first = if options.on_start || options.before_requests {
            Some(Duration::ZERO)
        } else {
            options.every
        };
        Self {
            born,
            due: AtomicU64::new(first.map_or(NEVER, milliseconds)),
            is_running: AtomicBool::new(false),
            has_succeeded: AtomicBool::new(false),
            last: Mutex::new(None),
        }
    }

    /// Whether a look may become due at all; reads no clock.
    pub(super) fn is_waiting(&self) -> bool {
        self.due.load(Ordering::Relaxed) != NEVER
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due.load(Ordering::Relaxed) <= self.since_born(now)
    }

    /// When the next look is due.
    pub(super) fn due_at(&self) -> Option<Instant> {
        let due = self.due.load(Ordering::Relaxed);
        if due == NEVER { None } else { self.born.checked_add(Duration::from_millis(due)) }
    }

    /// Whether no look has begun yet.
    pub(super) fn is_first(&self) -> bool {
        self.last().is_none()
    }

    /// Begins a look; `None` while another one runs, or too soon after it.
    /// `is_forced` leaves the minimal delay out of account.
    pub(super) fn begin(&self, options: &SniffOptions, now: Instant, is_forced: bool) -> bool {
        if self.is_running.swap(true, Ordering::Acquire) {
            return false;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_soon =
            last.is_some_and(|last| self.since_born(now) < self.after(last, options.min_delay));
        if is_soon && !is_forced {
            self.is_running.store(false, Ordering::Release);
            return false;
        }
        *last = Some(now);
        self.due.store(self.next(options, now), Ordering::Relaxed);
        true
    }

    /// Ends a look that [`begin`](Self::begin) allowed. One that failed is
    /// repeated as soon as the minimal delay and a rest allow.
    pub(super) fn end(&self, options: &SniffOptions, has_succeeded: bool) {
        if has_succeeded && !self.has_succeeded.swap(true, Ordering::Relaxed) {
            // The look at the start need not be repeated any more. A failure
            // seen meanwhile is known to the new list of nodes.
            let started = self.last().unwrap_or(self.born);
            self.due.store(self.next(options, started), Ordering::Relaxed);
        }
        if !has_succeeded && options.is_on() {
            self.want_after(options.min_delay.max(REST));
        }
        self.is_running.store(false, Ordering::Release);
    }

    /// Wants a look as soon as the minimal delay allows.
    pub(super) fn want(&self, options: &SniffOptions) {
        self.want_after(options.min_delay);
    }

    fn want_after(&self, delay: Duration) {
        let soonest = self.last().map_or(0, |last| self.after(last, delay));
        self.due.fetch_min(soonest, Ordering::Relaxed);
    }

    fn next(&self, options: &SniffOptions, started: Instant) -> u64 {
        let is_repeated = options.before_requests
            || (options.on_start && !self.has_succeeded.load(Ordering::Relaxed));
        let soon = is_repeated.then_some(options.min_delay);
        let every = options.every.map(|every| every.max(options.min_delay));
        let delay = soon.into_iter().chain(every).min();
        delay.map_or(NEVER, |delay| self.after(started, delay))
    }

    fn last(&self) -> Option<Instant> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Such a time after this moment, also where no clock can express it.
    fn after(&self, at: Instant, time: Duration) -> u64 {
        self.since_born(at).saturating_add(milliseconds(time)).min(NEVER - 1)
    }

    fn since_born(&self, at: Instant) -> u64 {
        milliseconds(at.saturating_duration_since(self.born))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER - 1)
}
