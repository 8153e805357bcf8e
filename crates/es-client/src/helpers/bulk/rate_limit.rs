use std::time::Duration;

use super::{batch::Batch, batch_builder::Limits};
use crate::error::{Error, Result};

/// The most that is sent per second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RateLimit {
    pub operations: Option<f64>,
    pub bytes: Option<f64>,
}

impl RateLimit {
    /// # Errors
    /// A rate is not above 0.
    pub fn check(self) -> Result<()> {
        let rates = [
            ("max_operations_per_second", self.operations),
            ("max_bytes_per_second", self.bytes),
        ];
        for (name, rate) in rates {
            if rate.is_some_and(|rate| rate.is_nan() || rate <= 0.0) {
                return Err(Error::invalid(format!("`{name}` must be above 0")));
            }
        }
        Ok(())
    }

    /// Returns limits within which a batch takes at most a second at this rate.
    pub fn limit_batch(self, limits: Limits) -> Limits {
        #[expect(
            clippy::cast_sign_loss,
            clippy::cast_possible_truncation,
            reason = "a rate is positive, and a larger one than any limit does not limit"
        )]
        let least = |limit: usize, rate: Option<f64>| {
            rate.map_or(limit, |rate| limit.min(rate as usize).max(1))
        };
        Limits {
            operations: least(limits.operations, self.operations),
            bytes: least(limits.bytes, self.bytes),
        }
    }

    /// Returns the time that a batch takes at this rate.
    pub fn time<C>(self, batch: &Batch<C>) -> Duration {
        let time = |amount: usize, rate: Option<f64>| rate.map_or(0.0, |rate| amount as f64 / rate);
        let operations = time(batch.len(), self.operations);
        let bytes = time(batch.body.len(), self.bytes);
        Duration::try_from_secs_f64(operations.max(bytes)).unwrap_or(Duration::MAX)
    }
}
