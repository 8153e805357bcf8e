//! Ejection, slow start and the failure penalty: the pool as a state machine.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{sync::Arc, time::Duration};

use es_transport::{
    Node, NodePool, Transport,
    events::{DeathCause, Event},
    node::{
        Candidates, Ejection, NodeOutcome, NodePoolBuilder, NodeState, PeakEwma, RequestContext,
        RoundRobin,
    },
};
use http::Method;
use proptest::{collection::vec, prelude::*};
use tokio::time::Instant;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn builder(nodes: usize) -> NodePoolBuilder {
    NodePool::builder((0..nodes).map(node)).seed(1)
}

fn node(number: usize) -> Node {
    format!("http://n{number}:9200").parse().unwrap()
}

fn at(now: Instant) -> RequestContext<'static> {
    RequestContext::new(&Method::GET, "/").at(now)
}

/// Sends a request to this live node, which ends so.
fn attempt(pool: &NodePool, number: usize, outcome: NodeOutcome, now: Instant) {
    let wanted = node(number);
    let to_node = move |nodes: &Candidates<'_>, _: &RequestContext<'_>| {
        nodes
            .position(|candidate| *candidate.node() == wanted)
            .unwrap()
    };
    pool.select(&to_node, &at(now))
        .unwrap()
        .finish(outcome, now);
}

fn state(pool: &NodePool, number: usize) -> NodeState {
    let nodes = pool.nodes();
    nodes
        .iter()
        .find(|status| *status.node() == node(number))
        .unwrap()
        .state()
}

fn ejected(pool: &NodePool) -> usize {
    let is_ejected = |state| matches!(state, NodeState::Ejected { .. });
    pool.nodes()
        .iter()
        .filter(|status| is_ejected(status.state()))
        .count()
}

/// Number of requests of so many that round robin sends to this node.
fn share(pool: &NodePool, number: usize, requests: usize, now: Instant) -> usize {
    let selector = RoundRobin::starting_at(0);
    let chosen = (0..requests).map(|_| {
        let mut selection = pool.select(&selector, &at(now)).unwrap();
        selection.finish(NodeOutcome::Healthy, now);
        selection.node().clone()
    });
    chosen.filter(|chosen| *chosen == node(number)).count()
}

#[test]
fn seven_failures_in_a_row_eject() {
    let pool = builder(3).ejection(Ejection::new()).build().unwrap();
    let (start, mut events) = (Instant::now(), pool.events().subscribe());
    for _ in 0..6 {
        attempt(&pool, 0, NodeOutcome::ServerError, start);
    }
    assert_eq!(state(&pool, 0), NodeState::Live);
    attempt(&pool, 0, NodeOutcome::Suspect, start);
    let until = start + 30 * SECOND;
    assert_eq!(state(&pool, 0), NodeState::Ejected { until });
    let Some(Event::NodeDied {
        cause, dead_time, ..
    }) = events.try_recv()
    else {
        panic!()
    };
    assert_eq!(
        (cause, dead_time),
        (DeathCause::FailuresInARow(7), 30 * SECOND)
    );
    assert_eq!(share(&pool, 0, 100, start + 29 * SECOND), 0);

    let probe = pool.select(&RoundRobin::default(), &at(until)).unwrap();
    assert!(probe.is_probe() && *probe.node() == node(0));
}

#[test]
fn without_ejection_a_server_error_changes_nothing() {
    let (pool, start) = (builder(3).build().unwrap(), Instant::now());
    for _ in 0..100 {
        attempt(&pool, 0, NodeOutcome::ServerError, start);
    }
    assert_eq!(pool.live(), 3);
}

#[test]
fn a_low_success_rate_ejects() {
    let pool = builder(3).ejection(Ejection::new()).build().unwrap();
    let start = Instant::now();
    for number in 0..20 {
        let is_bad = number % 3 == 0;
        let outcome = if is_bad {
            NodeOutcome::ServerError
        } else {
            NodeOutcome::Healthy
        };
        attempt(&pool, 0, outcome, start);
        attempt(&pool, 1, NodeOutcome::Healthy, start);
    }
    // 7 of 20 failed; the next failure looks at the rate.
    assert_eq!(pool.live(), 3);
    attempt(&pool, 0, NodeOutcome::ServerError, start);
    assert_eq!((pool.live(), ejected(&pool)), (2, 1));
}

#[test]
fn failures_outside_of_the_window_do_not_count() {
    let pool = builder(3).ejection(Ejection::new()).build().unwrap();
    let start = Instant::now();
    for second in 0..200 {
        let now = start + second * SECOND;
        let is_bad = second % 2 == 0;
        let outcome = if is_bad {
            NodeOutcome::ServerError
        } else {
            NodeOutcome::Healthy
        };
        // Half of all fail, but there are never 20 within 10 s.
        attempt(&pool, 0, outcome, now);
    }
    assert_eq!(pool.live(), 3);
}

