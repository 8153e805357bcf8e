//! `allocations <name> <operation> <urls>`: prints how many times the heap was
//! asked per request, as the difference between two runs of one client.

use std::alloc::System;

use es_benches::clients::Client;
use peers::operation::BoxError;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// So many requests bring every connection, buffer and table to its size.
const WARM: u64 = 64;
const COUNTED: u64 = 256;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, operation, urls] = arguments.as_slice() else {
        return Err("allocations <name> <operation> <urls>".into());
    };
    let urls: Vec<String> = urls.split(',').map(Into::into).collect();
    let operation = operation.parse()?;
    let mut client = Client::new(name.parse()?, &urls).await?;
    client.run(operation, WARM).await?;
    let shorter = asked(&mut client, operation, COUNTED).await?;
    let longer = asked(&mut client, operation, 2 * COUNTED).await?;
    println!("{:.1}", (longer - shorter) as f64 / COUNTED as f64);
    Ok(())
}

/// The calls of one run; growing in place counts as a call too.
async fn asked(
    client: &mut Client,
    operation: peers::operation::Operation,
    times: u64,
) -> Result<usize, BoxError> {
    let before = HEAP.stats();
    client.run(operation, times).await?;
    let after = HEAP.stats();
    Ok(after.allocations + after.reallocations - before.allocations - before.reallocations)
}
