//! All nodes are lost, and some come back.

use std::time::Duration;

use es_simulation::{End, Event, Plan, Traffic, World, check, run};
use proptest::{collection::vec, prelude::*};

use super::{SECOND, cases, nodes};

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn the_first_that_is_back_is_found_within_the_longest_dead_time(
        number in 1..=30_usize, first: prop::sample::Index, seconds in 1..120_u64, seed: u64,
    ) {
        run(seed, async {
            let world = World::new(nodes(number, seed), |settings| settings);
            let back = Duration::from_secs(5 + seconds);
            let plan = Plan::new()
                .at(5 * SECOND, Event::Kill, 0..number)
                .at(back, Event::Revive, [first.index(number)]);
            let traffic = Traffic::new(20.0, back + 40 * SECOND);
            let calls = world.play(traffic, plan).await;
            let found = calls.iter().filter(|call| call.is_good()).map(|call| call.began + call.took);
            let found = found.filter(|time| *time > back).min().expect("it is found");
            assert!(found - back < 31 * SECOND, "{:?}", found - back);
            // From then on it does all the work.
            let later = |call: &&es_simulation::Call| call.began > found;
            check::all_are_good(&calls.iter().filter(later).cloned().collect::<Vec<_>>());
            // Never an error without an attempt.
            assert!(calls.iter().all(|call| call.attempts > 0));
            assert!(world.attempts().len() >= calls.len());
            check::retries_stay_inside(&calls, 100, 20);
            check::nothing_is_left(&world).await;
        });
    }

    #[test]
    fn of_very_many_that_are_lost_at_once_the_rest_is_found(
        zones in vec(0..3_usize, 1..=2), seed: u64,
    ) {
        run(seed, async {
            let cluster = nodes(300, seed).zones(["a", "b", "c"]);
            let world = World::new(cluster, |settings| settings);
            let lost = (0..300).filter(|node| zones.contains(&(node % 3)));
            let plan = Plan::new().at(2 * SECOND, Event::Refuse, lost);
            let calls = world.play(Traffic::new(100.0, 12 * SECOND), plan).await;
            check::all_are_good(&calls);
            check::dead_nodes_are_probed_once(&world.attempts());
            check::nothing_is_left(&world).await;
        });
    }

    #[test]
    fn nodes_that_say_nothing_cost_no_call_once_they_are_known(seed: u64) {
        run(seed, async {
            let world = World::new(nodes(300, seed).zones(["a", "b", "c"]), |settings| settings);
            let plan = Plan::new().at(2 * SECOND, Event::Silence, (0..300).filter(|n| n % 3 == 1));
            // So few that most of them are probes.
            let calls = world.play(Traffic::new(6.0, 400 * SECOND), plan).await;
            let met = |node| {
                let at = world.attempts().into_iter().filter(move |a| a.node == node);
                at.filter(|a| a.end == End::NoConnection).map(|a| a.ended).min().unwrap()
            };
            let known = world.cluster.zone("b").iter().map(|node| met(number_of(node))).max().unwrap();
            let later: Vec<_> = calls.into_iter().filter(|call| call.began > known).collect();
            assert!(later.len() > 500, "{} calls since {known:?}", later.len());
            check::all_are_good(&later);
            check::nothing_is_left(&world).await;
        });
    }
}

/// The number in a node's name.
fn number_of(node: &es_testkit::NodeHandle) -> usize {
    node.name().trim_start_matches("node-").parse().unwrap()
}
