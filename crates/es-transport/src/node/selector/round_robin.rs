//! One node after the other.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{NodeSelector, RequestContext};
use crate::node::{
    Candidates, random,
    stripe::{self, Padded, STRIPES},
};

/// One node after the other: the default.
///
/// Each thread goes round on its own, from a random start, so threads do not
/// contend for a counter and clients that send a single request do not all
/// send it to the first node.
#[derive(Debug)]
pub struct RoundRobin {
    next: [Padded<AtomicUsize>; STRIPES],
}

impl RoundRobin {
    /// Begins with the candidate at `index`, on every thread.
    pub fn starting_at(index: usize) -> Self {
        Self { next: std::array::from_fn(|_| Padded(AtomicUsize::new(index))) }
    }
}

impl Default for RoundRobin {
    fn default() -> Self {
        let start = || random::below(usize::MAX / 2);
        Self { next: std::array::from_fn(|_| Padded(AtomicUsize::new(start()))) }
    }
}

impl NodeSelector for RoundRobin {
    fn select(&self, candidates: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        #[expect(clippy::indexing_slicing, reason = "the number of a stripe is below STRIPES")]
        let next = &self.next[stripe::of_this_thread()].0;
        next.fetch_add(1, Ordering::Relaxed) % candidates.len()
    }

    fn tracks_load(&self) -> bool {
        false
    }
}
