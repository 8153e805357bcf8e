//! The time that a node takes for a request.

use std::time::Duration;

use crate::random::SplitMix;

/// The time a node takes for each request, by tokio's clock (so a paused clock skips it).
///
/// Draws come from a generator seeded by [`ClusterBuilder::seed`](crate::ClusterBuilder::seed) and
/// the node's number: the same seed gives the same latencies.
///
/// ```
/// use std::time::Duration;
/// use es_testkit::{Cluster, Latency};
///
/// # fn main() -> std::io::Result<()> {
/// let median = Duration::from_millis(20);
/// let cluster = Cluster::builder()
///     .nodes(3)
///     .latency(Latency::LogNormal { median, sigma: 0.5 })
///     .simulated()?;
/// // One node has ten times the latency of the others.
/// cluster.node(0).set_latency(Latency::LogNormal { median: 10 * median, sigma: 0.5 });
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Latency {
    /// Responds at once.
    #[default]
    None,
    /// Always the same time.
    Constant(Duration),
    /// Any time between both, equally likely.
    Uniform {
        /// The shortest time.
        min: Duration,
        /// The longest time.
        max: Duration,
    },
    /// Exponential: many short times, few long ones.
    Exponential {
        /// The mean time.
        mean: Duration,
    },
    /// Log-normal, the usual shape of a server's response times.
    LogNormal {
        /// Half of the times are shorter than this.
        median: Duration,
        /// The standard deviation of the time's natural logarithm; 0.5 is a moderate tail.
        sigma: f64,
    },
}

impl Latency {
    pub(crate) fn draw(self, random: &mut SplitMix) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Constant(time) => time,
            Self::Uniform { min, max } => min + scaled(max.saturating_sub(min), random.next_unit()),
            Self::Exponential { mean } => scaled(mean, -random.next_unit().ln()),
            Self::LogNormal { median, sigma } => {
                // Box-Muller: two uniform numbers make one of the normal distribution.
                let radius = (-2.0 * random.next_unit().ln()).sqrt();
                let normal = radius * (std::f64::consts::TAU * random.next_unit()).cos();
                scaled(median, (sigma * normal).exp())
            }
        }
    }
}

/// `time * factor`, and the longest duration there is where that overflows.
fn scaled(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(latency: Latency) -> f64 {
        let mut random = SplitMix::new(7);
        let total: f64 = (0..20_000)
            .map(|_| latency.draw(&mut random).as_secs_f64())
            .sum();
        total / 20_000.0
    }

    #[test]
    fn each_distribution_has_its_mean() {
        let second = Duration::from_secs(1);
        assert_eq!(mean_of(Latency::Constant(second)), 1.0);
        let uniform = mean_of(Latency::Uniform {
            min: second,
            max: second * 3,
        });
        assert!((uniform - 2.0).abs() < 0.02, "{uniform}");
        let exponential = mean_of(Latency::Exponential { mean: second });
        assert!((exponential - 1.0).abs() < 0.03, "{exponential}");
        // The mean of a log-normal is median * exp(sigma^2 / 2).
        let log_normal = mean_of(Latency::LogNormal {
            median: second,
            sigma: 0.5,
        });
        assert!((log_normal - 0.125_f64.exp()).abs() < 0.03, "{log_normal}");
    }

    #[test]
    fn the_same_seed_gives_the_same_times() {
        let latency = Latency::Exponential {
            mean: Duration::from_millis(3),
        };
        let draw = |seed| {
            let mut random = SplitMix::new(seed);
            (0..8)
                .map(|_| latency.draw(&mut random))
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
