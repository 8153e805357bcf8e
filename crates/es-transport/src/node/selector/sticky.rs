//! The sticky selector.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{NodeSelector, RequestContext};
use crate::{
    node::{
        Candidates,
        hash::{mix, stable_hash},
    },
    rng::Rng,
};

/// A selector that uses the same node for as long as it is live.
///
/// Requests with a hint ([`RequestContext::hint`]) are assigned to nodes by rendezvous
/// hashing: a hint leads to the same node in every process, and if a node leaves, only
/// its own hints move. This visits every node. Requests without a hint all use the same
/// node.
///
/// ```
/// use es_transport::{RequestOptions, Transport, node::Sticky};
///
/// let transport = Transport::builder()
///     .nodes(["http://a:9200", "http://b:9200"])
///     .node_selector(Sticky::default())
///     .build()?;
/// // All requests of this session go to the same node.
/// let options = RequestOptions::new().selector_hint("session-17");
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Debug)]
pub struct Sticky {
    /// The hash of the current node; 0: none yet.
    current: AtomicU64,
    /// Where it was found last, so that it need not be searched.
    place: AtomicUsize,
    /// Leads different clients to different nodes.
    seed: u64,
}

impl Default for Sticky {
    fn default() -> Self {
        Self {
            current: AtomicU64::new(0),
            place: AtomicUsize::new(0),
            seed: Rng::new().next_u64(),
        }
    }
}

impl Sticky {
    fn stay(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        let current = self.current.load(Ordering::Relaxed);
        let place = self.place.load(Ordering::Relaxed);
        if candidates
            .get(place)
            .is_some_and(|candidate| candidate.hash() == current)
        {
            return place;
        }
        if let Some(found) = candidates.position(|candidate| candidate.hash() == current) {
            self.place.store(found, Ordering::Relaxed);
            return found;
        }
        let found = rendezvous(candidates, self.seed);
        // A retry goes elsewhere once; the node itself may well be alive.
        if let Some(candidate) = candidates.get(found).filter(|_| request.attempt() == 1) {
            self.current.store(candidate.hash(), Ordering::Relaxed);
            self.place.store(found, Ordering::Relaxed);
        }
        found
    }
}

fn rendezvous(candidates: &Candidates<'_>, key: u64) -> usize {
    let scores = candidates
        .iter()
        .map(|candidate| mix(candidate.hash() ^ key))
        .enumerate();
    scores
        .max_by_key(|&(_, score)| score)
        .map_or(0, |(index, _)| index)
}

impl NodeSelector for Sticky {
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        match request.hint() {
            Some(hint) => rendezvous(candidates, stable_hash(hint)),
            None => self.stay(candidates, request),
        }
    }

    fn is_constrained(&self, _: &RequestContext<'_>) -> bool {
        false
    }

    fn tracks_load(&self) -> bool {
        false
    }
}
