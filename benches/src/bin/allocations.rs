//! `allocations <name> <operation> <urls>`: see [`programs::allocations`].

use std::alloc::System;

use es_benches::{clients::Own, operation::BoxError, programs};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    programs::allocations::<Own>(|| {
        let stats = HEAP.stats();
        stats.allocations + stats.reallocations
    })
    .await
}
