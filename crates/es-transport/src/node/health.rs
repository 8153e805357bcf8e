//! Whether one node is used: a state machine without a clock.
//!
//! | state | requests | becomes | when |
//! |---|---|---|---|
//! | live | as the selector chooses | dead | an attempt [failed](NodeOutcome::Failed), or several in a row timed out |
//! | | | ejected | it fails more often than the others ([`Ejection`]), and the limits allow it |
//! | dead | none while another node lives | probed | its time is over, and a request comes |
//! | ejected | none while another node lives | probed | its time is over, and a request comes |
//! | | | live | too few nodes live (panic) |
//! | probed | the one that probes | live | the node responded; one that was ejected, without a server error |
//! | | | dead, ejected | the probe failed: for a longer time |
//! | | | as before | the probe was dropped: the next request probes |
//! | dead, ejected, probed | those from before | live | none of them: they say nothing about new requests |
//! | live again, or new | a growing share ([`slow_start`]) | live | the time of the slow start is over |
//!
//! [`slow_start`]: super::NodePoolBuilder::slow_start

use std::time::Duration;

use tokio::time::Instant;

use super::{ejection::Ejection, outcome::NodeOutcome};

/// The end of an attempt, as the state machine sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    pub outcome: NodeOutcome,
    /// Whether the node sent a response.
    pub has_responded: bool,
    /// When the attempt began.
    pub started_at: Instant,
    /// The probe that the attempt was, if it was one.
    pub probe: Option<u64>,
    /// When it ended.
    pub now: Instant,
}

/// The effect of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    Died,
    Revived,
    /// A probe failed, or was given up.
    Probe,
}

#[derive(Debug, Default)]
pub(super) struct Health {
    /// Dead times in a row.
    failures: u32,
    /// Suspect attempts since the last response.
    strikes: u32,
    /// Whether the node has ever responded.
    is_proven: bool,
    /// When the node came back; older attempts say nothing about it.
    revived_at: Option<Instant>,
    /// Ejections in a row.
    ejections: u32,
    dead: Option<Dead>,
}

#[derive(Clone, Copy, Debug)]
struct Dead {
    since: Instant,
    until: Instant,
    probe: Option<u64>,
    /// Whether the node responds, but was ejected.
    is_ejected: bool,
}

impl Health {
    /// A live node, which has perhaps responded in a former life.
    pub fn new(is_proven: bool) -> Self {
        Self {
            is_proven,
            ..Self::default()
        }
    }

    pub fn is_live(&self) -> bool {
        self.dead.is_none()
    }

    /// Whether the node has ever responded.
    pub fn is_proven(&self) -> bool {
        self.is_proven
    }

    /// Whether a response of the node changes nothing.
    pub fn is_settled(&self) -> bool {
        self.is_proven && self.dead.is_none() && self.strikes == 0
    }

    /// Returns the number of dead times in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns when the dead time is over; `None` for a live node.
    pub fn dead_until(&self) -> Option<Instant> {
        self.dead.map(|dead| dead.until)
    }

    pub fn is_ejected(&self) -> bool {
        self.dead.is_some_and(|dead| dead.is_ejected)
    }

    pub fn is_probed(&self) -> bool {
        self.dead.is_some_and(|dead| dead.probe.is_some())
    }

    /// Returns when a request may probe the node; `None` while it lives or is probed.
    pub fn probe_at(&self) -> Option<Instant> {
        self.dead
            .filter(|dead| dead.probe.is_none())
            .map(|dead| dead.until)
    }

    /// Makes the request `probe` the only one that may use a dead node whose time is over.
    pub fn begin_probe(&mut self, probe: u64) {
        if let Some(dead) = &mut self.dead {
            dead.probe = Some(probe);
        }
    }

    /// Begins a dead time whatever is known of the node.
    pub fn mark_dead(&mut self, now: Instant, dead_time: Duration) -> Change {
        let was_live = self.is_live();
        self.kill(now, dead_time);
        if was_live {
            Change::Died
        } else {
            Change::Probe
        }
    }

    /// Ends a dead time; attempts that are under way say nothing about the node.
    pub fn mark_live(&mut self, now: Instant) -> Change {
        self.revive(now)
    }

