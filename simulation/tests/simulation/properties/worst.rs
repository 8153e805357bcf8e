//! Everything goes wrong at once.

use es_simulation::{Event, Traffic, World, check, run};
use es_testkit::{Capacity, Latency};
use es_transport::layer::retry::{Budget, StandardRetry};
use proptest::prelude::*;

use super::{MS, SECOND, cases, nodes, troubled};

const EVERYTHING: &[Event] = &[
    Event::Kill,
    Event::Refuse,
    Event::Revive,
    Event::Silence,
    Event::Hang,
    Event::Reset,
    Event::Status(429),
    Event::Status(500),
    Event::Status(502),
    Event::Status(503),
    Event::Latency(Latency::Constant(MS)),
    Event::Latency(Latency::Exponential { mean: SECOND }),
    Event::Heal,
    Event::Heal,
];

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn every_call_ends_in_time_and_nothing_is_left(
        (number, plan) in troubled(EVERYTHING, 60), burst in 0..50_u32, percent in 0..=100_u32,
        workers in 1..8_usize, queue in 0..20_usize, seed: u64,
    ) {
        run(seed, async {
            let cluster = nodes(number, seed).capacity(Capacity::new(workers, queue));
            let world = World::new(cluster, |settings| {
                let retry = StandardRetry::new().retry_on_timeout(true);
                settings
                    .request_timeout(2 * SECOND)
                    .total_timeout(10 * SECOND)
                    .sniff_on_node_failure(true)
                    .standard_retry(retry.budget(Budget::new(burst, percent)))
            });
            let calls = world.play(Traffic::new(20.0, 70 * SECOND), plan).await;
            for call in &calls {
                // Timers count in milliseconds.
                assert!(call.took <= 10 * SECOND + MS, "{call:?}");
            }
            check::retries_stay_inside(&calls, burst as usize, percent as usize);
            check::nothing_is_left(&world).await;
        });
    }
}
