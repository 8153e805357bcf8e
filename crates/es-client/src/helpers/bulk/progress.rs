//! The totals of a run, and when they are reported.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    outcome::Outcome,
    report::{BulkReport, WaitsFor},
};

pub(super) type OnProgress = Box<dyn FnMut(&BulkReport) + Send>;

/// The time after which it is reported that something else is waited for.
const STALL: Duration = Duration::from_secs(1);

pub(super) struct Progress {
    pub report: BulkReport,
    started: Instant,
    /// When it is reported that something else is waited for.
    report_at: Option<Instant>,
    keep_failures: usize,
    on_progress: Option<OnProgress>,
}

impl Progress {
    pub fn new(keep_failures: usize, on_progress: Option<OnProgress>) -> Self {
        Self {
            report: BulkReport::default(),
            started: Instant::now(),
            report_at: None,
            keep_failures,
            on_progress,
        }
    }

    /// Returns the time at which the report is due even if no request has ended.
    pub fn report_at(&self) -> Option<Instant> {
        self.report_at
    }

    /// Counts operations that are not written, and keeps the first of them.
    pub fn count_failures<C>(&mut self, outcomes: &[Outcome<C>]) {
        for outcome in outcomes {
            let Err(error) = &outcome.result else {
                continue;
            };
            let count = if error.is_unknown() {
                &mut self.report.unknown
            } else {
                &mut self.report.failed
            };
            *count += 1;
            if self.report.failures.len() < self.keep_failures {
                self.report.failures.push(outcome.without_context());
            }
        }
    }

    /// Returns the number of operations that failed or are unknown.
    pub fn failures(&self) -> u64 {
        self.report.failed + self.report.unknown
    }

    pub fn update(&mut self, waits_for: WaitsFor) {
        self.report.elapsed = self.started.elapsed();
        self.report.waits_for = waits_for;
    }

    /// Calls the caller's function.
    pub fn call(&mut self) {
        if let Some(on_progress) = &mut self.on_progress {
            on_progress(&self.report);
        }
    }

    /// Returns what to report if a request has ended, of which is known what was waited
    /// for meanwhile, or if something else is waited for than was reported.
    pub fn due(&mut self, waited_for: Option<WaitsFor>, waits_for: WaitsFor) -> Option<WaitsFor> {
        let now = Instant::now();
        let is_due = match waits_for {
            _ if waited_for.is_some() => true,
            _ if waits_for == self.report.waits_for => {
                self.report_at = None;
                false
            }
            WaitsFor::RateLimit | WaitsFor::EarlierOperation => true,
            _ => *self.report_at.get_or_insert(now + STALL) <= now,
        };
        if !is_due {
            return None;
        }
        self.report_at = None;
        // A source that had no room until now is not late yet.
        Some(match (waited_for, waits_for) {
            (Some(WaitsFor::Responses), WaitsFor::Input) => WaitsFor::Responses,
            _ => waits_for,
        })
    }
}
