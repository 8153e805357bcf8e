//! Something is wrong with some nodes, while all of them respond.

mod policy;
mod polled;

use std::{sync::Arc, time::Duration};

use es_testkit::Latency;
use es_transport::{Node, node::NodeState, rng::Rng};

use super::{ORDINARY, SEED, nodes, seconds};
use crate::{Attempt, Call, Event, Plan, Traffic, World, check, run, stats};

pub use self::policy::Policy;
pub(super) use self::polled::PolledLoad;

/// A fault, from second 10 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing does.
    None,
    /// The first node takes ten times as long.
    SlowNode,
    /// Every two seconds a random node does nothing for half a second.
    Pauses,
    /// The first node responds with 500, within a millisecond.
    FastFailures,
    /// A node joins that takes ten times as long at first, and as long as the others after
    /// ten seconds.
    ColdNode,
    /// One of three zones takes five times as long.
    SlowZone,
}

/// The calls from second 10 on.
#[derive(Clone, Debug, PartialEq)]
pub struct Tail {
    /// The durations of those with status 200, the shortest first.
    pub sorted: Vec<Duration>,
    /// The share of them whose status was not 200.
    pub failed: f64,
    /// Attempts beyond one for each call, as a share of the calls.
    pub extra: f64,
    /// The share of the attempts that went to nodes with which something was wrong, from two
    /// seconds after that began.
    pub troubled: f64,
    /// The most nodes that were ejected at the same time.
    pub most_ejected: usize,
}

impl Tail {
    /// The time within which this share of the calls with status 200 ended.
    pub fn quantile(&self, share: f64) -> Duration {
        stats::quantile(&mut self.sorted.clone(), share)
    }
}

/// When it begins.
const BEGIN: u64 = 10;

/// A cluster with a fault, and the searches that it serves.
#[derive(Clone, Copy, Debug)]
pub struct Tails {
    nodes: usize,
    trouble: Trouble,
    requests: usize,
    rate: f64,
    runs: u64,
}

impl Tails {
    /// About so many searches from second 10 on: 50 a second for each node but at most 500.
    pub fn new(nodes: usize, trouble: Trouble, requests: usize) -> Self {
        Self {
            nodes,
            trouble,
            requests,
            rate: (nodes as f64 * 50.0).min(500.0),
            runs: 1,
        }
    }

    /// Sets the number of searches a second.
    #[must_use]
    pub fn rate(mut self, per_second: f64) -> Self {
        self.rate = per_second;
        self
    }

    /// Sets the number of runs, each with its own random numbers, for faults that do not last.
    #[must_use]
    pub fn runs(mut self, runs: u64) -> Self {
        self.runs = runs;
        self
    }

    /// The calls of all runs.
    pub fn of(&self, policy: Policy) -> Tail {
        let length = seconds(BEGIN) + Duration::from_secs_f64(self.requests as f64 / self.rate);
        let (plan, troubled) = plan(self.nodes, self.trouble, length);
        let (mut calls, mut attempts, mut most_ejected) = (Vec::new(), Vec::new(), 0);
        for seed in (SEED..).take(self.runs as usize) {
            run(seed, async {
                let polled = Arc::<PolledLoad>::default();
                let cluster = nodes(self.nodes).seed(seed);
                let world = World::new(cluster, |builder| policy.settings(builder, &polled));
                let traffic = Traffic::new(self.rate, length).searches();
                calls.extend(tokio::select! {
                    // The same order in every run.
                    biased;
                    calls = world.play(traffic, plan.clone()) => calls,
                    () = join_cold(&world, self.trouble) => unreachable!("it does not end"),
                    () = watch(&world, &mut most_ejected) => unreachable!("it does not end"),
                    () = polled.poll(&world.cluster), if policy == Policy::Polled => {
                        unreachable!("it does not end")
                    }
                });
                check::nothing_is_left(&world).await;
                attempts.extend(world.attempts());
            });
        }
        tail(&calls, &attempts, &troubled, most_ejected)
    }
}

