//! Memory of the process, which the tests count one after the other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod choice;
#[path = "../cluster_support/mod.rs"]
mod cluster_support;
#[path = "../connect_support/mod.rs"]
mod connect_support;
mod hostile_server;
mod shard_map;

use std::{alloc::System, thread, time::Duration};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::sync::{Mutex, MutexGuard};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Held by the test that counts.
static ONE: Mutex<()> = Mutex::const_new(());

/// Returns the number of allocated bytes.
fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats
        .bytes_allocated
        .saturating_sub(stats.bytes_deallocated)
}

/// Waits until no other test counts, and until the last one is reported and its runtime gone.
#[expect(clippy::disallowed_methods, reason = "called outside a runtime")]
fn alone() -> MutexGuard<'static, ()> {
    let one = ONE.blocking_lock();
    loop {
        let before = ALLOCATOR.stats();
        thread::sleep(Duration::from_millis(50));
        if ALLOCATOR.stats() == before {
            return one;
        }
    }
}

/// Returns the allocations of 100 calls. The harness may allocate meanwhile: the fewest of three
/// times count.
fn allocations_of_a_hundred(mut call: impl FnMut()) -> usize {
    let times = (0..3).map(|_| {
        let region = Region::new(ALLOCATOR);
        (0..100).for_each(|_| call());
        region.change().allocations
    });
    times.min().unwrap()
}
