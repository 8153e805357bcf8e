//! Faulty nodes that respond, and the parts of the client that are meant for them: what was
//! measured to hold. `docs/simulation.md` also shows where a part does not help.

use es_simulation::scenario::{Policy, Tail, Tails, Trouble, mixed};

const TROUBLES: [Trouble; 5] = [
    Trouble::None,
    Trouble::SlowNode,
    Trouble::Pauses,
    Trouble::FastFailures,
    Trouble::ColdNode,
];

fn three(policy: Policy, trouble: Trouble) -> Tail {
    Tails::new(3, trouble, 3_000).of(policy)
}

#[test]
fn a_node_that_fails_fast_gets_one_percent() {
    for policy in [Policy::Penalty, Policy::Ejection, Policy::All] {
        let tail = three(policy, Trouble::FastFailures);
        assert!(tail.troubled <= 0.01, "{policy:?}: {}", tail.troubled);
    }
    let plain = three(Policy::PeakEwma, Trouble::FastFailures);
    assert!(plain.troubled > 1.0 / 3.0, "{}", plain.troubled);
}

#[test]
fn a_cold_node_changes_p99_by_a_fifth_at_most() {
    let p99 = |policy, trouble| three(policy, trouble).quantile(0.99).as_secs_f64();
    for policy in [Policy::PeakEwma, Policy::SlowStart, Policy::All] {
        let (cold, none) = (p99(policy, Trouble::ColdNode), p99(policy, Trouble::None));
        assert!(cold <= none * 1.2, "{policy:?}: {cold}, {none}");
    }
    let round_robin = |trouble| p99(Policy::RoundRobin, trouble);
    assert!(round_robin(Trouble::ColdNode) > round_robin(Trouble::None) * 1.2);
}

#[test]
fn hedges_shorten_pauses() {
    let p99 = |policy| three(policy, Trouble::Pauses).quantile(0.99);
    let (plain, hedged) = (p99(Policy::PeakEwma), p99(Policy::Hedge));
    assert!(hedged < plain / 2, "{plain:?}, {hedged:?}");
}

#[test]
fn hedges_and_ejections_stay_within_their_limits() {
    for trouble in TROUBLES {
        let tail = three(Policy::All, trouble);
        assert!(tail.extra <= 0.05, "{trouble:?}: {}", tail.extra);
        assert!(tail.most_ejected <= 1, "{trouble:?}: {}", tail.most_ejected);
    }
}

#[test]
fn windows_shield_live_traffic_from_batch_work() {
    let alone = mixed(0, 1, Policy::PeakEwma);
    let (plain, windows) = (
        mixed(120, 1, Policy::PeakEwma),
        mixed(120, 1, Policy::Windows),
    );
    assert_eq!((windows.failed, windows.batch_failed), (0, 0));
    assert!(windows.quantile(0.99) <= alone.quantile(0.99).mul_f64(1.2));
    assert!(plain.quantile(0.99) > alone.quantile(0.99) * 4);
    assert!(windows.batch_rate >= plain.batch_rate * 0.98);
}

#[test]
fn a_slow_node_changes_p999_little() {
    let p999 = |policy, trouble| three(policy, trouble).quantile(0.999).as_secs_f64();
    let none = p999(Policy::PeakEwma, Trouble::None);
    assert!(p999(Policy::All, Trouble::SlowNode) <= none * 1.3);
    assert!(p999(Policy::PeakEwma, Trouble::SlowNode) > none * 2.0);
    assert!(three(Policy::All, Trouble::SlowNode).extra <= 0.03);
}

#[test]
fn a_run_is_the_same_on_each_thread() {
    for policy in [Policy::RoundRobin, Policy::Polled, Policy::All] {
        let run = move || Tails::new(3, Trouble::SlowNode, 500).of(policy);
        let other = std::thread::spawn(run);
        assert_eq!(other.join().expect("a run"), run(), "{policy:?}");
    }
}
