//! Shard-aware node selection: sends requests for a document, or for an index whose shards
//! lie on few nodes, to a node that holds them.
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
//! | search and count of an index with several shards | the nodes that hold copies of at least half of the shards |
//! | requests with a [`RoutingKey`] or [`HolderNodes`] | the copies of the shard, or these nodes |
//! | everything else | not narrowed |
//!
//! `preference=_local` is added to reads without a preference if the shard has several copies,
//! so that the node does not forward them to another copy. To a search of several shards that
//! are not all on each of the nodes, it is added while all of these nodes respond: for the shards
//! of other nodes, it has the node choose a copy without regard to how their nodes respond.
//!
//! If fewer nodes hold at least half of the shards of an index than a shard has copies, its
//! searches are not narrowed: these nodes would do the work of all copies.
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
    node::{
        AttemptEnd, Candidates, Node, NodeSelector, PeakEwma, RequestContext, shards::Locality,
    },
    transport::WeakTransport,
};

pub use self::target::{Access, HolderNodes, RoutingKey};

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

    /// Selects a node that holds the shard of a request; `None` if none is known.
    fn select_holder(
        &self,
        nodes: &Candidates<'_>,
        request: &RequestContext<'_>,
    ) -> Option<(usize, Option<&'static str>)> {
        let (chosen, is_local) = if let Some(holders) = request.extension::<HolderNodes>() {
            self.map.check_if_due(request.now());
            let ids = holders.ids().iter().map(|id| &**id);
            (nodes.with_ids(ids).select(&self.inner, request)?, true)
        } else {
            let target = Target::of(request);
            let target = target.as_ref()?;
            self.map.with(target.index, request.now(), |index| {
                let holders = index.holders(target)?;
                let chosen = nodes.select_holder(holders.nodes, &self.inner, request)?;
                let is_local = match holders.locality {
                    Locality::Never => false,
                    Locality::WhileAllRespond => nodes.all_respond(holders.nodes),
                    Locality::Always => true,
                };
                Some((chosen, is_local))
            })?
        };
        if is_local && Target::takes_preference(request) {
            return Some((chosen, Some(LOCAL)));
        }
        let node = nodes.get(chosen)?;
        Some((chosen, self.inner.query_for(node.node(), request)))
    }

    /// Whether the node holds everything that a read needs, and others may do so too; `None` if
    /// that is not known.
    fn is_local(&self, node: &Node, request: &RequestContext<'_>) -> Option<bool> {
        let own = node.facts().id.as_deref()?;
        if let Some(holders) = request.extension::<HolderNodes>() {
            return Some(holders.ids().iter().any(|id| **id == *own));
        }
        let target = Target::of(request)?;
        self.map.with(target.index, request.now(), |index| {
            let holders = index.holders(&target)?;
            let is_holder = holders.nodes.iter().any(|holder| *holder.id == *own);
            Some(is_holder && holders.locality == Locality::Always)
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
        let (chosen, _) = self.select_with_query(nodes, request);
        chosen
    }

    fn select_with_query(
        &self,
        nodes: &Candidates<'_>,
        request: &RequestContext<'_>,
    ) -> (usize, Option<&'static str>) {
        let chosen = self.select_holder(nodes, request);
        chosen.unwrap_or_else(|| self.inner.select_with_query(nodes, request))
    }

    fn query_for(&self, node: &Node, request: &RequestContext<'_>) -> Option<&'static str> {
        if self.is_local(node, request) == Some(true) && Target::takes_preference(request) {
            return Some(LOCAL);
        }
        self.inner.query_for(node, request)
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

    fn write_node(&self, index: &str, id: Option<&str>, routing: Option<&str>) -> Option<Arc<str>> {
        let target = Target::new(index, id, routing, Access::Write);
        self.map.with_known(index, |index| {
            let primary = index.holders(&target)?.nodes.first()?;
            Some(Arc::clone(&primary.id))
        })
    }

    fn read_nodes(&self, index: &str, id: Option<&str>, routing: Option<&str>) -> Vec<Arc<str>> {
        let target = Target::new(index, id, routing, Access::Read);
        let ids = self.map.with_known(index, |index| {
            let holders = index.holders(&target).filter(|holders| holders.hold_all)?;
            let ids = holders.nodes.iter().map(|holder| Arc::clone(&holder.id));
            let mut ids: Vec<_> = ids.collect();
            ids.sort_unstable();
            Some(ids)
        });
        ids.unwrap_or_default()
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
            .field("indices", &self.map.known.load().indices.len())
            .finish_non_exhaustive()
    }
}
