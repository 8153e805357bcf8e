//! The runs of the report: what must hold in each of them, whatever the numbers are.

use std::time::Duration;

use es_simulation::scenario::{self, Choice, SIZES};

/// All sizes in release builds, the smallest otherwise.
fn sizes() -> &'static [usize] {
    if cfg!(debug_assertions) {
        &SIZES[..1]
    } else {
        &SIZES
    }
}

/// Number of requests that make a distribution: the fewest for which the bound of peak
/// EWMA is promised, and more.
// Over fewer, the one or two that it needs to know a slow node are above p99
// (docs/guarantees.md, "Not promised").
const MANY: &[usize] = if cfg!(debug_assertions) {
    &[2_000, 8_000]
} else {
    &[2_000, 4_000, 8_000, 20_000]
};

const LONGEST_DEAD_TIME: Duration = Duration::from_secs(31);

#[test]
fn round_robin_is_even_within_five_percent() {
    for nodes in sizes() {
        let even = scenario::even(*nodes);
        assert!(even.calm < 0.05 && even.troubled < 0.05, "{even:?}");
    }
}

#[test]
fn two_choices_by_peak_ewma_hide_a_slow_node() {
    for (nodes, many) in sizes()
        .iter()
        .flat_map(|nodes| MANY.iter().map(move |many| (nodes, *many)))
    {
        let p99 = |choice, slow| scenario::slow_node(*nodes, choice, slow, many).quantile(0.99);
        let (with, without) = (p99(Choice::PeakEwma, true), p99(Choice::PeakEwma, false));
        assert!(
            with.as_secs_f64() <= without.as_secs_f64() * 1.5,
            "{nodes}, {many}: {with:?}, {without:?}"
        );
        if *nodes <= 30 {
            // Round robin does not, where the slow one is more than one of a hundred.
            let (with, without) = (
                p99(Choice::RoundRobin, true),
                p99(Choice::RoundRobin, false),
            );
            assert!(with > without * 3, "{nodes}: {with:?}, {without:?}");
        }
    }
}

#[test]
fn a_zone_is_lost_without_one_failed_call() {
    for nodes in sizes() {
        let lost = scenario::zone_lost(*nodes);
        assert_eq!(lost.failed, 0, "{lost:?}");
        assert!(lost.back_after < LONGEST_DEAD_TIME, "{lost:?}");
    }
}

#[test]
fn a_cluster_that_was_lost_is_found_again() {
    for nodes in sizes() {
        let lost = scenario::all_lost(*nodes);
        assert!(
            lost.failed > 0 && lost.found_after < LONGEST_DEAD_TIME,
            "{lost:?}"
        );
    }
}

#[test]
fn flapping_nodes_cost_no_call() {
    for nodes in sizes() {
        let flapping = scenario::flapping(*nodes);
        assert_eq!(flapping.failed, 0, "{} nodes", nodes);
        assert!(flapping.probes > 0);
    }
}

#[test]
fn an_overload_is_not_made_worse() {
    // Traffic grows with the nodes: the largest cluster, which takes minutes, is the report's.
    for nodes in sizes().iter().filter(|nodes| **nodes < 1_000) {
        let overload = scenario::overload(*nodes, true);
        assert!(Some(overload.retries) <= overload.allowed, "{overload:?}");
        assert_eq!(overload.failed_later, 0, "{overload:?}");
        // Without a budget each refused request comes up to four times.
        assert!(scenario::overload(*nodes, false).amplification > overload.amplification);
    }
}

#[test]
fn nodes_that_join_are_found_and_those_that_leave_forgotten() {
    for nodes in sizes() {
        let churn = scenario::churn(*nodes);
        assert_eq!(churn.failed, 0, "{churn:?}");
        assert!(churn.right_after() <= Some(LONGEST_DEAD_TIME), "{churn:?}");
        assert!(churn.right_after().is_some(), "{churn:?}");
    }
}

#[test]
fn a_run_repeats_itself() {
    assert_eq!(scenario::zone_lost(3), scenario::zone_lost(3));
    assert_eq!(scenario::overload(3, true), scenario::overload(3, true));
    let latencies = || scenario::slow_node(3, Choice::PeakEwma, true, 1_000);
    assert_eq!(latencies(), latencies());
}

#[test]
fn a_run_is_the_same_on_each_thread() {
    let run = || scenario::zone_lost(3);
    let threads = [(); 3].map(|()| std::thread::spawn(run));
    for thread in threads {
        assert_eq!(thread.join().expect("a run"), run());
    }
}
