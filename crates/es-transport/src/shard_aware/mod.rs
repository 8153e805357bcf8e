//! Shard-aware node selection: sends requests for a document, or for an index with one
//! shard, to a node that holds the shard.
//!
//! A node that receives a request for a shard on another node forwards it. The
//! [`ShardAware`] selector avoids this: it narrows the choice to the nodes that hold
//! the shard (for writes, its primary), and lets another selector choose among them:
//!
//! | request | narrowed to |
//! |---|---|
//! | get, exists, get source, explain, term vectors of a document | the copies of its shard |
//! | index, create, update, delete a document | the primary of its shard |
//! | search and count with one routing value | the copies of its shard |
//! | search, count, multi-get, term vectors, bulk, index without an id, on an index with one shard | the copies, or the primary |
//! | requests with a [`RoutingKey`] | the nodes of the key |
//! | everything else | not narrowed |
//!
//! `preference=_local` is added to reads without a preference, so that the node does
//! not forward them to another copy.
//!
//! The map of an index is fetched in the background when the index is first used, and
//! verified against the server before it is used. While the index is in use, a
//! background request checks the UUID of the cluster state every five seconds, and the
//! map is fetched again if it has changed. A request never waits for the map. If the
//! map is outdated, the server forwards the request as usual. If the map cannot be
//! fetched (this requires the privileges `monitor` on the cluster and
//! `view_index_metadata` on the index), or if the name is not that of an open index,
//! such as an alias of several indices, the inner selector chooses among all nodes, and
//! an [`Event::ShardsUnknown`](crate::events::Event::ShardsUnknown) is reported.
//!
//! An alias of one index is resolved, including its routing. Writes to a data stream
//! use its newest backing index; reads are narrowed only if it has a single one.

mod fetch;
mod map;
mod target;

use std::{fmt, sync::Arc, time::Duration};

use self::{map::ShardMap, target::Target};
use crate::{
    node::{AttemptEnd, Candidates, Node, NodeSelector, PeakEwma, RequestContext},
    transport::WeakTransport,
};

pub use self::target::{Access, RoutingKey};

/// Keeps a read on the node that receives it.
const LOCAL: &str = "preference=_local";

/// A selector that prefers the nodes that hold the shard of a request; see the
/// [module](self).
///
/// It needs the IDs of the nodes, which are found by sniffing.
///
/// ```
/// use es_transport::{Transport, node::LeastInFlight, shard_aware::ShardAware};
///
/// let transport = Transport::builder()
///     .nodes(["http://a:9200", "http://b:9200"])
///     .sniff_on_start(true)
///     .node_selector(ShardAware::new(LeastInFlight))
///     .build()?;
/// # Ok::<(), es_transport::Error>(())
/// ```
pub struct ShardAware<S = PeakEwma> {
    inner: S,
    map: Arc<ShardMap>,
}

impl<S: NodeSelector> ShardAware<S> {
    /// Creates a selector that lets `inner` choose among the nodes that hold the shard of a
    /// request.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            map: Arc::default(),
        }
    }

    fn narrow(&self, nodes: &Candidates<'_>, request: &RequestContext<'_>) -> Option<usize> {
        let target = Target::of(request)?;
        if let Some(ids) = target.nodes {
            self.map.check_if_due(request.now());
            let ids = ids.iter().map(|id| &**id);
            return nodes.with_ids(ids).select(&self.inner, request);
        }
        self.map.with(&target.index, request.now(), |index| {
            let shard = index.shard(&target)?;
            let holders = match target.access {
                Access::Read => shard.readers(nodes),
                Access::Write => shard.writers(nodes),
            };
            holders.select(&self.inner, request)
        })
    }
}

impl Default for ShardAware {
    /// Over [`PeakEwma`].
    fn default() -> Self {
        Self::new(PeakEwma::default())
    }
}

impl<S: NodeSelector> NodeSelector for ShardAware<S> {
    fn select(&self, nodes: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        let chosen = self.narrow(nodes, request);
        chosen.unwrap_or_else(|| self.inner.select(nodes, request))
    }

    fn eligible(&self, node: &Node, request: &RequestContext<'_>) -> bool {
        self.inner.eligible(node, request)
    }

    fn is_constrained(&self, request: &RequestContext<'_>) -> bool {
        self.inner.is_constrained(request)
    }

    fn tracks_load(&self) -> bool {
        self.inner.tracks_load()
    }

    fn query_for(&self, node: &Node, request: &RequestContext<'_>) -> Option<&'static str> {
        let target = Target::of(request)?;
        if !target.takes_preference(request) {
            return self.inner.query_for(node, request);
        }
        let own = node.facts().id.as_deref()?;
        if let Some(ids) = target.nodes {
            return ids.iter().any(|id| **id == *own).then_some(LOCAL);
        }
        self.map.with(&target.index, request.now(), |index| {
            let is_holder = index.shard(&target)?.started.iter().any(|id| **id == *own);
            is_holder.then_some(LOCAL)
        })
    }

    fn write_node(&self, index: &str, id: Option<&str>, routing: Option<&str>) -> Option<Arc<str>> {
        let target = Target::new(index, id, routing, Access::Write)?;
        self.map
            .with_known(index, |index| index.shard(&target)?.primary.clone())
    }

    fn read_nodes(&self, index: &str, id: Option<&str>, routing: Option<&str>) -> Vec<Arc<str>> {
        let holders = Target::new(index, id, routing, Access::Read).and_then(|target| {
            self.map.with_known(index, |index| {
                let mut holders = index.shard(&target)?.started.to_vec();
                holders.sort_unstable();
                Some(holders)
            })
        });
        holders.unwrap_or_default()
    }

    fn knows_shards(&self) -> bool {
        true
    }

    fn attached(&self, transport: &WeakTransport) {
        // The map is that of the first transport that uses the selector.
        let _ = self.map.transport.set(transport.clone());
        self.inner.attached(transport);
    }

    fn attempt_started(&self, node: &Node, request: &RequestContext<'_>) {
        self.inner.attempt_started(node, request);
    }

    fn attempt_ended(&self, node: &Node, end: &AttemptEnd<'_>, latency: Duration) {
        self.inner.attempt_ended(node, end, latency);
    }
}

impl<S> fmt::Debug for ShardAware<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardAware")
            .field("indices", &self.map.indices.load().len())
            .finish_non_exhaustive()
    }
}