fn tail(calls: &[Call], attempts: &[Attempt], troubled: &[usize], most_ejected: usize) -> Tail {
    let measured: Vec<_> = calls
        .iter()
        .filter(|call| call.began >= seconds(BEGIN))
        .collect();
    let count = measured.len() as f64;
    let good = measured.iter().filter(|call| call.is_good());
    let mut sorted: Vec<_> = good.map(|call| call.took).collect();
    sorted.sort_unstable();
    let failed = measured.iter().filter(|call| !call.is_good()).count();
    let since = |time| attempts.iter().filter(move |a| a.began >= seconds(time));
    let late = since(BEGIN + 2);
    let met = late.clone().filter(|a| troubled.contains(&a.node)).count();
    Tail {
        sorted,
        failed: failed as f64 / count,
        extra: since(BEGIN).count() as f64 / count - 1.0,
        troubled: met as f64 / late.count().max(1) as f64,
        most_ejected,
    }
}

/// The ordinary latency, so many times.
fn slower(times: f64) -> Latency {
    Latency::LogNormal {
        median: Duration::from_millis(20).mul_f64(times),
        sigma: 0.5,
    }
}

/// Returns the events of a fault, and the nodes that it is at.
fn plan(number: usize, trouble: Trouble, length: Duration) -> (Plan, Vec<usize>) {
    let (begin, plan) = (seconds(BEGIN), Plan::new());
    match trouble {
        Trouble::None => (plan, Vec::new()),
        Trouble::SlowNode => {
            let plan = plan.at(begin, Event::Latency(slower(10.0)), [0]);
            (plan, vec![0])
        }
        Trouble::FastFailures => {
            let fast = Latency::Constant(Duration::from_millis(1));
            let plan = plan.at(begin, Event::Latency(fast), [0]);
            (plan.at(begin, Event::Status(500), [0]), vec![0])
        }
        Trouble::SlowZone => {
            let zone: Vec<_> = (0..number).filter(|node| node % 3 == 1).collect();
            let plan = plan.at(begin, Event::Latency(slower(5.0)), zone.clone());
            (plan, zone)
        }
        Trouble::Pauses => (pauses(number, length), Vec::new()),
        Trouble::ColdNode => (plan, vec![number]),
    }
}

/// A request that comes within a pause waits for its end.
fn pauses(number: usize, length: Duration) -> Plan {
    const PAUSE: Duration = Duration::from_millis(500);
    const STEPS: u32 = 20;
    let (rng, mut plan) = (Rng::seeded(SEED), Plan::new());
    let mut time = seconds(BEGIN);
    while time < length {
        let node = ((rng.unit() * number as f64) as usize).min(number - 1);
        for step in 0..STEPS {
            let passed = PAUSE / STEPS * step;
            let rest = Latency::Constant(PAUSE - passed);
            plan = plan.at(time + passed, Event::Latency(rest), [node]);
        }
        plan = plan.at(time + PAUSE, Event::Latency(ORDINARY), [node]);
        time += seconds(2);
    }
    plan
}

/// Lets the cold node join, and become warm; never ends.
async fn join_cold(world: &World, trouble: Trouble) {
    const STEPS: u32 = 10;
    if trouble == Trouble::ColdNode {
        tokio::time::sleep(seconds(BEGIN)).await;
        let node = world.cluster.add_node().expect("a node");
        let pool = world.transport.pool().expect("a pool");
        node.set_latency(slower(10.0));
        pool.add(node.url().parse::<Node>().expect("a URL"))
            .expect("a new node");
        for step in 1..=STEPS {
            tokio::time::sleep(seconds(1)).await;
            node.set_latency(slower(10.0 - 0.9 * f64::from(step)));
        }
    }
    std::future::pending().await
}

/// Counts the ejected nodes; never ends.
async fn watch(world: &World, most: &mut usize) {
    let pool = world.transport.pool().expect("a pool");
    loop {
        let is_ejected = |state| matches!(state, NodeState::Ejected { .. });
        let nodes = pool.nodes();
        let ejected = nodes.iter().filter(|node| is_ejected(node.state()));
        *most = (*most).max(ejected.count());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
