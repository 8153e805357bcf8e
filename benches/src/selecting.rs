//! Selecting a node, without any request: the time that a selection takes.

use std::{
    thread,
    time::{Duration, Instant},
};

use es_transport::{
    NodePool,
    node::{NodeOutcome, RequestContext, RoundRobin},
};
use http::Method;

use crate::{fixtures::pool, operation::BoxError};

/// Chooses a number of times, and tells the pool each time that it went well.
pub fn choose(pool: &NodePool, selector: &RoundRobin, times: u64) {
    let context = RequestContext::new(&Method::GET, "/products/_search");
    for _ in 0..times {
        // The pool has nodes, of which round robin excludes none.
        let Ok(mut selection) = pool.select(selector, &context) else {
            return;
        };
        std::hint::black_box(selection.node());
        selection.finish(NodeOutcome::Healthy, context.now());
    }
}

/// The nanoseconds of one choice: the best of many short runs, since whatever
/// else the machine does can only make a run longer.
pub fn nanoseconds(nodes: usize) -> Result<f64, BoxError> {
    const TIMES: u64 = 20_000;
    let (pool, selector) = (pool(nodes)?, RoundRobin::default());
    choose(&pool, &selector, TIMES);
    let best = (0..300)
        .map(|_| time(|| choose(&pool, &selector, TIMES)))
        .min();
    Ok(best.unwrap_or_default().as_nanos() as f64 / TIMES as f64)
}

/// Throughput of two threads that select from one pool, relative to one thread: the
/// best of many pairs of runs.
pub fn two_threads() -> Result<f64, BoxError> {
    const TIMES: u64 = 400_000;
    let (pool, selector) = (pool(3)?, RoundRobin::default());
    let one = || choose(&pool, &selector, TIMES);
    let two = || {
        thread::scope(|scope| {
            scope.spawn(one);
            one();
        });
    };
    let best = |run: &dyn Fn()| (0..60).map(|_| time(run)).min().unwrap_or_default();
    Ok(2.0 * best(&one).as_secs_f64() / best(&two).as_secs_f64())
}

fn time(run: impl Fn()) -> Duration {
    let began = Instant::now();
    run();
    began.elapsed()
}
