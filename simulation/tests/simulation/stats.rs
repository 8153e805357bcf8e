use std::time::Duration;

use es_simulation::stats::{deviation, per_second, quantile};

#[test]
fn quantiles_and_deviations() {
    let mut values: Vec<_> = (0..=100).rev().map(Duration::from_millis).collect();
    assert_eq!(quantile(&mut values, 0.99), Duration::from_millis(99));
    assert_eq!(quantile(&mut values, 0.0), Duration::ZERO);
    assert_eq!(deviation(&[90, 100, 110]), 0.1);
    assert_eq!(
        per_second([0, 10, 1_500].map(Duration::from_millis), 2),
        [2, 1]
    );
}
