//! Work on all processors.

use std::{
    num::NonZero,
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// Calls `work` with each item on as many threads as there are processors, and returns the
/// results in the order of the items.
///
/// A simulation may run on any thread: it seeds the random numbers of its thread.
pub(crate) fn map<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let take = || {
        let index = next.fetch_add(1, Ordering::Relaxed);
        items.get(index).map(|item| (index, work(item)))
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);

    let mut results = thread::scope(|scope| {
        let spawn = |_| scope.spawn(|| std::iter::from_fn(take).collect());
        let threads: Vec<_> = (0..processors).map(spawn).collect();
        let mut results = Vec::with_capacity(items.len());
        for thread in threads {
            let of_thread: Vec<_> = thread.join().unwrap_or_else(|p| panic::resume_unwind(p));
            results.extend(of_thread);
        }
        results
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
