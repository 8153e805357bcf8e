//! Numbers out of many.

use std::time::Duration;

/// The value below which this share of all lies; the values need no order.
///
/// # Panics
/// When there is none.
pub fn quantile(values: &mut [Duration], share: f64) -> Duration {
    values.sort_unstable();
    let last = values.len().checked_sub(1).expect("some values");
    values[(last as f64 * share).round() as usize]
}

/// By how much of their mean the number that is farthest from it is away.
pub fn deviation(counts: &[usize]) -> f64 {
    let mean = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    counts
        .iter()
        .map(|count| (*count as f64 - mean).abs() / mean)
        .fold(0.0, f64::max)
}

/// Number of these times in each second.
pub fn per_second(times: impl IntoIterator<Item = Duration>, seconds: usize) -> Vec<usize> {
    let mut counts = vec![0; seconds];
    for time in times {
        if let Some(count) = counts.get_mut(time.as_secs() as usize) {
            *count += 1;
        }
    }
    counts
}

/// Number of attempts per node.
pub fn per_node(attempts: &[crate::Attempt], nodes: usize) -> Vec<usize> {
    let mut counts = vec![0; nodes];
    attempts
        .iter()
        .for_each(|attempt| counts[attempt.node] += 1);
    counts
}
