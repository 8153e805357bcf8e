//! Properties that hold whatever goes wrong: generated clusters, traffic and faults.

mod churn;
mod faults;
mod lost;
mod worst;

use std::time::Duration;

use es_simulation::{Event, Plan};
use es_testkit::{Cluster, ClusterBuilder, Latency};
use proptest::{collection::vec, prelude::*};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// Number of cases of each property; the long form is for release builds.
fn cases(quick: u32) -> ProptestConfig {
    let many = if cfg!(debug_assertions) { 1 } else { 40 };
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(quick * many)
    }
}

/// So many nodes that take 20 ms, more or less.
fn nodes(number: usize, seed: u64) -> ClusterBuilder {
    let latency = Latency::LogNormal {
        median: 20 * MS,
        sigma: 0.5,
    };
    Cluster::builder().nodes(number).latency(latency).seed(seed)
}

/// Events of these kinds at any time of so many seconds, for any nodes but the first.
fn events(kinds: &'static [Event], nodes: usize, seconds: u64) -> impl Strategy<Value = Plan> {
    let event = (
        0..seconds * 1_000,
        prop::sample::select(kinds),
        vec(1..nodes, 1..=nodes / 2 + 1),
    );
    vec(event, 1..40).prop_map(|events| {
        events
            .into_iter()
            .fold(Plan::new(), |plan, (time, event, nodes)| {
                plan.at(Duration::from_millis(time), event, nodes)
            })
    })
}

/// A cluster's size and what goes wrong in it.
fn troubled(kinds: &'static [Event], seconds: u64) -> impl Strategy<Value = (usize, Plan)> {
    (3..=30_usize).prop_flat_map(move |nodes| (Just(nodes), events(kinds, nodes, seconds)))
}
