//! The round-robin selector.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{NodeSelector, RequestContext};
use crate::{
    node::{
        Candidates,
        stripe::{self, Padded, STRIPES},
    },
    rng,
};

/// A selector that uses each node in turn. It is the default.
///
/// It continues after the node that it chose last, even if other nodes die or come
/// back, so that each live node has one turn in every round.
///
/// Each thread has its own counter with a random start: threads do not contend for a
/// counter, and short-lived clients do not all use the first node.
///
/// ```
/// use es_transport::{Transport, node::RoundRobin};
///
/// let transport = Transport::builder()
///     .nodes(["http://a:9200", "http://b:9200"])
///     .node_selector(RoundRobin::starting_at(0))
///     .build()?;
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Debug)]
pub struct RoundRobin {
    /// The last turn of each stripe, [packed](pack).
    last: [Padded<AtomicU64>; STRIPES],
}

/// Instead of a member: no turn yet, begin here.
const BEGIN: u32 = u32::MAX;

impl RoundRobin {
    /// Creates a selector that starts with the candidate at `index` on every thread.
    ///
    /// ```
    /// use es_transport::{Node, NodePool, node::{RequestContext, RoundRobin}};
    ///
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?, "http://b:9200".parse()?])?;
    /// let selector = RoundRobin::starting_at(1);
    /// let request = RequestContext::new(&http::Method::GET, "/");
    /// for host in ["b", "a", "b"] {
    ///     assert_eq!(pool.select(&selector, &request)?.node().host(), host);
    /// }
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn starting_at(index: usize) -> Self {
        Self {
            last: std::array::from_fn(|_| begin(index)),
        }
    }
}

impl Default for RoundRobin {
    fn default() -> Self {
        Self {
            last: std::array::from_fn(|_| begin(rng::below(u32::MAX as usize))),
        }
    }
}

fn begin(index: usize) -> Padded<AtomicU64> {
    Padded(AtomicU64::new(pack(BEGIN, index)))
}

/// A member of the pool in the upper half, its place among the candidates in the lower.
fn pack(member: u32, place: usize) -> u64 {
    u64::from(member) << 32 | u64::from(place as u32)
}

/// The place among `live`, which are members in ascending order, that comes after the last turn.
fn next(live: &[u32], last: u64) -> usize {
    let (member, place) = ((last >> 32) as u32, last as u32 as usize);
    let next = if member == BEGIN {
        place % live.len()
    } else if live.get(place) == Some(&member) {
        place + 1
    } else {
        // Others died or came back, or these are only some of the nodes.
        live.partition_point(|candidate| *candidate <= member)
    };
    if next < live.len() { next } else { 0 }
}

impl NodeSelector for RoundRobin {
    #[inline]
    fn select(&self, candidates: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        #[expect(
            clippy::indexing_slicing,
            reason = "the number of a stripe is below STRIPES"
        )]
        let stripe = &self.last[stripe::of_this_thread()].0;
        let indexes = candidates.indexes();
        let mut last = stripe.load(Ordering::Relaxed);
        loop {
            let place = next(indexes, last);
            let Some(member) = indexes.get(place) else {
                return 0;
            };
            let turn = pack(*member, place);
            // Another thread that shares the stripe may have taken this turn.
            match stripe.compare_exchange_weak(last, turn, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return place,
                Err(taken) => last = taken,
            }
        }
    }

    fn is_constrained(&self, _: &RequestContext<'_>) -> bool {
        false
    }

    fn tracks_load(&self) -> bool {
        false
    }
}
