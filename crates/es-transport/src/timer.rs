//! Timers that report a missing runtime instead of panicking.

use std::time::Duration;

use tokio::{
    runtime::Handle,
    time::{Instant, Sleep},
};

use crate::error::{Error, Result};

/// Creates a timer that ends at `at`.
///
/// # Errors
/// The caller is not within a tokio runtime.
pub(crate) fn sleep_until(at: Instant) -> Result<Sleep> {
    require_runtime()?;
    Ok(tokio::time::sleep_until(at))
}

/// Creates a timer that ends after `duration`.
///
/// # Errors
/// As [`sleep_until`].
pub(crate) fn sleep(duration: Duration) -> Result<Sleep> {
    require_runtime()?;
    Ok(tokio::time::sleep(duration))
}

fn require_runtime() -> Result<()> {
    match Handle::try_current() {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::request(
            "it was polled outside a tokio runtime, which its timers and connections need",
        )),
    }
}
