//! Whatever fails, in whatever order: nothing is lost, and nothing is written twice.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use es_client::helpers::bulk::{BulkStream, Operation};
use futures_util::StreamExt;
use proptest::prelude::*;
use serde_json::json;

use crate::bulk::mock::{Fate, Mock, State};

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Succeeds),
        1 => prop::sample::select(vec![400_u16, 413, 429, 500, 502, 503]).prop_map(Fate::Status),
        1 => Just(Fate::LostBefore),
        1 => Just(Fate::LostAfter),
        2 => (0..4_usize, 1..4_usize, prop::sample::select(vec![400_u16, 404, 429, 503]))
            .prop_map(|(first, every, status)| Fate::Items { first, every, status }),
    ]
}

/// The outcome of an operation: written, not written, unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    Written,
    Failed,
    Unknown,
}

/// Reads the outcomes, and checks that the totals and the position agree with them.
async fn read(mut stream: BulkStream) -> (BTreeMap<u64, Said>, u64) {
    let mut said = BTreeMap::new();
    let mut first_not_sent = u64::MAX;
    while let Some(item) = stream.next().await {
        let Ok(outcome) = item else { continue };
        let what = match &outcome.result {
            Ok(_) => Said::Written,
            Err(error) if error.is_unknown() => Said::Unknown,
            Err(error) => {
                if error.reason().contains("stopped before it was sent") {
                    first_not_sent = first_not_sent.min(outcome.number);
                }
                Said::Failed
            }
        };
        assert_eq!(said.insert(outcome.number, what), None, "two outcomes");
        let durable = stream.durable_up_to();
        assert!(
            (0..durable).all(|number| said.contains_key(&number)),
            "{durable}: {said:?}"
        );
    }
    let report = stream.report();
    let count = |what| said.values().filter(|said| **said == what).count() as u64;
    let totals = (report.succeeded, report.failed, report.unknown);
    let counts = (
        count(Said::Written),
        count(Said::Failed),
        count(Said::Unknown),
    );
    assert_eq!(totals, counts, "{report}");
    assert!(stream.durable_up_to() <= first_not_sent, "{report}");
    (said, report.operations)
}

/// Asserts that the outcomes are true of the writes that the cluster has done. `has_id` is
/// whether an operation has an ID, by its number.
fn assert_true(
    said: impl IntoIterator<Item = (u64, Said)>,
    state: &State,
    has_id: impl Fn(usize) -> bool,
) {
    for (number, said) in said {
        let writes = state.writes.get(&number).copied().unwrap_or_default();
        match said {
            Said::Written => assert!(writes >= 1, "{number} is lost"),
            Said::Failed => assert_eq!(writes, 0, "{number} was written"),
            Said::Unknown => {}
        }
        let safe = has_id(usize::try_from(number).unwrap());
        assert!(safe || writes <= 1, "{number} was written {writes} times");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_operation_has_one_true_outcome(
        ids in prop::collection::vec(any::<bool>(), 1..60),
        fates in prop::collection::vec(fate(), 0..20),
        batch in 1..12_usize,
        in_flight in 1..4_usize,
        make_ids: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mock = Mock::new(move |number, _| fates.get(number).copied().unwrap_or(Fate::Succeeds));
            let operations = ids.clone().into_iter().enumerate().map(|(n, has_id)| {
                let operation = Operation::index(json!({ "n": n }));
                if has_id { operation.id(n.to_string()) } else { operation }
            });
            let bulk = mock.client().helpers().bulk("i", futures_util::stream::iter(operations))
                .flush_operations(batch)
                .max_in_flight(in_flight)
                .max_retries(3)
                .backoff(Duration::from_millis(10), Duration::from_millis(20))
                .make_ids(make_ids);
            let (said, read) = read(bulk.stream()).await;

            assert_eq!(said.len() as u64, read, "every operation that was read has an outcome");
            let state = mock.state();
            assert_true(said, &state, |number| make_ids || ids[number]);
            let distinct = state.documents.values().map(|d| d["n"].clone().to_string());
            let distinct: std::collections::BTreeSet<_> = distinct.collect();
            assert_eq!(distinct.len(), state.documents.len(), "a document is there twice");
        });
    }

    /// The same of operations that are grouped by node and keep the order of each
    /// document, which moves from node to node.
    #[test]
    fn operations_of_nodes_have_one_true_outcome_in_order(
        ids in prop::collection::vec(prop::option::weighted(0.9, 0..9_usize), 1..80),
        fates in prop::collection::vec(fate(), 0..20),
        batch in (1..12_usize, 40..600_usize),
        in_flight in 2..5_usize,
        rate in prop::option::of(100..10_000_u32),
        (adaptive, make_ids, continue_on_error) in any::<(bool, bool, bool)>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mock = Mock::new(move |number, _| fates.get(number).copied().unwrap_or(Fate::Succeeds));
            let moves = AtomicUsize::new(0);
            let client = mock.client_of_nodes(3, move |id| {
                let moved = moves.fetch_add(1, Ordering::Relaxed) / 7;
                let node = (id.len() + moved) % 4;
                (node < 3).then(|| node.to_string().into())
            });
            let operations = ids.clone().into_iter().enumerate().map(|(n, id)| {
                let operation = Operation::index(json!({ "n": n }));
                match id {
                    Some(id) => operation.id("x".repeat(id + 1)),
                    None => operation,
                }
            });
            let mut bulk = client.helpers().bulk("i", futures_util::stream::iter(operations))
                .keep_order(true)
                .make_ids(make_ids)
                .continue_on_error(continue_on_error)
                .flush_operations(batch.0)
                .flush_bytes(batch.1)
                .max_in_flight(in_flight)
                .max_retries(3)
                .backoff(Duration::from_millis(10), Duration::from_millis(20));
            if adaptive {
                bulk = bulk.adaptive_in_flight(in_flight);
            }
            if let Some(rate) = rate {
                bulk = bulk.max_bytes_per_second(f64::from(rate));
            }
            let (said, read) = read(bulk.stream()).await;

            assert_eq!(said.len() as u64, read, "every operation that was read has an outcome");
            let state = mock.state();
            assert_true(said, &state, |number| make_ids || ids[number].is_some());
            let mut last = BTreeMap::new();
            for (id, number) in &state.log {
                let before = last.insert(id, number);
                assert!(before.is_none_or(|before| before <= number), "{id}: {:?}", state.log);
            }
        });
    }
}
