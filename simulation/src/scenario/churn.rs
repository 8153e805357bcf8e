//! Half of the nodes is replaced by others, one after the other.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::{SECOND, SEED, nodes, seconds};
use crate::{Plan, Traffic, World, check, run};

/// The transport's knowledge while nodes came and went.
#[derive(Clone, Debug, PartialEq)]
pub struct Churn {
    /// Number of nodes.
    pub nodes: usize,
    /// Number of nodes replaced.
    pub replaced: usize,
    /// Number of requests sent.
    pub calls: usize,
    /// Number of requests that failed.
    pub failed: usize,
    /// Number of times the cluster was asked for its nodes.
    pub looks: usize,
    /// Known nodes, second by second.
    pub known: Vec<Known>,
}

/// The transport's knowledge at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Nodes that have joined since the beginning and are in the cluster.
    pub joined: usize,
    /// Those of them that the transport knew.
    pub found: usize,
    /// Nodes that the transport knew although they have left.
    pub stale: usize,
}

/// From when to when nodes are replaced.
const CHANGES: (u64, u64) = (10, 130);
const LENGTH: u64 = 180;

/// 100 requests a second; the nodes are asked for every 30 s, and when one fails.
pub fn churn(number: usize) -> Churn {
    let replaced = number.div_ceil(2);
    run(SEED, async {
        let world = World::new(nodes(number), |settings| {
            settings
                .sniff_every(30 * SECOND)
                .sniff_on_node_failure(true)
        });
        let traffic = Traffic::new(100.0, seconds(LENGTH));
        let (calls, (), known) = tokio::join!(
            world.play(traffic, Plan::new()),
            replace(&world, replaced),
            watch(&world, number)
        );
        check::nothing_is_left(&world).await;
        check::retries_stay_inside(&calls, 100, 20);
        let is_look = |attempt: &&crate::Attempt| attempt.is_sniff && !attempt.end.is_failure();
        Churn {
            nodes: number,
            replaced,
            calls: calls.len(),
            failed: calls.iter().filter(|call| !call.is_good()).count(),
            looks: world.log.attempts().iter().filter(is_look).count(),
            known,
        }
    })
}

/// Kills one node after the other, each when a new one has joined.
async fn replace(world: &World, nodes: usize) {
    let begun = Instant::now();
    let pause = seconds(CHANGES.1 - CHANGES.0) / nodes as u32;
    for node in 0..nodes {
        sleep_until(begun + seconds(CHANGES.0) + pause * node as u32).await;
        world.cluster.add_node().expect("a node");
        world.cluster.node(node).kill().await;
    }
}

async fn watch(world: &World, at_first: usize) -> Vec<Known> {
    let mut seen = Vec::new();
    for second in 1..=LENGTH {
        let passed = world.log.now();
        tokio::time::sleep(seconds(second).saturating_sub(passed)).await;
        seen.push(known(world, at_first));
    }
    seen
}

fn known(world: &World, at_first: usize) -> Known {
    let pool = world
        .transport
        .pool()
        .expect("it was built from settings")
        .nodes();
    let known: BTreeSet<&str> = pool.iter().map(|status| status.node().url()).collect();
    let nodes = world.cluster.nodes();
    let listed: BTreeSet<&str> = nodes
        .iter()
        .filter(|node| node.is_listed())
        .map(|node| node.url())
        .collect();
    let joined: Vec<&str> = nodes.iter().skip(at_first).map(|node| node.url()).collect();
    Known {
        joined: joined.iter().filter(|url| listed.contains(*url)).count(),
        found: joined.iter().filter(|url| known.contains(*url)).count(),
        stale: known.difference(&listed).count(),
    }
}

impl Churn {
    /// Longest time that the transport took until it had everything right after the last change;
    /// `None` if it never did.
    pub fn right_after(&self) -> Option<Duration> {
        let is_right = |known: &&Known| known.found == known.joined && known.stale == 0;
        let later = self.known.iter().skip(CHANGES.1 as usize);
        let wrong = later.take_while(|known| !is_right(known)).count();
        let last = self.known.last().is_some_and(|known| is_right(&known));
        last.then(|| seconds(wrong as u64))
    }
}
