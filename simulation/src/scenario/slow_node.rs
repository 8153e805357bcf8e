//! One node takes ten times as long as the others.

use std::{sync::Arc, time::Duration};

use es_testkit::Latency;
use es_transport::node::{LeastInFlight, NodeSelector, PeakEwma, RoundRobin};

use super::{SEED, nodes};
use crate::{Event, Plan, Traffic, World, check, run, stats};

/// How nodes are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// One after the other.
    RoundRobin,
    /// The one with the fewest requests in flight.
    LeastInFlight,
    /// Of two random ones the one that promises the earlier response.
    PeakEwma,
}

impl Choice {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RoundRobin, Self::LeastInFlight, Self::PeakEwma];

    fn selector(self) -> Arc<dyn NodeSelector> {
        match self {
            Self::RoundRobin => Arc::new(RoundRobin::starting_at(0)),
            Self::LeastInFlight => Arc::new(LeastInFlight),
            Self::PeakEwma => Arc::new(PeakEwma::default()),
        }
    }
}

/// Times that the callers waited.
#[derive(Clone, Debug, PartialEq)]
pub struct Latencies {
    /// Durations of the calls, the shortest first.
    pub sorted: Vec<Duration>,
    /// The share of the requests that the slow node got.
    pub slow: f64,
}

impl Latencies {
    /// The time within which this share of the calls got a response.
    pub fn quantile(&self, share: f64) -> Duration {
        stats::quantile(&mut self.sorted.clone(), share)
    }
}

/// So many requests, 20 a second for each of so many nodes. With `slow`, the first node takes ten
/// times as long as the others; otherwise there is one node less.
pub fn slow_node(number: usize, choice: Choice, slow: bool, requests: usize) -> Latencies {
    let rate = number as f64 * 20.0;
    let traffic = Traffic::new(rate, Duration::from_secs_f64(requests as f64 / rate));
    let times_ten = Latency::LogNormal {
        median: Duration::from_millis(200),
        sigma: 0.5,
    };
    let (there, plan) = if slow {
        (
            number,
            Plan::new().at(Duration::ZERO, Event::Latency(times_ten), [0]),
        )
    } else {
        (number - 1, Plan::new())
    };
    run(SEED, async {
        let world = World::new(nodes(there), |settings| {
            settings.node_selector(choice.selector())
        });
        // The slow one is slow from the first request on.
        plan.play(&world.cluster).await;
        let calls = world.play(traffic, Plan::new()).await;
        check::all_are_good(&calls);
        check::nothing_is_left(&world).await;
        let mut sorted: Vec<_> = calls.iter().map(|call| call.took).collect();
        sorted.sort_unstable();
        let of_first = stats::per_node(&world.attempts(), there)[0];
        let slow = if slow {
            of_first as f64 / calls.len() as f64
        } else {
            0.0
        };
        Latencies { sorted, slow }
    })
}
