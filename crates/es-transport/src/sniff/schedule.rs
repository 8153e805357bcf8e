//! Whether it is time to sniff: one number that every request reads, and one
//! sniff at a time.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::SniffOptions;

/// No sniff is due.
const NEVER: u64 = u64::MAX;
/// The pause between two sniffs of a cluster that does not respond, whatever
/// the minimal delay.
pub(super) const REST: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Schedule {
    created_at: Instant,
    /// When the next sniff is due, in milliseconds since `created_at`.
    due: AtomicU64,
    is_running: AtomicBool,
    has_succeeded: AtomicBool,
    last: Mutex<Option<Instant>>,
}

impl Schedule {
    pub fn new(options: &SniffOptions, created_at: Instant) -> Self {
        let first = if options.on_start || options.before_requests {
            Some(Duration::ZERO)
        } else {
            options.every
        };
        Self {
            created_at,
            due: AtomicU64::new(first.map_or(NEVER, milliseconds)),
            is_running: AtomicBool::new(false),
            has_succeeded: AtomicBool::new(false),
            last: Mutex::new(None),
        }
    }

    /// Whether a sniff may become due at all; reads no clock.
    pub fn is_waiting(&self) -> bool {
        self.due.load(Ordering::Relaxed) != NEVER
    }

    pub fn is_due(&self, now: Instant) -> bool {
        self.due.load(Ordering::Relaxed) <= self.since_creation(now)
    }

    /// Returns when the next sniff is due.
    pub fn due_at(&self) -> Option<Instant> {
        let due = self.due.load(Ordering::Relaxed);
        if due == NEVER {
            None
        } else {
            self.created_at.checked_add(Duration::from_millis(due))
        }
    }

    /// Whether no sniff has begun yet.
    pub fn is_first(&self) -> bool {
        self.last().is_none()
    }

    /// Begins a sniff; returns `false` while another one runs, or too soon
    /// after it. `is_forced` ignores the minimal delay.
    pub fn begin(&self, options: &SniffOptions, now: Instant, is_forced: bool) -> bool {
        if self.is_running.swap(true, Ordering::Acquire) {
            return false;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_soon =
            last.is_some_and(|last| self.since_creation(now) < self.after(last, options.min_delay));
        if is_soon && !is_forced {
            self.is_running.store(false, Ordering::Release);
            return false;
        }
        *last = Some(now);
        self.due.store(self.next(options, now), Ordering::Relaxed);
        true
    }

    /// Ends a sniff that [`begin`](Self::begin) allowed. One that failed is
    /// repeated as soon as the minimal delay and a pause allow.
    pub fn end(&self, options: &SniffOptions, has_succeeded: bool) {
        if has_succeeded && !self.has_succeeded.swap(true, Ordering::Relaxed) {
            // The sniff on start need not be repeated any more. The new list
            // of nodes accounts for failures seen meanwhile.
            let started = self.last().unwrap_or(self.created_at);
            self.due
                .store(self.next(options, started), Ordering::Relaxed);
        }
        if !has_succeeded && options.is_on() {
            self.make_due_after(options.min_delay.max(REST));
        }
        self.is_running.store(false, Ordering::Release);
    }

    /// Makes a sniff due as soon as the minimal delay allows.
    pub fn make_due(&self, options: &SniffOptions) {
        self.make_due_after(options.min_delay);
    }

    fn make_due_after(&self, delay: Duration) {
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

    /// Returns `at` plus `time`, also where no clock can express it.
    fn after(&self, at: Instant, time: Duration) -> u64 {
        self.since_creation(at)
            .saturating_add(milliseconds(time))
            .min(NEVER - 1)
    }

    fn since_creation(&self, at: Instant) -> u64 {
        milliseconds(at.saturating_duration_since(self.created_at))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER - 1)
}
