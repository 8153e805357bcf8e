use proptest::{collection::vec, prelude::*};

use super::*;

const MAX: u32 = 200;
const MS: Duration = Duration::from_millis(1);

/// Clients that always have batch requests for one node with so many workers, each with its own
/// limit. Returns the number of responses within this time. `latency` is that of a request that
/// begins at this time, without the time for which it waits at the node.
fn saturate(
    limits: &mut [BatchLimit],
    workers: usize,
    length: Duration,
    latency: impl Fn(Duration) -> Duration,
) -> usize {
    let began = Instant::now();
    let (mut now, mut served) = (began, 0);
    let mut in_flight = vec![0; limits.len()];
    let (mut free, mut flights) = (vec![now; workers], Vec::new());
    while now < began + length {
        for (client, limit) in limits.iter_mut().enumerate() {
            while in_flight[client] < limit.get() {
                in_flight[client] += 1;
                let worker = free.iter_mut().min().unwrap();
                *worker = now.max(*worker) + latency(now - began);
                let is_baseline = limit.begin(in_flight[client], now);
                flights.push((*worker, client, now, is_baseline));
            }
        }
        let first = (0..flights.len()).min_by_key(|&index| flights[index].0);
        let (end, client, sent_at, is_baseline) = flights.swap_remove(first.unwrap());
        now = end;
        served += 1;
        in_flight[client] -= 1;
        limits[client].served(now - sent_at, is_baseline, now, MAX);
    }
    served
}

fn alone(workers: usize, seconds: u64, latency: impl Fn(Duration) -> Duration) -> BatchLimit {
    let mut limits = [BatchLimit::default()];
    saturate(&mut limits, workers, Duration::from_secs(seconds), latency);
    let [limit] = limits;
    limit
}

#[test]
fn it_grows_until_requests_wait_at_the_node() {
    for workers in [8, 32] {
        let limit = alone(workers, 60, |_| 40 * MS);
        let range = workers as f64..3.0 * workers as f64;
        assert!(range.contains(&limit.limit), "{workers}: {limit:?}");
    }
    assert_eq!(alone(300, 10, |_| 40 * MS).limit, f64::from(MAX));
}

#[test]
fn it_shrinks_until_few_requests_wait_at_the_node() {
    for workers in [1, 2, 4] {
        let limit = alone(workers, 600, |_| 40 * MS);
        assert!(
            limit.limit <= 6.0 + 2.0 * workers as f64,
            "{workers}: {limit:?}"
        );
    }
}

#[test]
fn other_latencies_that_have_nothing_to_do_with_the_load_change_it_for_seconds() {
    for (before, after) in [(5, 1_000), (50, 1_000), (1_000, 5)] {
        let mut limit = alone(100, 2, |_| before * MS);
        limit.limit = 20.0;
        let mut limits = [limit];
        let length = Duration::from_secs(60);
        let served = saturate(&mut limits, 100, length, |_| after * MS);
        let without_a_change = 20 * 60_000 / after as usize;
        assert!(
            served * 2 >= without_a_change,
            "{before} to {after} ms: {served} of {without_a_change}, {limits:?}"
        );
    }
}

#[test]
fn slow_requests_are_not_held_back_for_most_of_the_time() {
    let mut limits = [BatchLimit::default()];
    let length = Duration::from_secs(7_200);
    let served = saturate(&mut limits, 10, length, |_| 10_000 * MS);
    assert!(served >= 6_500, "{served} of 7,200 requests of ten seconds");
}

#[test]
fn several_clients_send_no_less_than_the_node_processes() {
    for clients in [2, 3, 8] {
        let mut limits: Vec<_> = (0..clients).map(|_| BatchLimit::default()).collect();
        let served = saturate(&mut limits, 4, Duration::from_secs(120), |_| 40 * MS);
        assert!(served >= 11_800, "{clients} clients: {served} of 12,000");
    }
}

proptest! {
    #[test]
    fn it_keeps_its_bounds(
        steps in vec((0..1_000_u32, 0..100_000_u64, any::<bool>()), 0..300),
        max in 0..300_u32,
    ) {
        let mut limit = BatchLimit::default();
        let mut now = Instant::now();
        for (in_flight, ms, is_late) in steps {
            let latency = Duration::from_millis(ms);
            now += if is_late { latency } else { MS };
            let is_baseline = limit.begin(in_flight, now);
            limit.served(latency, is_baseline, now, max);
            prop_assert!((1..=max.max(10)).contains(&limit.get()), "{limit:?}");
            prop_assert!(limit.limit.is_finite());
        }
    }
}
