//! Whether one node is alive: a state machine without a clock.

use std::time::Duration;

use tokio::time::Instant;

use super::verdict::Verdict;

/// What the end of an attempt tells the state machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    pub(super) verdict: Verdict,
    /// When the attempt began.
    pub(super) started: Instant,
    /// The probe that the attempt was, if it was one.
    pub(super) probe: Option<u64>,
    /// When it ended.
    pub(super) now: Instant,
}

/// What becomes of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    Died,
    Revived,
    /// A probe failed, or nobody waits for it any more.
    Probe,
}

#[derive(Debug, Default)]
pub(super) struct Health {
    /// Dead times in a row.
    failures: u32,
    /// Weak evidence since the last answer.
    doubts: u32,
    /// When the node came back; older attempts say nothing about it.
    revived: Option<Instant>,
    dead: Option<Dead>,
}

#[derive(Clone, Copy, Debug)]
struct Dead {
    since: Instant,
    until: Instant,
    probe: Option<u64>,
}

impl Health {
    pub(super) fn is_live(&self) -> bool {
        self.dead.is_none()
    }

    /// Nothing to forget when the node answers.
    pub(super) fn is_spotless(&self) -> bool {
        self.dead.is_none() && self.doubts == 0
    }

    /// When the dead time is over; `None` for a live node.
    pub(super) fn dead_until(&self) -> Option<Instant> {
        self.dead.map(|dead| dead.until)
    }

    pub(super) fn is_probed(&self) -> bool {
        self.dead.is_some_and(|dead| dead.probe.is_some())
    }

    /// When a request may probe the node; `None` while it lives or is probed.
    pub(super) fn probe_at(&self) -> Option<Instant> {
        self.dead.filter(|dead| dead.probe.is_none()).map(|dead| dead.until)
    }

    /// Makes the request `probe` the only one that asks a dead node whose time is over.
    pub(super) fn begin_probe(&mut self, probe: u64) {
        if let Some(dead) = &mut self.dead {
            dead.probe = Some(probe);
        }
    }

    /// Takes in how an attempt ended. `dead_time` is asked for the dead time
    /// after so many failures in a row.
    pub(super) fn report(
        &mut self,
        report: Report,
        doubts_until_dead: u32,
        dead_time: impl FnOnce(u32) -> Duration,
    ) -> Change {
        let is_probe =
            report.probe.is_some() && self.dead.is_some_and(|dead| dead.probe == report.probe);
        match report.verdict {
            Verdict::Alive | Verdict::Burdened => self.answered(report, is_probe),
            Verdict::Failed => self.failed(report, is_probe, dead_time),
            Verdict::Doubtful if is_probe => self.failed(report, true, dead_time),
            Verdict::Doubtful => {
                if self.dead.is_none() && !self.is_stale(report) {
                    self.doubts = self.doubts.saturating_add(1);
                    if self.doubts >= doubts_until_dead {
                        return self.failed(report, false, dead_time);
                    }
                }
                Change::None
            }
            Verdict::Unknown if is_probe => {
                if let Some(dead) = &mut self.dead {
                    dead.probe = None;
                }
                Change::Probe
            }
            Verdict::Unknown => Change::None,
        }
    }

    fn answered(&mut self, report: Report, is_probe: bool) -> Change {
        // What was asked before the node died may still be answered, but tells
        // nothing about whether the node takes new requests.
        if self.dead.is_some_and(|dead| !is_probe && report.started < dead.since) {
            return Change::None;
        }
        let was_dead = self.dead.take().is_some();
        (self.failures, self.doubts) = (0, 0);
        if was_dead {
            self.revived = Some(report.now);
            return Change::Revived;
        }
        Change::None
    }

    /// A node that lives begins a dead time, one whose probe failed a longer
    /// one; any other failure belongs to the dead time that runs.
    fn failed(
        &mut self,
        report: Report,
        is_probe: bool,
        dead_time: impl FnOnce(u32) -> Duration,
    ) -> Change {
        if !is_probe && (self.dead.is_some() || self.is_stale(report)) {
            return Change::None;
        }
        self.failures = self.failures.saturating_add(1);
        self.doubts = 0;
        let until = after(report.now, dead_time(self.failures));
        self.dead = Some(Dead { since: report.now, until, probe: None });
        if is_probe { Change::Probe } else { Change::Died }
    }

    fn is_stale(&self, report: Report) -> bool {
        self.revived.is_some_and(|revived| report.started < revived)
    }
}

