//! Nodes join and leave for good, and sniffing keeps up.

use std::{collections::BTreeSet, time::Duration};

use es_simulation::{Traffic, World, check, run};
use proptest::{collection::vec, prelude::*};
use tokio::time::{Instant, sleep_until};

use super::{SECOND, cases, nodes};

/// A node leaves, a node joins.
#[derive(Clone, Copy, Debug)]
struct Change {
    at: u64,
    leaves: bool,
    joins: bool,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = (0..40_000_u64, any::<bool>(), any::<bool>());
    vec(change, 1..60).prop_map(|changes| {
        let change = |(at, leaves, joins)| Change { at, leaves, joins };
        let mut changes: Vec<_> = changes.into_iter().map(change).collect();
        changes.sort_by_key(|change| change.at);
        changes
    })
}

/// Lets the oldest nodes leave except for the very first: who has lost all nodes that it knows between
/// two looks can ask nobody.
async fn happen(world: &World, changes: Vec<Change>) {
    let (begun, mut gone) = (Instant::now(), 1);
    for change in changes {
        sleep_until(begun + Duration::from_millis(change.at)).await;
        if change.joins {
            world.cluster.add_node().unwrap();
        }
        if change.leaves && world.cluster.nodes().len() > gone + 2 {
            world.cluster.node(gone).kill().await;
            gone += 1;
        }
    }
}

proptest! {
    #![proptest_config(cases(6))]

    #[test]
    fn the_pool_has_the_clusters_nodes_soon_after_the_last_change(
        number in 3..=30_usize, changes in changes(), on_failure: bool, seed: u64,
    ) {
        run(seed, async {
            let world = World::new(nodes(number, seed), |settings| {
                let settings = settings.sniff_on_start(true).sniff_every(20 * SECOND);
                settings.sniff_on_node_failure(on_failure)
            });
            let traffic = Traffic::new(20.0, 62 * SECOND);
            let play = world.play(traffic, es_simulation::Plan::new());
            let (calls, ()) = tokio::join!(play, happen(&world, changes));
            check::all_are_good(&calls);
            check::nothing_is_left(&world).await;

            let known: BTreeSet<_> =
                world.transport.pool().unwrap().nodes().into_iter().map(|status| status.node().url().to_owned()).collect();
            let live = world.cluster.nodes().into_iter().filter(|node| node.is_listed());
            assert_eq!(known, live.map(|node| node.url().to_owned()).collect());
            // One look in ten seconds at most, of at most three attempts.
            let looks = world.log.attempts().iter().filter(|attempt| attempt.is_sniff).count();
            assert!((3..=21).contains(&looks), "{looks}");
        });
    }
}
