//! Batch work takes all that the nodes can do, beside live traffic.

use std::{iter, sync::Arc, time::Duration};

use es_testkit::{Capacity, Latency};
use es_transport::Transport;
use tokio::{task::JoinSet, time::Instant};

use super::{Policy, SEED, nodes, seconds, tails::PolledLoad};
use crate::{
    Call, Plan, Traffic, World, check, run, stats,
    traffic::{Kind, call},
};

/// Live traffic beside batch work.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixed {
    /// The times that live requests took, the shortest first.
    pub sorted: Vec<Duration>,
    /// Number of live requests without status 200.
    pub failed: usize,
    /// Number of batch requests with status 200, a second.
    pub batch_rate: f64,
    /// Number of batch requests without.
    pub batch_failed: usize,
}

impl Mixed {
    /// The time within which this share of the live requests ended.
    pub fn quantile(&self, share: f64) -> Duration {
        stats::quantile(&mut self.sorted.clone(), share)
    }
}

const LENGTH: u64 = 60;
/// The first seconds, in which windows are learnt, are not measured.
const BEGIN: u64 = 10;

/// Number of runs, each with its own random numbers.
const RUNS: u64 = 5;

/// Three nodes that do 100 requests a second each: four at a time, 40 ms in the mean, while 200
/// others wait. Live requests ask for 30 of these 100; so many callers of batch work each send a
/// request as soon as their last one has ended. The callers are spread over so many clients; the
/// first one also sends the live requests.
pub fn mixed(batch: usize, clients: usize, policy: Policy) -> Mixed {
    let mut calls = Vec::new();
    let (mut good, mut bad) = (0, 0);
    for seed in SEED..SEED + RUNS {
        let (live, batch) = one_run(seed, batch, clients, policy);
        calls.extend(live);
        good += batch.0;
        bad += batch.1;
    }
    let mut sorted: Vec<_> = calls.iter().map(|call| call.took).collect();
    sorted.sort_unstable();
    Mixed {
        sorted,
        failed: calls.iter().filter(|call| !call.is_good()).count(),
        batch_rate: good as f64 / ((LENGTH - BEGIN) * RUNS) as f64,
        batch_failed: bad,
    }
}

/// Returns the live calls that are measured, and the number of batch requests with status 200
/// and of others.
fn one_run(seed: u64, batch: usize, clients: usize, policy: Policy) -> (Vec<Call>, (usize, usize)) {
    let mean = Duration::from_millis(40);
    let latency = Latency::Exponential { mean };
    run(seed, async {
        let cluster = nodes(3).seed(seed).latency(latency);
        let cluster = cluster.capacity(Capacity::new(4, 200));
        let polled = Arc::<PolledLoad>::default();
        let world = World::new(cluster, |builder| policy.settings(builder, &polled));
        let others =
            (1..clients).map(|_| world.another(|builder| policy.settings(builder, &polled)));
        let transports: Vec<_> = iter::once(world.transport.clone()).chain(others).collect();
        let live = Traffic::new(90.0, seconds(LENGTH)).searches();
        let work = async { tokio::join!(world.play(live, Plan::new()), work(&transports, batch)) };
        let (calls, batch) = tokio::select! {
            // The same order in every run.
            biased;
            ended = work => ended,
            () = polled.poll(&world.cluster), if policy == Policy::Polled => {
                unreachable!("it does not end")
            }
        };
        check::nothing_is_left(&world).await;
        let measured = calls
            .into_iter()
            .filter(|call| call.began >= seconds(BEGIN));
        (measured.collect(), batch)
    })
}

/// Returns the number of requests with status 200, and of others.
async fn work(transports: &[Transport], callers: usize) -> (usize, usize) {
    let mut tasks = JoinSet::new();
    let (begin, end) = (Instant::now() + seconds(BEGIN), seconds(LENGTH - BEGIN));
    for transport in transports.iter().cycle().take(callers) {
        let transport = transport.clone();
        tasks.spawn(async move {
            let (mut good, mut bad) = (0, 0);
            while begin.elapsed() < end {
                let call = call(transport.clone(), Duration::ZERO, Kind::Batch).await;
                let is_measured = Instant::now() >= begin;
                good += usize::from(is_measured && call.is_good());
                bad += usize::from(is_measured && !call.is_good());
            }
            (good, bad)
        });
    }
    let counts = tasks.join_all().await;
    counts
        .into_iter()
        .fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1))
}
