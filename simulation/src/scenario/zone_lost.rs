//! One of three zones is lost, and comes back.

use std::time::Duration;

use super::{SECOND, SEED, nodes, seconds};
use crate::{End, Event, Plan, Traffic, World, check, run, stats};

/// The course of a loss of a zone.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneLost {
    /// Number of nodes.
    pub nodes: usize,
    /// Number of requests sent.
    pub calls: usize,
    /// Number of requests without status 200.
    pub failed: usize,
    /// Number of attempts that broke when the zone went.
    pub broken: usize,
    /// Number of attempts that met a node that was away.
    pub refused: usize,
    /// Number of those that were probes.
    pub probes: usize,
    /// Time from the loss to the first request at the last node of the zone.
    pub known_after: Duration,
    /// Time from the return until all nodes were in use again.
    pub back_after: Duration,
    /// The most attempts that a single request needed.
    pub most_attempts: usize,
    /// 99 of 100 calls got responses within this time while the zone was away.
    pub p99: Duration,
    /// Calls that got responses, for each second.
    pub responses: Vec<usize>,
    /// Attempts that met a node that was away, for each second.
    pub met: Vec<usize>,
}

/// When it is lost, and when it is back.
const AWAY: (u64, u64) = (10, 40);
/// Length of the run.
const LENGTH: u64 = 80;

/// 10 requests a second for each node, 2,000 a second at most.
pub fn zone_lost(number: usize) -> ZoneLost {
    let lost = || (0..number).filter(|node| node % 3 == 1);
    let plan = Plan::new().at(seconds(AWAY.0), Event::Kill, lost()).at(
        seconds(AWAY.1),
        Event::Revive,
        lost(),
    );
    let rate = (number as f64 * 10.0).min(2_000.0);
    run(SEED, async {
        let world = World::new(nodes(number).zones(["a", "b", "c"]), |settings| settings);
        let calls = world.play(Traffic::new(rate, seconds(LENGTH)), plan).await;
        check::nothing_is_left(&world).await;
        check::retries_stay_inside(&calls, 100, 20);
        let attempts = world.attempts();
        let probes = check::dead_nodes_are_probed_once(&attempts);
        let of = |end| attempts.iter().filter(move |attempt| attempt.end == end);
        let first = |node, wanted: End, from: Duration| {
            let of_node = attempts
                .iter()
                .filter(|a| a.node == node && a.began >= from);
            of_node
                .filter(|a| a.end == wanted)
                .map(|a| a.ended - from)
                .min()
        };
        let last_of = |wanted, from| lost().filter_map(|node| first(node, wanted, from)).max();
        let away = seconds(AWAY.0)..seconds(AWAY.1);
        let while_away = calls.iter().filter(|call| away.contains(&call.began));
        let mut took: Vec<_> = while_away.map(|call| call.took).collect();
        let good = calls.iter().filter(|call| call.is_good());
        ZoneLost {
            nodes: number,
            calls: calls.len(),
            failed: calls.iter().filter(|call| !call.is_good()).count(),
            broken: of(End::Broken).count(),
            refused: of(End::NoConnection).count(),
            probes,
            known_after: last_of(End::NoConnection, away.start).unwrap_or_default(),
            back_after: last_of(End::Status(200), away.end).unwrap_or(SECOND * 3_600),
            most_attempts: calls
                .iter()
                .map(|call| call.attempts)
                .max()
                .unwrap_or_default(),
            p99: stats::quantile(&mut took, 0.99),
            responses: stats::per_second(good.map(|c| c.began + c.took), LENGTH as usize),
            met: stats::per_second(of(End::NoConnection).map(|a| a.ended), LENGTH as usize),
        }
    })
}
