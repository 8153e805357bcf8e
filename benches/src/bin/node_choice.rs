//! `node_choice`: nanoseconds, instructions and allocations per choice of a node and of the
//! parameter that its query gains, and what a second thread adds.
//! `node_choice <selector> <nodes> <times>` chooses and says nothing, for callgrind.

use std::{alloc::System, sync::Arc};

use es_benches::{
    callgrind::instructions,
    fixtures::pool,
    operation::BoxError,
    selecting::{choose, nanoseconds, shard_aware, two_threads},
};
use es_transport::{NodePool, NodeSelector, node::RoundRobin};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TIMES: u64 = 10_000;
const ROUND_ROBIN: &str = "round-robin";
const SHARD_AWARE: &str = "shard-aware";

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [name, nodes, times] = arguments.as_slice() {
        let (pool, selector) = subject(name, nodes.parse()?)?;
        choose(&pool, &*selector, times.parse()?);
        return Ok(());
    }
    println!("| selector | nodes | ns, one thread | instructions | allocations |");
    println!("|---|---|---|---|---|");
    for name in [ROUND_ROBIN, SHARD_AWARE] {
        for nodes in [3, 1_000] {
            let (pool, selector) = subject(name, nodes)?;
            let nanoseconds = nanoseconds(&pool, &*selector);
            let instructions = counted(name, nodes)?;
            let allocations = allocations(&pool, &*selector);
            println!("| {name} | {nodes} | {nanoseconds:.1} | {instructions} | {allocations} |");
        }
    }
    println!(
        "\nTwo threads do {:.2} times the work of one.",
        two_threads()?
    );
    Ok(())
}

fn subject(name: &str, nodes: usize) -> Result<(Arc<NodePool>, Arc<dyn NodeSelector>), BoxError> {
    if name == SHARD_AWARE {
        let (pool, selector) = shard_aware(nodes)?;
        return Ok((pool, selector));
    }
    Ok((pool(nodes)?, Arc::new(RoundRobin::default())))
}

/// Allocations of one choice, after many that have filled caches.
fn allocations(pool: &NodePool, selector: &dyn NodeSelector) -> f64 {
    let region = Region::new(HEAP);
    choose(pool, selector, TIMES);
    region.change().allocations as f64 / TIMES as f64
}

fn counted(name: &str, nodes: usize) -> Result<u64, BoxError> {
    let program = std::env::current_exe()?;
    let run = |times: u64| instructions(&program, &[name, &nodes.to_string(), &times.to_string()]);
    Ok((run(2 * TIMES)? - run(TIMES)?) / TIMES)
}
