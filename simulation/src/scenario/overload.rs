//! More is asked than the nodes can do: they refuse with 429.

use std::time::Duration;

use es_testkit::{Capacity, Latency};
use es_transport::layer::retry::{Budget, StandardRetry};

use super::{SEED, nodes, seconds};
use crate::{Traffic, World, check, run, stats};

/// The course of an overload.
#[derive(Clone, Debug, PartialEq)]
pub struct Overload {
    /// Number of nodes.
    pub nodes: usize,
    /// Number of requests sent.
    pub calls: usize,
    /// Number of requests with status 200.
    pub good: usize,
    /// Maximum number of attempts per request during the overload.
    pub amplification: f64,
    /// Number of retries.
    pub retries: usize,
    /// Number of retries that the budget allowed; `None` without a budget.
    pub allowed: Option<usize>,
    /// Number of requests without status 200, from 10 s after the overload.
    pub failed_later: usize,
    /// Requests, for each second.
    pub asked: Vec<usize>,
    /// Attempts, for each second.
    pub attempts: Vec<usize>,
    /// Requests with status 200, per second.
    pub responses: Vec<usize>,
}

/// From when to when too much is asked.
const TOO_MUCH: (u64, u64) = (5, 20);
const LENGTH: u64 = 40;

/// Nodes that do 10 requests a second each while 5 others wait; asked for half of that, for twice
/// as much from second 5 to 20, and for half again. With the default budget, or without any.
pub fn overload(number: usize, with_budget: bool) -> Overload {
    let able = number as f64 * 10.0;
    let traffic = Traffic::new(able * 0.5, seconds(TOO_MUCH.0))
        .then(able * 2.0, seconds(TOO_MUCH.1 - TOO_MUCH.0))
        .then(able * 0.5, seconds(LENGTH - TOO_MUCH.1));
    let budget = if with_budget {
        Budget::default()
    } else {
        Budget::unlimited()
    };
    run(SEED, async {
        let busy = Latency::Exponential {
            mean: Duration::from_millis(100),
        };
        let cluster = nodes(number).latency(busy).capacity(Capacity::new(1, 5));
        let world = World::new(cluster, |settings| {
            settings.standard_retry(StandardRetry::new().budget(budget))
        });
        let calls = world.play(traffic, crate::Plan::new()).await;
        check::nothing_is_left(&world).await;
        if with_budget {
            check::retries_stay_inside(&calls, 100, 20);
        }
        let seconds_of = |times: Vec<Duration>| stats::per_second(times, LENGTH as usize);
        let good: Vec<_> = calls.iter().filter(|call| call.is_good()).collect();
        let at_once = good.iter().filter(|call| call.attempts == 1).count();
        let late = seconds(TOO_MUCH.1 + 10);
        let asked = seconds_of(calls.iter().map(|call| call.began).collect());
        let attempts = seconds_of(world.attempts().iter().map(|a| a.began).collect());
        let while_busy = TOO_MUCH.0 as usize..TOO_MUCH.1 as usize;
        let sum = |counts: &[usize]| counts[while_busy.clone()].iter().sum::<usize>() as f64;
        Overload {
            nodes: number,
            calls: calls.len(),
            good: good.len(),
            amplification: sum(&attempts) / sum(&asked),
            retries: calls.iter().map(|call| call.paid).sum(),
            allowed: with_budget.then_some(100 + at_once / 5),
            failed_later: calls
                .iter()
                .filter(|c| c.began > late && !c.is_good())
                .count(),
            responses: seconds_of(good.iter().map(|call| call.began + call.took).collect()),
            asked,
            attempts,
        }
    })
}