#[test]
fn no_node_is_ejected_where_all_fail_alike() {
    let pool = builder(10)
        .ejection(Ejection::new().max_percent(100))
        .build()
        .unwrap();
    let start = Instant::now();
    for round in 0..100 {
        (0..10).for_each(|n| attempt(&pool, n, NodeOutcome::ServerError, start + round * MS));
    }
    // The first has failed in a row before the others were known to fail.
    assert_eq!(ejected(&pool), 0);
}

#[test]
fn refusals_eject_no_node() {
    let pool = builder(3).ejection(Ejection::new()).build().unwrap();
    let start = Instant::now();
    for _ in 0..100 {
        attempt(&pool, 0, NodeOutcome::Overloaded, start);
    }
    assert_eq!(pool.live(), 3);
}

#[test]
fn ejected_nodes_return_in_panic() {
    let pool = builder(10)
        .ejection(Ejection::new().max_percent(40))
        .build()
        .unwrap();
    let start = Instant::now();
    for number in 0..4 {
        (0..7).for_each(|_| attempt(&pool, number, NodeOutcome::ServerError, start));
    }
    assert_eq!((pool.live(), ejected(&pool)), (6, 4));
    attempt(&pool, 9, NodeOutcome::Failed, start);
    assert_eq!((pool.live(), ejected(&pool)), (5, 4));
    let mut events = pool.events().subscribe();
    attempt(&pool, 8, NodeOutcome::Failed, start);
    assert_eq!((pool.live(), ejected(&pool)), (8, 0));
    let revived = std::iter::from_fn(|| events.try_recv());
    let is_revived = |event: &Event| matches!(event, Event::NodeRevived { .. });
    assert_eq!(revived.filter(is_revived).count(), 4);
}

#[test]
fn a_new_node_starts_slowly() {
    let pool = builder(3).slow_start(10 * SECOND).build().unwrap();
    let start = Instant::now();
    assert_eq!(share(&pool, 0, 300, start), 100);
    pool.add(node(3)).unwrap();
    // A turn that it does not take goes to the node after it, so that its next one
    // comes sooner: it gets 0.1 of 3.1 requests at first.
    let first = share(&pool, 3, 4_000, start + SECOND);
    let middle = share(&pool, 3, 4_000, start + 6 * SECOND);
    assert!((70..=190).contains(&first), "{first}");
    assert!((520..=720).contains(&middle), "{middle}");
    assert_eq!(share(&pool, 3, 4_000, start + 11 * SECOND), 1_000);
}

#[test]
fn a_revived_node_starts_slowly() {
    let pool = builder(2).slow_start(10 * SECOND).build().unwrap();
    let start = Instant::now();
    attempt(&pool, 0, NodeOutcome::Failed, start);
    let mut probe = pool
        .select(&RoundRobin::default(), &at(start + SECOND))
        .unwrap();
    assert!(probe.is_probe());
    probe.finish(NodeOutcome::Healthy, start + SECOND);
    let first = share(&pool, 0, 2_000, start + SECOND);
    assert!((110..=260).contains(&first), "{first}");
    assert_eq!(share(&pool, 0, 2_000, start + 11 * SECOND), 1_000);
}

#[test]
fn nodes_that_all_start_slowly_get_everything() {
    let pool = builder(1).slow_start(10 * SECOND).build().unwrap();
    pool.replace([node(1), node(2)]);
    let start = Instant::now();
    let shares = [1, 2].map(|number| share(&pool, number, 1_000, start));
    assert_eq!(shares, [500, 500]);
}

#[test]
fn failures_count_as_slow_responses() {
    let pool = builder(2).failure_penalty(SECOND).build().unwrap();
    let (selector, start) = (PeakEwma::default(), Instant::now());
    let latency = |number: usize| {
        let nodes = pool.nodes();
        nodes
            .iter()
            .find(|status| *status.node() == node(number))
            .unwrap()
            .latency()
    };
    let mut selection = pool.select(&selector, &at(start)).unwrap();
    let chosen = usize::from(*selection.node() == node(1));
    selection.finish(NodeOutcome::ServerError, start + MS);
    assert_eq!(latency(chosen), Some(SECOND));
    for _ in 0..10 {
        let mut other = pool.select(&selector, &at(start + MS)).unwrap();
        assert_eq!(*other.node(), node(1 - chosen));
        other.finish(NodeOutcome::Healthy, start + 2 * MS);
    }

    attempt(&pool, chosen, NodeOutcome::Overloaded, start + 2 * MS);
    let to_chosen = move |nodes: &Candidates<'_>, _: &RequestContext<'_>| {
        nodes
            .position(|candidate| *candidate.node() == node(chosen))
            .unwrap()
    };
    let mut asked = pool.select(&to_chosen, &at(start)).unwrap();
    asked.set_retry_after(7 * SECOND);
    asked.finish(NodeOutcome::Overloaded, start + 2 * MS);
    let penalty = latency(chosen).unwrap();
    assert!(penalty.abs_diff(7 * SECOND) < MS, "{penalty:?}");
}

