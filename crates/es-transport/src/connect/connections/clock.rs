//! The clock that goes on while a process is frozen.

use std::{fmt, time::SystemTime};

/// Tells the wall clock's time.
///
/// A frozen process (a function that is suspended between two calls, a virtual
/// machine that was saved) does not see its timers run, but the wall clock is
/// far ahead when it thaws. Its idle connections are then most likely dead.
pub trait WallClock: fmt::Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> SystemTime;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
