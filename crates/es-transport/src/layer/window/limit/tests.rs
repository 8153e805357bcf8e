use std::time::Duration;

use proptest::{collection::vec, prelude::*};

use super::*;

const BOUNDS: Bounds = Bounds {
    initial: 20,
    min: 1,
    max: 200,
    batch_percent: 80,
};
const MS: Duration = Duration::from_millis(1);

/// Lets as many live requests as possible begin and end together, in rounds.
fn rounds(limit: &mut Limit, rounds: u32, effect: Effect) {
    let began = Instant::now();
    for round in 0..rounds {
        let now = began + MS * round;
        let free = limit.free(false, BOUNDS);
        let flights: Vec<_> = (0..free).map(|_| limit.begin(false, now)).collect();
        for flight in flights {
            limit.end(effect, flight, now + MS, BOUNDS);
        }
    }
}

#[test]
fn refusals_of_one_time_shrink_it_once() {
    let mut limit = Limit::new(BOUNDS);
    rounds(&mut limit, 1, Effect::Refused);
    assert_eq!(limit.window(), 18);
    rounds(&mut limit, 100, Effect::Refused);
    let one_may_always_begin = (1, 1);
    assert_eq!(
        (limit.window(), limit.free(false, BOUNDS)),
        one_may_always_begin
    );
}

#[test]
fn it_grows_while_it_is_used() {
    let mut limit = Limit::new(BOUNDS);
    rounds(&mut limit, 20, Effect::Served);
    assert!((29..=31).contains(&limit.window()), "{limit:?}");
    rounds(&mut limit, 1_000, Effect::Served);
    assert_eq!(limit.window(), 200);

    let mut unused = Limit::new(BOUNDS);
    for _ in 0..1_000 {
        let began = Instant::now();
        let flight = unused.begin(false, began);
        unused.end(Effect::Served, flight, began + MS, BOUNDS);
    }
    assert_eq!(unused.window(), 20);
}

#[test]
fn latencies_hold_no_live_request_back() {
    let mut limit = Limit::new(BOUNDS);
    let mut now = Instant::now();
    for latency in 1..1_000 {
        let flights: Vec<_> = (0..20).map(|_| limit.begin(false, now)).collect();
        now += MS * latency;
        for flight in flights {
            limit.end(Effect::Served, flight, now, BOUNDS);
        }
        assert!(limit.free(false, BOUNDS) >= 20, "{limit:?}");
    }
}

#[test]
fn batch_requests_leave_their_places_to_live_ones() {
    let mut limit = Limit::new(BOUNDS);
    let now = Instant::now();
    // 80 % of half of 10, the first limit: its baseline is sampled.
    assert_eq!(limit.free(true, BOUNDS), 4);
    let _live: Vec<_> = (0..2).map(|_| limit.begin(false, now)).collect();
    assert_eq!(limit.free(true, BOUNDS), 2);
    let _live: Vec<_> = (0..18).map(|_| limit.begin(false, now)).collect();
    // The window is full, but one batch request may always begin.
    assert_eq!(
        (limit.free(false, BOUNDS), limit.free(true, BOUNDS)),
        (0, 1)
    );
    limit.begin(true, now);
    assert_eq!(limit.free(true, BOUNDS), 0);
}

proptest! {
    #[test]
    fn it_keeps_its_bounds(
        steps in vec((0..3_u8, 0..5_000_u64, 0..40_u8, any::<bool>(), 0..40_u8), 0..300),
        min in 1..10_u32,
        more in 0..300_u32,
        initial in 0..500_u32,
        batch_percent in 0..=100_u32,
    ) {
        let bounds = Bounds { initial, min, max: min + more, batch_percent };
        let mut limit = Limit::new(bounds);
        let mut now = Instant::now();
        let mut flights = Vec::new();
        for (effect, ms, begin, is_batch, end) in steps {
            for _ in 0..u32::from(begin).min(limit.free(is_batch, bounds)) {
                flights.push(limit.begin(is_batch, now));
            }
            prop_assert_eq!(limit.in_flight() as usize, flights.len());
            now += Duration::from_millis(ms);
            let effect = [Effect::Served, Effect::Refused, Effect::None][usize::from(effect)];
            for flight in flights.drain(..flights.len().min(end.into())) {
                limit.end(effect, flight, now, bounds);
            }
            prop_assert!((bounds.min..=bounds.max).contains(&limit.window()));
            prop_assert!(limit.batch_window(bounds) >= 1);
            if flights.is_empty() {
                prop_assert!(limit.free(true, bounds) >= 1 && limit.free(false, bounds) >= 1);
            }
        }
    }
}