#[test]
fn without_a_penalty_failures_have_no_latency() {
    let (pool, start) = (builder(1).build().unwrap(), Instant::now());
    attempt(&pool, 0, NodeOutcome::ServerError, start + MS);
    attempt(&pool, 0, NodeOutcome::Overloaded, start + MS);
    assert_eq!(pool.nodes()[0].latency(), None);
}

#[test]
fn settings_of_a_shared_pool_are_refused() {
    let pool = builder(1).build().unwrap();
    let transport = || Transport::builder().node_pool(Arc::clone(&pool));
    let setting = |error: es_transport::Error| error.setting();
    let error = transport().ejection(Ejection::new()).build().unwrap_err();
    assert_eq!(setting(error), Some("ejection"));
    let error = transport().slow_start(SECOND).build().unwrap_err();
    assert_eq!(setting(error), Some("slow_start"));
    let error = transport().failure_penalty(SECOND).build().unwrap_err();
    assert_eq!(setting(error), Some("failure_penalty"));
}

#[test]
fn an_ejected_node_is_used_when_none_is_live() {
    let rules = Ejection::new().panic_percent(0).failures_in_a_row(1);
    let (pool, start) = (builder(2).ejection(rules).build().unwrap(), Instant::now());
    attempt(&pool, 0, NodeOutcome::ServerError, start);
    assert_eq!((ejected(&pool), pool.live()), (1, 1));
    attempt(&pool, 1, NodeOutcome::Failed, start);
    assert_eq!((ejected(&pool), pool.live()), (0, 1));
}

fn outcome() -> impl Strategy<Value = NodeOutcome> {
    prop_oneof![
        4 => Just(NodeOutcome::Healthy),
        6 => Just(NodeOutcome::ServerError),
        1 => Just(NodeOutcome::Overloaded),
        1 => Just(NodeOutcome::Suspect),
        1 => Just(NodeOutcome::Failed),
        1 => Just(NodeOutcome::Unknown),
    ]
}

proptest! {
    /// Whatever comes: never more ejected than the limit, none in panic, a node for
    /// every request, and everything is live again once everything responds.
    #[test]
    fn ejections_keep_within_their_limits(
        nodes in 1..20_usize,
        max_percent in 0..=100_u32,
        panic_percent in 0..=100_u32,
        row in 1..4_u32,
        steps in vec((any::<prop::sample::Index>(), outcome(), 0..3_000_u64), 0..300),
    ) {
        let rules = Ejection::new()
            .max_percent(max_percent)
            .panic_percent(panic_percent)
            .failures_in_a_row(row)
            .min_requests(5);
        let pool = builder(nodes).ejection(rules).slow_start(SECOND).build().unwrap();
        let mut now = Instant::now();
        let limit = (nodes * max_percent as usize / 100).max(1);
        for (which, outcome, wait) in steps {
            let any = move |nodes: &Candidates<'_>, _: &RequestContext<'_>| which.index(nodes.len());
            let mut selection = pool.select(&any, &at(now)).unwrap();
            now += Duration::from_millis(wait);
            selection.finish(outcome, now);

            let (ejected, live) = (ejected(&pool), pool.live());
            prop_assert!(ejected <= limit, "{ejected} of {limit}");
            let is_panic = live * 100 < nodes * panic_percent as usize;
            prop_assert!(ejected == 0 || !is_panic, "{ejected} ejected, {live} of {nodes} live");
            prop_assert!(ejected == 0 || live > 0);
        }
        for _ in 0..4 * nodes {
            now += 300 * SECOND;
            pool.select(&RoundRobin::default(), &at(now)).unwrap().finish(NodeOutcome::Healthy, now);
        }
        prop_assert_eq!(pool.live(), nodes);
    }

    /// A node that never fails is never ejected, whatever the others do.
    #[test]
    fn a_node_that_never_fails_stays(
        steps in vec((0..4_usize, outcome(), 0..500_u64), 0..300),
    ) {
        let pool = builder(4).ejection(Ejection::new().max_percent(100)).build().unwrap();
        let mut now = Instant::now();
        for (which, outcome, wait) in steps {
            now += Duration::from_millis(wait);
            let prefer = move |nodes: &Candidates<'_>, _: &RequestContext<'_>| {
                nodes.position(|candidate| *candidate.node() == node(which)).unwrap_or(0)
            };
            let mut selection = pool.select(&prefer, &at(now)).unwrap();
            let is_first = *selection.node() == node(0);
            selection.finish(if is_first { NodeOutcome::Healthy } else { outcome }, now);
            prop_assert_eq!(state(&pool, 0), NodeState::Live);
        }
    }
}
