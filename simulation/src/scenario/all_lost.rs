//! The whole cluster is lost for 20 s.

use std::time::Duration;

use super::{SEED, nodes, seconds};
use crate::{Event, Plan, Traffic, World, check, run, stats};

/// The course of a loss of all nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct AllLost {
    /// Number of nodes.
    pub nodes: usize,
    /// Number of requests sent.
    pub calls: usize,
    /// Number of requests that failed.
    pub failed: usize,
    /// Mean number of attempts of a request that failed.
    pub attempts_of_failed: f64,
    /// Time from the return to the first response.
    pub found_after: Duration,
    /// Time from the return to the last failed request; `None` if none failed.
    pub last_failed_after: Option<Duration>,
    /// Calls that got responses, for each second.
    pub responses: Vec<usize>,
    /// Calls that failed, for each second.
    pub failures: Vec<usize>,
}

/// When all nodes are lost, and when they are back.
const AWAY: (u64, u64) = (10, 30);
const LENGTH: u64 = 60;

/// 100 requests a second.
///
/// # Panics
/// When none of the nodes is found again.
pub fn all_lost(number: usize) -> AllLost {
    let plan = Plan::new().at(seconds(AWAY.0), Event::Kill, 0..number).at(
        seconds(AWAY.1),
        Event::Revive,
        0..number,
    );
    run(SEED, async {
        let world = World::new(nodes(number), |settings| settings);
        let calls = world.play(Traffic::new(100.0, seconds(LENGTH)), plan).await;
        check::nothing_is_left(&world).await;
        check::retries_stay_inside(&calls, 100, 20);
        let back = seconds(AWAY.1);
        let (good, bad): (Vec<_>, Vec<_>) = calls.iter().partition(|call| call.is_good());
        let ends = |calls: &[&crate::Call]| -> Vec<_> {
            calls.iter().map(|call| call.began + call.took).collect()
        };
        let found = ends(&good).into_iter().filter(|time| *time > back).min();
        let attempts: usize = bad.iter().map(|call| call.attempts).sum();
        AllLost {
            nodes: number,
            calls: calls.len(),
            failed: bad.len(),
            attempts_of_failed: attempts as f64 / bad.len() as f64,
            found_after: found.expect("they are found") - back,
            last_failed_after: ends(&bad)
                .into_iter()
                .max()
                .and_then(|end| end.checked_sub(back)),
            responses: stats::per_second(ends(&good), LENGTH as usize),
            failures: stats::per_second(ends(&bad), LENGTH as usize),
        }
    })
}
