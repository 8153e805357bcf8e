//! The nodes among which a selector chooses, and subsets of them.

use std::{sync::Arc, time::Duration};

use arc_swap::{ArcSwapOption, Guard};
use smallvec::SmallVec;
use tokio::time::Instant;

use super::{
    Node, NodeSelector, RequestContext,
    shards::Holder,
    snapshot::{Entry, Members, new_version},
};
use crate::rng;

/// The live and eligible nodes, among which a [`NodeSelector`] chooses one by its
/// index. There is always at least one.
///
/// On a retry, nodes that were already tried are excluded, unless no other node is
/// left.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    members: &'a Members,
    /// Indexes among the members, ascending.
    indexes: &'a [u32],
    now: Instant,
    /// 0: made for one request only.
    version: u64,
}

/// One of the candidates.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    entry: &'a Entry,
    created_at: Instant,
    now: Instant,
}

/// The choice of a selector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    /// Index among the members.
    pub member: u32,
    /// The parameter that is added to the query.
    pub query: Option<&'static str>,
}

/// Number of nodes that are compared where comparing all of them would cost
/// more than the better choice is worth.
const COMPARED: usize = 32;

/// Indexes of members. Subsets up to this size need no allocation.
pub(super) type Indexes = SmallVec<[u32; 16]>;

impl<'a> Candidates<'a> {
    pub(super) fn new(
        members: &'a Members,
        indexes: &'a [u32],
        now: Instant,
        version: u64,
    ) -> Self {
        Self {
            members,
            indexes,
            now,
            version,
        }
    }

    /// Returns the number of candidates; never 0.
    #[expect(clippy::len_without_is_empty, reason = "there is always a candidate")]
    pub fn len(&self) -> usize {
        self.indexes.len()
    }