/// A time that no clock can express is over in 30 years.
fn after(now: Instant, time: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);
    now.checked_add(time).unwrap_or_else(|| now + FAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Clock(Instant);

    impl Clock {
        fn at(&self, seconds: u64) -> Instant {
            self.0 + Duration::from_secs(seconds)
        }

        fn report(&self, health: &mut Health, verdict: Verdict, from: u64, to: u64) -> Change {
            self.probe(health, verdict, None, from, to)
        }

        fn probe(
            &self,
            health: &mut Health,
            verdict: Verdict,
            probe: Option<u64>,
            from: u64,
            to: u64,
        ) -> Change {
            let report = Report { verdict, started: self.at(from), probe, now: self.at(to) };
            health.report(report, 3, |n| Duration::from_secs(u64::from(n) * 10))
        }
    }

    fn start() -> (Clock, Health) {
        (Clock(Instant::now()), Health::default())
    }

    #[test]
    fn failures_that_come_together_count_once() {
        let (clock, mut health) = start();
        assert_eq!(clock.report(&mut health, Verdict::Failed, 0, 1), Change::Died);
        for _ in 0..5 {
            assert_eq!(clock.report(&mut health, Verdict::Failed, 0, 2), Change::None);
        }
        assert_eq!(health.dead_until(), Some(clock.at(11)));
    }

    #[test]
    fn a_dead_time_may_be_longer_than_any_clock() {
        let (clock, mut health) = start();
        let report =
            Report { verdict: Verdict::Failed, started: clock.0, probe: None, now: clock.at(1) };
        assert_eq!(health.report(report, 3, |_| Duration::MAX), Change::Died);
        assert!(health.dead_until().is_some_and(|until| until > clock.at(86_400 * 365)));
    }

    #[test]
    fn a_failed_probe_makes_the_dead_time_longer() {
        let (clock, mut health) = start();
        clock.report(&mut health, Verdict::Failed, 0, 0);
        health.begin_probe(7);
        assert_eq!(health.probe_at(), None);
        assert_eq!(clock.probe(&mut health, Verdict::Failed, Some(7), 10, 11), Change::Probe);
        assert_eq!(health.dead_until(), Some(clock.at(31)));
        assert_eq!(health.probe_at(), health.dead_until());
    }

    #[test]
    fn an_answer_to_the_probe_revives_and_forgets() {
        let (clock, mut health) = start();
        clock.report(&mut health, Verdict::Failed, 0, 0);
        health.begin_probe(7);
        assert_eq!(clock.probe(&mut health, Verdict::Burdened, Some(7), 10, 11), Change::Revived);
        assert!(health.is_live() && health.is_spotless());
        // What was sent before the revival breaks: the node is not dead again.
        assert_eq!(clock.report(&mut health, Verdict::Failed, 5, 12), Change::None);
        assert_eq!(clock.report(&mut health, Verdict::Failed, 12, 13), Change::Died);
        assert_eq!(health.dead_until(), Some(clock.at(23)));
    }

    #[test]
    fn an_answer_to_an_older_request_revives_nobody() {
        let (clock, mut health) = start();
        clock.report(&mut health, Verdict::Failed, 0, 5);
        assert_eq!(clock.report(&mut health, Verdict::Alive, 1, 6), Change::None);
        assert_eq!(clock.report(&mut health, Verdict::Alive, 6, 7), Change::Revived);
    }

    #[test]
    fn it_takes_three_timeouts_without_an_answer_between() {
        let (clock, mut health) = start();
        clock.report(&mut health, Verdict::Doubtful, 0, 1);
        clock.report(&mut health, Verdict::Doubtful, 0, 1);
        clock.report(&mut health, Verdict::Alive, 0, 2);
        clock.report(&mut health, Verdict::Doubtful, 2, 3);
        clock.report(&mut health, Verdict::Doubtful, 2, 3);
        assert!(health.is_live() && !health.is_spotless());
        assert_eq!(clock.report(&mut health, Verdict::Doubtful, 2, 3), Change::Died);
    }

    #[test]
    fn a_probe_that_runs_out_of_time_has_failed() {
        let (clock, mut health) = start();
        clock.report(&mut health, Verdict::Failed, 0, 0);
        health.begin_probe(7);
        assert_eq!(clock.probe(&mut health, Verdict::Doubtful, Some(7), 10, 11), Change::Probe);
        assert_eq!(health.dead_until(), Some(clock.at(31)));
    }

    #[test]
    fn a_probe_that_nobody_waits_for_lets_the_next_one_go() {
        let (clock, mut health) = start();
        clock.report(&mut health, Verdict::Failed, 0, 0);
        health.begin_probe(7);
        assert_eq!(clock.probe(&mut health, Verdict::Unknown, Some(6), 10, 11), Change::None);
        assert_eq!(health.probe_at(), None);
        assert_eq!(clock.probe(&mut health, Verdict::Unknown, Some(7), 10, 11), Change::Probe);
        assert_eq!(health.probe_at(), Some(clock.at(10)));
    }
}
