//! What an origin knows about its connections; all of it under one lock.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use tokio::runtime::Handle;

use super::{line::BoxLine, queue::Queue, settings::Limits};

/// How much longer than expected the reaper may sleep before the process is
/// taken to have been frozen: more than a busy runtime needs to come round.
const THAW_SLACK: Duration = Duration::from_secs(5);

/// The connections of one origin and who waits for them.
#[derive(Default)]
pub(super) struct State {
    /// Connections that can take a request, the one used last at the end.
    idle: Vec<Idle>,
    /// Requests without a connection, in the order they came.
    pub(super) waiting: Queue,
    /// Connections that are open or being opened.
    pub(super) open: usize,
    /// Those of them that are being opened.
    pub(super) dials: usize,
    /// The name of the next waiter.
    pub(super) next_id: u64,
    /// The origin was let go: what is given back is closed.
    pub(super) retired: bool,
    /// Nobody is served any more.
    pub(super) closed: bool,
    /// Counts the reaper's rounds. It ages the idle connections, so that the
    /// way of a request reads the clock once.
    round: u32,
    /// When the last round was, by the wall clock; `None` while none runs.
    last_round: Option<SystemTime>,
    /// The process was frozen, which nobody was told yet.
    has_thawed: bool,
    /// Dials that are counted and not started yet: for whom, and where.
    planned: VecDeque<(u64, Handle)>,
    /// Somebody starts the planned dials, one after the other.
    is_starting: bool,
}

struct Idle {
    line: BoxLine,
    since_round: u32,
}

/// A connection that is handed to a waiter.
pub(super) struct Given {
    pub(super) line: BoxLine,
    pub(super) reused: bool,
}

impl State {
    /// The idle connection that was used last. Dead ones are let go, and all
    /// of them if the process was frozen.
    pub(super) fn pop_idle(
        &mut self,
        limits: &Limits,
        now: impl FnOnce() -> SystemTime,
    ) -> Option<BoxLine> {
        if self.idle.is_empty() {
            return None;
        }
        let now = now();
        if self.was_frozen(limits, now) {
            self.thaw();
            // The reaper will come round late; what is opened now is not that old.
            self.last_round = Some(now);
        }
        while let Some(Idle { line, since_round }) = self.idle.pop() {
            if line.is_ready() && self.age(since_round) <= limits.max_age {
                return Some(line);
            }
            self.open -= 1;
        }
        None
    }

    fn age(&self, since_round: u32) -> u32 {
        self.round.wrapping_sub(since_round)
    }

    fn was_frozen(&self, limits: &Limits, now: SystemTime) -> bool {
        self.last_round
            .and_then(|last| now.duration_since(last).ok())
            .is_some_and(|since| since > limits.round + THAW_SLACK)
    }

    fn thaw(&mut self) {
        self.drop_idle();
        self.has_thawed = true;
    }

    /// Whether the process was frozen since this was asked last.
    pub(super) fn take_thaw(&mut self) -> bool {
        std::mem::take(&mut self.has_thawed)
    }

    /// Keeps a connection for the next request, or closes it. Says whether the
    /// reaper has to be started.
    pub(super) fn push_idle(
        &mut self,
        line: BoxLine,
        limits: &Limits,
        now: impl FnOnce() -> SystemTime,
    ) -> bool {
        if self.retired || self.idle.len() >= limits.max_idle {
            self.open -= 1;
            return false;
        }
        self.idle.push(Idle { line, since_round: self.round });
        let start = self.last_round.is_none();
        if start {
            self.last_round = Some(now());
        }
        start
    }

    /// One round of the reaper: says whether anything is left to watch.
    pub(super) fn reap(&mut self, limits: &Limits, now: SystemTime) -> bool {
        if self.was_frozen(limits, now) {
            self.thaw();
        }
        self.round = self.round.wrapping_add(1);
        let round = self.round;
        let before = self.idle.len();
        self.idle.retain(|idle| {
            idle.line.is_ready() && round.wrapping_sub(idle.since_round) <= limits.max_age
        });
        self.open -= before - self.idle.len();
        self.last_round = (!self.idle.is_empty()).then_some(now);
        self.last_round.is_some()
    }

    /// No reaper runs any more; the next idle connection starts one.
    pub(super) fn reaper_missing(&mut self) {
        self.last_round = None;
    }

    pub(super) fn drop_idle(&mut self) {
        self.open -= self.idle.len();
        self.idle.clear();
    }

    pub(super) fn idle_count(&self) -> usize {
        self.idle.len()
    }

    /// Counts a dial for a waiter.
    pub(super) fn plan_dial(&mut self, waiter: u64, runtime: Handle) {
        self.open += 1;
        self.dials += 1;
        self.planned.push_back((waiter, runtime));
    }

    /// Counts a place that became free, and plans a dial for the first who
    /// waits without one.
    pub(super) fn free_place(&mut self) {
        self.open -= 1;
        if let Some((waiter, runtime)) = self.waiting.promise_dial() {
            self.plan_dial(waiter, runtime);
        }
    }

    /// Whether dials are planned that nobody starts; who asks then does.
    pub(super) fn begin_starting(&mut self) -> bool {
        !self.planned.is_empty() && !std::mem::replace(&mut self.is_starting, true)
    }

    /// The next dial to start; `None` ends the starting.
    pub(super) fn next_planned(&mut self) -> Option<(u64, Handle)> {
        let next = self.planned.pop_front();
        self.is_starting = next.is_some();
        next
    }

    /// Hands a connection to the first who still waits, or gives it back.
    pub(super) fn hand_over(&mut self, mut given: Given) -> Option<Given> {
        while let Some(waiter) = self.waiting.pop() {
            match waiter.sender.send(Ok(given)) {
                Ok(()) => return None,
                Err(Ok(back)) => given = back,
                // What comes back is what was sent.
                Err(Err(_)) => return None,
            }
        }
        Some(given)
    }
}