    /// Returns the candidate at an index below [`len`](Self::len).
    pub fn get(&self, index: usize) -> Option<Candidate<'a>> {
        let entry = self.members.get(*self.indexes.get(index)?)?;
        Some(self.candidate(entry))
    }

    /// Returns all candidates, in the order of their indexes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Candidate<'a>> + use<'a> {
        let this = *self;
        this.indexes.iter().map(move |&index| {
            #[expect(clippy::indexing_slicing, reason = "candidates are members")]
            let entry = &this.members.entries[index as usize];
            this.candidate(entry)
        })
    }

    /// Returns the index of a node with the fewest requests in flight. With more than
    /// 32 candidates, only 32 consecutive ones from a random start are compared.
    pub fn least_in_flight(&self) -> usize {
        let len = self.len();
        let start = rng::below(len);
        (0..len.min(COMPARED))
            .map(|offset| (start + offset) % len)
            .min_by_key(|&index| self.get(index).map_or(usize::MAX, |c| c.in_flight()))
            .unwrap_or_default()
    }

    /// Returns the index of a random node.
    pub fn random(&self) -> usize {
        rng::below(self.len())
    }

    /// Returns the index of the first candidate for which `wanted` returns `true`.
    pub fn position(&self, wanted: impl FnMut(Candidate<'a>) -> bool) -> Option<usize> {
        self.iter().position(wanted)
    }

    /// Narrows the choice to the candidates for which `keep` returns `true`.
    ///
    /// This visits every candidate. If the subset depends only on the nodes, a
    /// [`SubsetCache`] computes it once per change of the pool.
    ///
    /// ```
    /// use es_transport::node::{Candidates, NodeSelector, RequestContext, RoundRobin};
    ///
    /// /// Searches avoid the busiest nodes.
    /// #[derive(Default)]
    /// struct AvoidBusy(RoundRobin);
    ///
    /// impl NodeSelector for AvoidBusy {
    ///     fn select(&self, nodes: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
    ///         nodes
    ///             .narrow(|node| node.in_flight() < 100)
    ///             .select(&self.0, request)
    ///             .unwrap_or_else(|| self.0.select(nodes, request))
    ///     }
    /// }
    /// ```
    pub fn narrow(&self, mut keep: impl FnMut(Candidate<'a>) -> bool) -> Subset<'a> {
        let kept = self.iter().zip(self.indexes);
        let kept = kept.filter(|(candidate, _)| keep(*candidate));
        let indexes = kept.map(|(_, index)| *index).collect();
        Subset {
            of: *self,
            indexes: SubsetIndexes::Own(indexes),
        }
    }

    /// Narrows the choice to the nodes with these IDs
    /// ([`NodeFacts::id`](super::NodeFacts::id)).
    ///
    /// The cost does not depend on the number of candidates.
    pub fn with_ids<'b>(&self, ids: impl IntoIterator<Item = &'b str>) -> Subset<'a> {
        let members = ids
            .into_iter()
            .filter_map(|id| self.members.index_of_id(id));
        let candidates = members.filter(|member| self.index_of(*member).is_some());
        let mut indexes: Indexes = candidates.collect();
        indexes.sort_unstable();
        Subset {
            of: *self,
            indexes: SubsetIndexes::Own(indexes),
        }
    }

    /// Lets a selector choose among the candidates that are holders, and returns the index of
    /// its choice; `None` if none is.
    pub(crate) fn select_holder<S>(
        &self,
        holders: &[Arc<Holder>],
        selector: &S,
        request: &RequestContext<'_>,
    ) -> Option<usize>
    where
        S: NodeSelector + ?Sized,
    {
        let candidate = |holder: &Arc<Holder>| {
            let member = holder.member(self.members)?;
            self.index_of(member).map(|_| member)
        };
        let select = |indexes: &[u32]| {
            let holders = Candidates::new(self.members, indexes, self.now, 0);
            let chosen = selector.select(&holders, request);
            self.index_of(holders.member(chosen))
        };
        // Most shards have one copy or two.
        match holders {
            [one] => self.index_of(candidate(one)?),
            [one, other] => match (candidate(one), candidate(other)) {
                (Some(one), Some(other)) => select(&[one.min(other), one.max(other)]),
                (one, other) => self.index_of(one.or(other)?),
            },
            holders => {
                let mut indexes: Indexes = holders.iter().filter_map(candidate).collect();
                indexes.sort_unstable();
                (!indexes.is_empty()).then(|| select(&indexes))?
            }
        }
    }

    /// Whether all of these nodes are candidates, and none has been silent for longer than it
    /// took to respond.
    pub(crate) fn all_respond(&self, holders: &[Arc<Holder>]) -> bool {
        let candidate =
            |holder: &Arc<Holder>| self.get(self.index_of(holder.member(self.members)?)?);
        let mut candidates = holders.iter().map(candidate);
        candidates.all(|candidate| {
            candidate.is_some_and(|node| node.silence() <= node.latency().unwrap_or_default())
        })
    }

    /// Returns an index of a selector as one of a candidate: modulo their number.
    pub(crate) fn wrapped(&self, index: usize) -> usize {
        if index < self.len() {
            return index;
        }
        index.checked_rem(self.len()).unwrap_or_default()
    }

    pub(super) fn choose<S>(&self, selector: &S, request: &RequestContext<'_>) -> Choice
    where
        S: NodeSelector + ?Sized,
    {
        let (index, query) = selector.select_with_query(self, request);
        let member = self.member(index);
        Choice { member, query }
    }

    /// Returns the index among the members of the candidate at an index of a selector.
    fn member(&self, index: usize) -> u32 {
        let member = self.indexes.get(self.wrapped(index));
        member.copied().unwrap_or_default()
    }

    /// Returns the index of the candidate that is this member.
    #[inline]
    fn index_of(&self, member: u32) -> Option<usize> {
        // As long as all nodes are candidates, both indexes are the same.
        if self.indexes.get(member as usize) == Some(&member) {
            return Some(member as usize);
        }
        self.indexes.binary_search(&member).ok()
    }

    /// Returns the share of its requests that a member gets in a slow start of this time.
    pub(super) fn slow_start_share(&self, member: u32, time: Duration) -> f64 {
        let clock = self.members.clock(self.now);
        self.members
            .get(member)
            .map_or(1.0, |entry| entry.record.slow_start.share(clock, time))
    }

    /// Returns the indexes among the members, ascending.
    pub(super) fn indexes(&self) -> &'a [u32] {
        self.indexes
    }

    /// Returns a number that differs when the candidates differ; `None` if
    /// they were put together for one request.
    fn version(&self) -> Option<u64> {
        (self.version != 0).then_some(self.version)
    }

    fn candidate(&self, entry: &'a Entry) -> Candidate<'a> {
        Candidate {
            entry,
            created_at: self.members.created_at,
            now: self.now,
        }
    }
}

impl<'a> Candidate<'a> {
    /// Returns the node: its address, and the facts from sniffing.
    pub fn node(&self) -> &'a Node {
        &self.entry.node
    }

    /// Returns the number of attempts in flight at the node. It is always 0 if the
    /// selector does not track the load ([`NodeSelector::tracks_load`]).
    pub fn in_flight(&self) -> usize {
        self.entry.record.load.in_flight()
    }

    /// Returns the recent latency of the node as a peak EWMA: a higher latency counts
    /// at once, and decays over 10 s. `None` before the first response, or if the
    /// selector does not track the load.
    pub fn latency(&self) -> Option<Duration> {
        let clock = self.now.saturating_duration_since(self.created_at);
        self.entry.record.load.latency(clock)
    }

    /// Returns for how long the node has not responded although requests are in flight.
    ///
    /// Each time that this time has doubled, it is 0 until another request has been sent to the
    /// node and has taken longer than the last [latency](Self::latency), so that a node which
    /// responds again, or is busy with a single long request, is used again.
    pub fn silence(&self) -> Duration {
        let clock = self.now.saturating_duration_since(self.created_at);
        self.entry.record.load.silence(clock)
    }

    /// Whether a slow start of this time is over, or there is none.
    pub(super) fn is_warm(&self, time: Duration) -> bool {
        let clock = self.now.saturating_duration_since(self.created_at);
        self.entry.record.slow_start.is_over(clock, time)
    }

    /// Returns a hash of the node's URL that is the same in every process.
    pub(super) fn hash(&self) -> u64 {
        self.entry.hash
    }
}

