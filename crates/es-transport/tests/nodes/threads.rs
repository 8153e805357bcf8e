//! State that threads share without locks: the pool's snapshot, the nodes' loads, the
//! selectors and the retry budget.
//!
//! Small enough for Miri, which runs it in many orders (`.ci/run miri`).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use es_transport::{
    Node, NodePool, NodeSelector,
    layer::retry::Budget,
    node::{Candidates, LeastInFlight, NodeOutcome, PeakEwma, RequestContext, RoundRobin, Sticky},
};
use http::Method;
use tokio::time::Instant;

const THREADS: usize = 3;
const ROUNDS: u32 = if cfg!(miri) { 12 } else { 5_000 };
const MS: Duration = Duration::from_millis(1);

fn nodes(names: &[&str]) -> Vec<Node> {
    names
        .iter()
        .map(|name| format!("http://{name}").parse().unwrap())
        .collect()
}

fn at(now: Instant) -> RequestContext<'static> {
    RequestContext::new(&Method::GET, "/").at(now)
}

#[test]
fn requests_find_a_node_while_nodes_fail_and_are_replaced() {
    let start = Instant::now();
    let pool = NodePool::new(nodes(&["a", "b", "c"])).unwrap();
    let selectors: [Arc<dyn NodeSelector>; 4] = [
        Arc::new(RoundRobin::default()),
        Arc::new(LeastInFlight),
        Arc::new(PeakEwma::default()),
        Arc::new(Sticky::default()),
    ];
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for round in 0..ROUNDS {
                    let now = start + round * MS;
                    let selector = &selectors[round as usize % selectors.len()];
                    let mut selected = pool.select(selector, &at(now)).unwrap();
                    assert!(["a", "b", "c", "d"].contains(&selected.node().host()));
                    match round % 5 {
                        0 => selected.finish(NodeOutcome::Failed, now + MS),
                        1 => drop(selected),
                        _ => selected.finish(NodeOutcome::Healthy, now + MS),
                    }
                }
            });
        }
        for round in 0..ROUNDS / 4 {
            let names: &[&str] = if round % 2 == 0 {
                &["b", "c", "d"]
            } else {
                &["a", "b", "c"]
            };
            pool.replace(nodes(names));
            assert!(pool.live() <= pool.len());
        }
    });

    // Nothing is in flight any more: the least loaded are chosen in turn.
    pool.replace(nodes(&["x", "y", "z"]));
    pool.replace(nodes(&["a", "b", "c"]));
    let now = start + Duration::from_secs(3_600);
    while pool.live() < 3 {
        pool.select(&LeastInFlight, &at(now))
            .unwrap()
            .finish(NodeOutcome::Healthy, now);
    }
    let held: Vec<_> = (0..3)
        .map(|_| pool.select(&LeastInFlight, &at(now)).unwrap())
        .collect();
    let hosts: BTreeSet<_> = held.iter().map(|selected| selected.node().host()).collect();
    assert_eq!(hosts.len(), 3, "{hosts:?}");
}

#[test]
fn what_is_in_flight_is_counted_over_threads() {
    let pool = NodePool::new(nodes(&["a", "b", "c"])).unwrap();
    let now = Instant::now();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                (0..ROUNDS).for_each(|_| drop(pool.select(&LeastInFlight, &at(now)).unwrap()))
            });
        }
    });
    let all_are_idle = |candidates: &Candidates<'_>, _: &RequestContext<'_>| {
        assert!(
            candidates
                .iter()
                .all(|candidate| candidate.in_flight() == 0)
        );
        0
    };
    pool.select(&all_are_idle, &at(now)).unwrap();
}

#[test]
fn one_thread_of_many_probes_a_dead_node() {
    for _ in 0..ROUNDS / 10 + 1 {
        let (pool, start) = (NodePool::new(nodes(&["a", "b"])).unwrap(), Instant::now());
        pool.select(&RoundRobin::starting_at(0), &at(start))
            .unwrap()
            .finish(NodeOutcome::Failed, start);
        let later = start + Duration::from_secs(60);
        let held: Vec<_> = thread::scope(|scope| {
            let choose = || pool.select(&RoundRobin::default(), &at(later)).unwrap();
            let threads = [(); THREADS].map(|()| scope.spawn(choose));
            threads.map(|thread| thread.join().unwrap()).into()
        });
        assert_eq!(
            held.iter().filter(|selected| selected.is_probe()).count(),
            1
        );
    }
}

#[test]
fn a_budget_is_never_overdrawn() {
    let budget = Arc::new(Budget::new(5, 50));
    let granted = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    granted.fetch_add(usize::from(budget.withdraw()), Relaxed);
                    budget.deposit();
                }
            });
        }
    });
    // 5 at first, and a half for each success.
    let most = 5 + THREADS * ROUNDS as usize / 2;
    let granted = granted.load(Relaxed);
    assert!(granted <= most, "{granted} of {most}");
    assert!(granted >= 5, "{granted}");
}
