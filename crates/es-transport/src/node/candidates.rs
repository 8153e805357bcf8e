//! The nodes that a selector chooses from.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Node, random,
    snapshot::{Entry, Members},
};

/// The live nodes, of which a [`NodeSelector`](super::NodeSelector) chooses
/// one by its index. There is always at least one.
///
/// On a resend these are the live nodes that were not tried yet, as long as
/// there are any.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    members: &'a Members,
    live: &'a [u32],
    now: Instant,
    /// 0: made for one request only.
    version: u64,
}

/// One of the nodes to choose from.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    entry: &'a Entry,
    clock: (Instant, Instant),
}

/// How many nodes are compared where comparing all of them would cost more
/// than the better choice is worth.
const COMPARED: usize = 32;

impl<'a> Candidates<'a> {
    pub(super) fn new(members: &'a Members, live: &'a [u32], now: Instant, version: u64) -> Self {
        Self { members, live, now, version }
    }

    /// How many there are; never 0.
    #[expect(clippy::len_without_is_empty, reason = "there is always a candidate")]
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// The candidate at an index below [`len`](Self::len).
    pub fn get(&self, index: usize) -> Option<Candidate<'a>> {
        let entry = self.members.entries.get(*self.live.get(index)? as usize)?;
        Some(Candidate { entry, clock: (self.members.born, self.now) })
    }

    /// All candidates, in the order of their indexes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Candidate<'a>> + use<'a> {
        let this = *self;
        this.live.iter().map(move |&index| Candidate {
            #[expect(clippy::indexing_slicing, reason = "live nodes are members")]
            entry: &this.members.entries[index as usize],
            clock: (this.members.born, this.now),
        })
    }

    /// The index of the node with the fewest requests in flight; of several
    /// with equally few, any. Of more than 32 nodes, 32 neighbours at a random
    /// place are compared.
    pub fn least_in_flight(&self) -> usize {
        let len = self.len();
        let start = random::below(len);
        let places = (0..len.min(COMPARED)).map(|i| (start + i) % len);
        places
            .min_by_key(|&index| self.get(index).map_or(usize::MAX, |c| c.in_flight()))
            .unwrap_or_default()
    }

    /// The index of any node.
    pub fn random(&self) -> usize {
        random::below(self.len())
    }

    /// The index of the first node for which this is true.
    pub fn position(&self, wanted: impl FnMut(Candidate<'a>) -> bool) -> Option<usize> {
        self.iter().position(wanted)
    }

    /// The same choice, narrowed to some of the members.
    pub(super) fn narrowed(&self, live: &'a [u32]) -> Self {
        Self { live, version: 0, ..*self }
    }

    pub(super) fn live(&self) -> &'a [u32] {
        self.live
    }

    /// A number that differs when the candidates differ; `None` if they were
    /// put together for one request.
    pub(super) fn version(&self) -> Option<u64> {
        (self.version != 0).then_some(self.version)
    }
}

impl<'a> Candidate<'a> {
    /// The node itself: its address and what sniffing told of it.
    pub fn node(&self) -> &'a Node {
        &self.entry.node
    }

    /// Attempts that were sent to the node and have not ended. Always 0 under
    /// a selector that says it does not read it
    /// ([`NodeSelector::tracks_load`](super::NodeSelector::tracks_load)).
    pub fn in_flight(&self) -> usize {
        self.entry.record.load.in_flight()
    }

    /// How long the node took of late: a peak counts at once and fades with a
    /// decay of 10 s (peak EWMA). `None` before its first answer, and under
    /// the same condition as [`in_flight`](Self::in_flight).
    pub fn latency(&self) -> Option<Duration> {
        let (born, now) = self.clock;
        self.entry.record.load.latency(now.saturating_duration_since(born))
    }

    /// A hash of the node's URL that is the same in every process.
    pub(super) fn hash(&self) -> u64 {
        self.entry.hash
    }
}

/// Of some members those that are not among the URLs.
pub(super) fn untried(members: &Members, live: &[u32], tried: &[Arc<str>]) -> Vec<u32> {
    // One that is refused by very many nodes tries them all.
    let tried: HashSet<&str> = tried.iter().map(|url| &**url).collect();
    let is_untried = |index: &u32| {
        members.entries.get(*index as usize).is_some_and(|entry| !tried.contains(entry.node.url()))
    };
    live.iter().copied().filter(is_untried).collect()
}

pub(super) fn is_tried(node: &Node, tried: &[Arc<str>]) -> bool {
    tried.iter().any(|url| **url == *node.url())
}