/// A possibly empty subset of the candidates, created by [`Candidates::narrow`] or a
/// [`SubsetCache`].
#[derive(Debug)]
pub struct Subset<'a> {
    of: Candidates<'a>,
    indexes: SubsetIndexes,
}

#[derive(Debug)]
enum SubsetIndexes {
    Own(Indexes),
    /// Never `None`.
    Cached(Guard<Option<Arc<CachedSubset>>>),
}

impl Subset<'_> {
    /// Returns the number of candidates in the subset.
    pub fn len(&self) -> usize {
        self.indexes().len()
    }

    /// Whether no candidate is in the subset.
    pub fn is_empty(&self) -> bool {
        self.indexes().is_empty()
    }

    /// Returns the subset as candidates, whose indexes refer to the subset; `None` if
    /// it is empty.
    pub fn candidates(&self) -> Option<Candidates<'_>> {
        let indexes = self.indexes();
        let version = match &self.indexes {
            SubsetIndexes::Own(_) => 0,
            SubsetIndexes::Cached(cached) => cached.as_ref().map_or(0, |cached| cached.version),
        };
        (!indexes.is_empty()).then_some(Candidates {
            indexes,
            version,
            ..self.of
        })
    }

    /// Lets `selector` choose from the subset, and returns the index of its choice
    /// among the original candidates; `None` if the subset is empty.
    ///
    /// It does not call [`NodeSelector::eligible`]: a selector that wraps another one
    /// forwards that method.
    pub fn select<S>(&self, selector: &S, request: &RequestContext<'_>) -> Option<usize>
    where
        S: NodeSelector + ?Sized,
    {
        let subset = self.candidates()?;
        let chosen = selector.select(&subset, request);
        self.of.index_of(subset.member(chosen))
    }

    fn indexes(&self) -> &[u32] {
        match &self.indexes {
            SubsetIndexes::Own(indexes) => indexes,
            SubsetIndexes::Cached(cached) => cached.as_ref().map_or(&[], |cached| &cached.indexes),
        }
    }
}

/// A cache of a subset that depends only on the nodes. The subset is computed once per
/// change of the pool, so that the cost of a choice does not depend on the number of
/// nodes.
///
/// Use one cache for each condition.
///
/// ```
/// use es_transport::node::{Candidates, LeastInFlight, NodeSelector, RequestContext, SubsetCache};
///
/// /// Prefers nodes that run ingest pipelines.
/// #[derive(Default)]
/// struct PreferIngest(SubsetCache);
///
/// impl NodeSelector for PreferIngest {
///     fn select(&self, nodes: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
///         self.0
///             .narrow(nodes, |node| node.facts().roles.iter().any(|role| &**role == "ingest"))
///             .select(&LeastInFlight, request)
///             .unwrap_or_else(|| nodes.least_in_flight())
///     }
/// }
/// ```
#[derive(Debug, Default)]
pub struct SubsetCache(ArcSwapOption<CachedSubset>);

#[derive(Debug)]
struct CachedSubset {
    /// The version of the candidates that were narrowed.
    of: u64,
    version: u64,
    indexes: Box<[u32]>,
}

impl SubsetCache {
    /// Narrows the choice to the nodes for which `keep` returns `true`.
    pub fn narrow<'a>(
        &self,
        candidates: &Candidates<'a>,
        keep: impl Fn(&Node) -> bool,
    ) -> Subset<'a> {
        let narrow = || candidates.narrow(|candidate| keep(candidate.node()));
        let Some(of) = candidates.version() else {
            return narrow();
        };
        let mut cached = self.0.load();
        if cached.as_ref().is_none_or(|cached| cached.of != of) {
            let narrowed = Arc::new(CachedSubset {
                of,
                version: new_version(),
                indexes: narrow().indexes().into(),
            });
            self.0.store(Some(Arc::clone(&narrowed)));
            cached = Guard::from_inner(Some(narrowed));
        }
        Subset {
            of: *candidates,
            indexes: SubsetIndexes::Cached(cached),
        }
    }
}

pub(super) fn is_tried(node: &Node, tried: &[Arc<str>]) -> bool {
    tried.iter().any(|url| **url == *node.url())
}