    /// Takes a live node out of use although it responds.
    pub fn eject(&mut self, now: Instant, rules: &Ejection) -> Change {
        let was_live = self.is_live();
        let live = self
            .revived_at
            .map(|revived_at| now.saturating_duration_since(revived_at));
        if was_live && live.is_some_and(|live| live >= rules.time_of(self.ejections)) {
            self.ejections = 0;
        }
        self.ejections = self.ejections.saturating_add(1);
        self.kill(now, rules.time_of(self.ejections));
        if let Some(dead) = &mut self.dead {
            dead.is_ejected = true;
        }
        if was_live {
            Change::Died
        } else {
            Change::Probe
        }
    }

    /// Takes in how an attempt ended. `dead_time` is asked for the dead time
    /// after that many failures in a row.
    pub fn report(
        &mut self,
        report: Report,
        strikes_until_dead: u32,
        ejection: Option<&Ejection>,
        dead_time: impl FnOnce(u32) -> Duration,
    ) -> Change {
        self.is_proven |= report.has_responded;
        let is_probe =
            report.probe.is_some() && self.dead.is_some_and(|dead| dead.probe == report.probe);

        match report.outcome {
            NodeOutcome::ServerError if self.is_ejected() => match ejection {
                Some(rules) if is_probe => self.eject(report.now, rules),
                _ => Change::None,
            },
            NodeOutcome::Healthy | NodeOutcome::Overloaded | NodeOutcome::ServerError => {
                self.responded(report, is_probe)
            }
            NodeOutcome::Failed => self.failed(report, is_probe, dead_time),
            NodeOutcome::Suspect if is_probe => self.failed(report, true, dead_time),
            NodeOutcome::Suspect => {
                if self.dead.is_none() && !self.is_stale(report) {
                    self.strikes = self.strikes.saturating_add(1);
                    if self.strikes >= strikes_until_dead {
                        return self.failed(report, false, dead_time);
                    }
                }
                Change::None
            }
            NodeOutcome::Unknown if is_probe => {
                if let Some(dead) = &mut self.dead {
                    dead.probe = None;
                }
                Change::Probe
            }
            NodeOutcome::Unknown => Change::None,
        }
    }

    fn responded(&mut self, report: Report, is_probe: bool) -> Change {
        // A request from before the node died may still get its response, but
        // that does not say whether the node takes new requests.
        if self
            .dead
            .is_some_and(|dead| !is_probe && report.started_at < dead.since)
        {
            return Change::None;
        }
        self.revive(report.now)
    }

    fn revive(&mut self, now: Instant) -> Change {
        let was_dead = self.dead.take().is_some();
        (self.failures, self.strikes) = (0, 0);
        if was_dead {
            self.revived_at = Some(now);
            return Change::Revived;
        }
        Change::None
    }

    /// A live node begins a dead time, one whose probe failed a longer one;
    /// any other failure belongs to the dead time that runs.
    fn failed(
        &mut self,
        report: Report,
        is_probe: bool,
        dead_time: impl FnOnce(u32) -> Duration,
    ) -> Change {
        if !is_probe && (self.dead.is_some() || self.is_stale(report)) {
            return Change::None;
        }
        self.kill(report.now, dead_time(self.failures.saturating_add(1)));
        if is_probe {
            Change::Probe
        } else {
            Change::Died
        }
    }

    fn kill(&mut self, now: Instant, dead_time: Duration) {
        self.failures = self.failures.saturating_add(1);
        self.strikes = 0;
        let until = after(now, dead_time);
        self.dead = Some(Dead {
            since: now,
            until,
            probe: None,
            is_ejected: false,
        });
    }

    /// Whether the attempt began before the node came back.
    pub fn is_stale(&self, report: Report) -> bool {
        self.revived_at
            .is_some_and(|revived_at| report.started_at < revived_at)
    }
}

/// A time that no clock can express is over in 30 years.
fn after(now: Instant, time: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);
    now.checked_add(time).unwrap_or_else(|| now + FAR)
}

#[cfg(test)]
mod tests;
