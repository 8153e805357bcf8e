//! Which node had which fault at what time.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A fault of a node, or of the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It was stopped, and started again.
    Stopped,
    /// It was killed, and started again.
    Killed,
    /// It was suspended.
    Frozen,
    /// It got a new certificate of the same CA.
    Renewed,
    /// It had an expired certificate.
    Expired,
    /// It had a certificate of another CA.
    Foreign,
    /// It moved to another address.
    Moved,
    /// Its connections went silent without being closed.
    Silent,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Stopped,
        Self::Killed,
        Self::Frozen,
        Self::Renewed,
        Self::Expired,
        Self::Foreign,
        Self::Moved,
        Self::Silent,
    ];

    /// Whether the other nodes miss the node as well.
    pub fn concerns_cluster(self) -> bool {
        matches!(self, Self::Stopped | Self::Killed | Self::Frozen)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "node stopped",
            Self::Killed => "node killed",
            Self::Frozen => "node frozen",
            Self::Renewed => "certificate renewed",
            Self::Expired => "certificate expired",
            Self::Foreign => "certificate of another CA",
            Self::Moved => "DNS changed",
            Self::Silent => "connections cut silently",
        })
    }
}

/// A fault of one node.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// The number of the node.
    pub node: usize,
    /// Its fault.
    pub fault: Fault,
    began: Instant,
    /// When the node was as before.
    ended: Option<Instant>,
    /// When the cluster was green again.
    recovered: Option<Instant>,
}

impl Event {
    /// Whether the node had the fault at a time of this span.
    pub fn is_in_force(&self, from: Instant, to: Instant) -> bool {
        self.began <= to && self.ended.is_none_or(|ended| ended >= from)
    }

    /// Whether the cluster lacked the node, or was recovering, at a time of this span.
    pub fn is_felt(&self, from: Instant, to: Instant) -> bool {
        self.began <= to && self.recovered.is_none_or(|recovered| recovered >= from)
    }
}

/// All faults, in their order.
#[derive(Default)]
pub struct Schedule(Mutex<Vec<Event>>);

impl Schedule {
    /// Notes that a fault begins.
    pub fn begin(&self, node: usize, fault: Fault) {
        self.events().push(Event {
            node,
            fault,
            began: Instant::now(),
            ended: None,
            recovered: None,
        });
    }

    /// Notes that the last fault ended.
    pub fn end(&self) {
        if let Some(last) = self.events().last_mut() {
            last.ended = Some(Instant::now());
        }
    }

    /// Notes that the cluster has recovered from the last fault.
    pub fn recovered(&self) {
        if let Some(last) = self.events().last_mut() {
            last.recovered = Some(Instant::now());
        }
    }

    /// Returns the faults that the cluster felt at a time of this span.
    pub fn felt(&self, from: Instant, to: Instant) -> Vec<Event> {
        let events = self.events();
        // Faults do not overlap: the latest ones are at the end.
        let felt = events
            .iter()
            .rev()
            .take_while(|event| event.is_felt(from, to) || event.began > to);
        felt.filter(|event| event.is_felt(from, to))
            .copied()
            .collect()
    }

    /// Returns number and total duration of each kind of fault.
    pub fn totals(&self) -> Vec<(Fault, usize, Duration)> {
        let events = self.events();
        let total = |fault| {
            let those = || events.iter().filter(move |event| event.fault == fault);
            let time = those().filter_map(|event| Some(event.ended? - event.began));
            (fault, those().count(), time.sum())
        };
        Fault::ALL.into_iter().map(total).collect()
    }

    fn events(&self) -> MutexGuard<'_, Vec<Event>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
