//! A tenth of the nodes is away for half of the time.

use super::{SEED, nodes, seconds};
use crate::{Attempt, Event, Plan, Traffic, World, check, run};

/// The course of a run with flapping nodes.
#[derive(Clone, Debug)]
pub struct Flapping {
    /// Number of nodes.
    pub nodes: usize,
    /// Number of nodes that flap.
    pub flapping: usize,
    /// Number of requests sent.
    pub calls: usize,
    /// Number of requests that failed.
    pub failed: usize,
    /// Number of attempts that met a node that was away, or broke when it went.
    pub met: usize,
    /// Number of probes.
    pub probes: usize,
    /// All attempts at the first of the nodes that flap.
    pub at_first: Vec<Attempt>,
    /// From when to when that node was away, in seconds.
    pub away: Vec<(u64, u64)>,
}

/// Length of the run, in seconds.
const LENGTH: u64 = 120;

/// 10 requests a second for each node, 2,000 a second at most. The nodes are away from second 5
/// to 10, 20 to 35, 45 to 46, 60 to 100.
pub fn flapping(number: usize) -> Flapping {
    let flapping = number.div_ceil(10);
    let away = vec![(5, 10), (20, 35), (45, 46), (60, 100)];
    let plan = away.iter().fold(Plan::new(), |plan, (from, to)| {
        let plan = plan.at(seconds(*from), Event::Kill, 0..flapping);
        plan.at(seconds(*to), Event::Revive, 0..flapping)
    });
    let rate = (number as f64 * 10.0).min(2_000.0);
    run(SEED, async {
        let world = World::new(nodes(number), |settings| settings);
        let calls = world.play(Traffic::new(rate, seconds(LENGTH)), plan).await;
        check::nothing_is_left(&world).await;
        check::retries_stay_inside(&calls, 100, 20);
        let attempts = world.attempts();
        Flapping {
            nodes: number,
            flapping,
            calls: calls.len(),
            failed: calls.iter().filter(|call| !call.is_good()).count(),
            met: attempts
                .iter()
                .filter(|attempt| attempt.end.is_failure())
                .count(),
            probes: check::dead_nodes_are_probed_once(&attempts),
            at_first: attempts
                .into_iter()
                .filter(|attempt| attempt.node == 0)
                .collect(),
            away,
        }
    })
}
