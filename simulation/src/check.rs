//! Invariants of every run, whatever went wrong in it.

use std::{collections::BTreeMap, time::Duration};

use crate::{Attempt, Call, End, World};

/// Time that sniffing may take, unless set otherwise, and a moment.
const LONGEST_LOOK: Duration = Duration::from_millis(5_001);

/// Nothing is under way once all calls have ended, and a look for nodes had its time: no attempt,
/// and no connection at a node.
///
/// # Panics
/// When something is.
pub async fn nothing_is_left(world: &World) {
    tokio::time::sleep(LONGEST_LOOK).await;
    let attempts = world.log.attempts();
    assert!(
        attempts.iter().all(|attempt| attempt.end != End::UnderWay),
        "an attempt is left"
    );
    let open: usize = world
        .cluster
        .nodes()
        .iter()
        .map(|node| node.connections().open)
        .sum();
    assert_eq!(open, 0, "connections are left");
}

/// Every request succeeded with 200.
///
/// # Panics
/// With the first one that was not.
pub fn all_are_good(calls: &[Call]) {
    let bad = calls.iter().filter(|call| !call.is_good());
    let count = bad.clone().count();
    assert_eq!(
        count,
        0,
        "of {} calls, the first: {:?}",
        calls.len(),
        bad.into_iter().next()
    );
}

/// All calls together made no more retries than a budget with room for `burst` and `percent`
/// retries for a hundred successes allows. Those that go on because a node could not be reached
/// are free.
///
/// # Panics
/// When they made more.
pub fn retries_stay_inside(calls: &[Call], burst: usize, percent: usize) {
    let paid: usize = calls.iter().map(|call| call.paid).sum();
    let at_once = calls
        .iter()
        .filter(|call| call.is_good() && call.attempts == 1)
        .count();
    let allowed = burst + at_once * percent / 100;
    assert!(paid <= allowed, "{paid} retries of {allowed}");
}

/// A node that failed is left alone for its dead time: half a second at least, twice as long
/// after every further failure, up to 15 s; and then there is one attempt, and no other before
/// that one has ended. Returns how many of them there were.
///
/// This holds while another node lives, and where nothing but failures kills a node: no timeout.
///
/// # Panics
/// When there was an attempt too early, or beside a probe.
pub fn dead_nodes_are_probed_once(attempts: &[Attempt]) -> usize {
    let mut nodes: BTreeMap<usize, Vec<&Attempt>> = BTreeMap::new();
    attempts
        .iter()
        .for_each(|attempt| nodes.entry(attempt.node).or_default().push(attempt));
    nodes.values().map(|attempts| probes(attempts)).sum()
}

/// The half of the time that is not jitter, after so many failures in a row.
fn least_dead_time(failures: u32) -> Duration {
    let seconds = 2_u64.saturating_pow(failures - 1).min(30);
    Duration::from_secs(seconds) / 2
}

/// Follows the attempts at one node, in the order in which things happened.
fn probes(attempts: &[&Attempt]) -> usize {
    let begun = attempts
        .iter()
        .map(|attempt| (attempt.began_as, *attempt, true));
    let ended = attempts
        .iter()
        .map(|attempt| (attempt.ended_as, *attempt, false));
    let mut moments: Vec<_> = begun.chain(ended).collect();
    moments.sort_unstable_by_key(|(moment, ..)| *moment);

    let mut probes = 0;
    let (mut failures, mut revived) = (0, 0);
    // Since when it is dead, and the attempt that probes it.
    let mut dead: Option<Duration> = None;
    let mut probe: Option<u64> = None;
    for (moment, attempt, begins) in moments {
        if begins {
            let Some(since) = dead else { continue };
            assert_eq!(probe, None, "an attempt beside a probe: {attempt:?}");
            let rested = attempt.began - since;
            let least = least_dead_time(failures);
            assert!(
                rested >= least,
                "after {rested:?} of {least:?}: {attempt:?}"
            );
            probe = Some(attempt.began_as);
            probes += 1;
            continue;
        }
        let is_probe = probe == Some(attempt.began_as);
        let counts = is_probe || (dead.is_none() && attempt.began_as > revived);
        if counts && attempt.end.is_failure() {
            failures += 1;
            (dead, probe) = (Some(attempt.ended), None);
        } else if is_probe {
            (failures, dead, probe, revived) = (0, None, None, moment);
        } else if counts {
            failures = 0;
        }
    }
    probes
}
