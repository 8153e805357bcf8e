//! A run that repeats itself.

use std::time::Duration;

use es_transport::rng;
use tokio::{
    runtime::Builder,
    time::{sleep, timeout},
};

/// No run lasts as long by its own clock, unless it is stuck.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Runs `work` to its end, with a paused clock and everything random drawn from `seed`.
///
/// # Panics
/// When the work is stuck: not done after a day by its clock. When tasks are left once it is done
/// and its values are dropped.
pub fn run<T>(seed: u64, work: impl Future<Output = T>) -> T {
    rng::seed_thread(seed);
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime without I/O needs nothing");
    let done = runtime.block_on(async { timeout(LONGEST, work).await });
    let done = done.expect("the simulation is stuck");
    // What was told to end needs a turn to do so.
    runtime.block_on(async { sleep(Duration::from_secs(1)).await });
    assert_eq!(runtime.metrics().num_alive_tasks(), 0, "tasks are left");
    done
}
