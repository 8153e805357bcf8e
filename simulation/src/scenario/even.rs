//! Round robin over ordinary nodes.

use super::{SECOND, SEED, nodes, seconds};
use crate::{Event, Plan, Traffic, World, check, run, stats};

/// How evenly round robin spreads the load.
#[derive(Clone, Debug, PartialEq)]
pub struct Even {
    /// Number of nodes.
    pub nodes: usize,
    /// Number of requests sent, in each of both runs.
    pub requests: usize,
    /// Number of nodes that flap in the second run.
    pub flapping: usize,
    /// The largest deviation from the mean, as a share of it, while nothing goes wrong.
    pub calm: f64,
    /// The same among the nodes that stay, while a tenth of the nodes flaps.
    pub troubled: f64,
}

/// 100 requests for each node, at least 3,000: once while nothing goes wrong, once while a tenth
/// of the nodes, at least one, is away every 10 s for 5 s.
pub fn even(number: usize) -> Even {
    let rate = (number as f64 * 5.0).max(150.0);
    let traffic = || Traffic::new(rate, 20 * SECOND);
    let flapping = number.div_ceil(10);
    let plan = [2, 12].into_iter().fold(Plan::new(), |plan, time| {
        let plan = plan.at(seconds(time), Event::Refuse, 0..flapping);
        plan.at(seconds(time + 5), Event::Revive, 0..flapping)
    });
    let (calm, requests) = counts(number, traffic(), Plan::new());
    let (troubled, _) = counts(number, traffic(), plan);
    Even {
        nodes: number,
        requests,
        flapping,
        calm: stats::deviation(&calm),
        troubled: stats::deviation(&troubled[flapping..]),
    }
}

fn counts(number: usize, traffic: Traffic, plan: Plan) -> (Vec<usize>, usize) {
    run(SEED, async {
        let world = World::new(nodes(number), |settings| settings);
        let calls = world.play(traffic, plan).await;
        check::all_are_good(&calls);
        check::nothing_is_left(&world).await;
        (stats::per_node(&world.attempts(), number), calls.len())
    })
}
