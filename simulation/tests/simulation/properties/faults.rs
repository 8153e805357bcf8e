//! Nodes come and go, except for one.

use std::sync::Arc;

use es_simulation::{Event, Traffic, World, check, run, stats};
use es_transport::node::{LeastInFlight, NodeSelector, PeakEwma, RoundRobin, Sticky};
use proptest::prelude::*;

use super::{SECOND, cases, nodes, troubled};

/// Faults that kill a node, and events that revive it.
const FLAPPING: &[Event] = &[Event::Kill, Event::Refuse, Event::Revive, Event::Revive];

fn selectors() -> impl Strategy<Value = usize> {
    0..4_usize
}

fn selector(number: usize) -> Arc<dyn NodeSelector> {
    match number {
        0 => Arc::new(RoundRobin::default()),
        1 => Arc::new(PeakEwma::default()),
        2 => Arc::new(LeastInFlight),
        _ => Arc::new(Sticky::default()),
    }
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn a_live_node_is_always_found_and_a_dead_one_probed_once(
        (number, plan) in troubled(FLAPPING, 50), which in selectors(), seed: u64,
    ) {
        run(seed, async {
            let world = World::new(nodes(number, seed), |settings| {
                settings.node_selector(selector(which))
            });
            let calls = world.play(Traffic::new(20.0, 60 * SECOND), plan).await;
            check::all_are_good(&calls);
            check::dead_nodes_are_probed_once(&world.attempts());
            check::retries_stay_inside(&calls, 100, 20);
            check::nothing_is_left(&world).await;
        });
    }

    #[test]
    fn what_is_back_is_used_again(
        (number, plan) in troubled(FLAPPING, 20), seed: u64,
    ) {
        run(seed, async {
            let world = World::new(nodes(number, seed), |settings| settings);
            let plan = plan.at(20 * SECOND, Event::Revive, 1..number);
            // The longest dead time, and a second for each node: a request probes one of them.
            let time = 51 + number as u32;
            let calls = world.play(Traffic::new(20.0, time * SECOND), plan).await;
            check::all_are_good(&calls);
            assert_eq!(world.transport.pool().unwrap().live(), number);
        });
    }

    #[test]
    fn round_robin_is_even_among_those_that_stay(
        (number, plan) in troubled(FLAPPING, 60), seed: u64,
    ) {
        run(seed, async {
            let world = World::new(nodes(number, seed), |settings| settings);
            let touched = plan.nodes();
            world.play(Traffic::new(100.0, 60 * SECOND), plan).await;
            let counts = stats::per_node(&world.attempts(), number);
            let stayed = counts.into_iter().enumerate().filter(|(node, _)| !touched.contains(node));
            let counts: Vec<_> = stayed.map(|(_, count)| count).collect();
            assert!(stats::deviation(&counts) < 0.05, "{counts:?}");
        });
    }
}
