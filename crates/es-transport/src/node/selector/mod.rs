//! Node selection: the trait [`NodeSelector`], and the built-in selectors.
//!
//! | selector | chooses | reads the load |
//! |---|---|---|
//! | [`RoundRobin`] (default) | each node in turn | no |
//! | [`Random`] | a random node | no |
//! | [`LeastInFlight`] | the one with the fewest requests in flight | yes |
//! | [`PeakEwma`] | the better of two random nodes, by latency and load | yes |
//! | [`Sticky`] | the same node again, or a node by the request's hint | no |
//! | [`PreferAttribute`] | nodes with an attribute such as a zone, or else all nodes | like its inner selector |
//!
//! A closure is a selector as well; with [`selector_fn`], the types of its arguments
//! are inferred:
//!
//! ```
//! use es_transport::{Node, NodePool, node::{RequestContext, selector_fn}};
//!
//! let nodes = ["http://a:9200", "http://b:9200"].map(|url| url.parse::<Node>().unwrap());
//! let pool = NodePool::new(nodes)?;
//! let searches_to_b = selector_fn(|nodes, request| {
//!     if request.path().ends_with("/_search") {
//!         nodes.position(|candidate| candidate.node().host() == "b").unwrap_or(0)
//!     } else {
//!         nodes.least_in_flight()
//!     }
//! });
//! let request = RequestContext::new(&http::Method::GET, "/products/_search");
//! assert_eq!(pool.select(&searches_to_b, &request)?.node().host(), "b");
//! # Ok::<(), es_transport::Error>(())
//! ```

mod context;
mod prefer_attribute;
mod round_robin;
mod stateless;
mod sticky;

use std::{sync::Arc, time::Duration};

use http::StatusCode;

use super::{Candidates, Node};
use crate::{error::Error, transport::WeakTransport};

pub use self::{
    context::RequestContext,
    prefer_attribute::PreferAttribute,
    round_robin::RoundRobin,
    stateless::{LeastInFlight, PeakEwma, Random},
    sticky::Sticky,
};

/// Chooses a node for every attempt.
///
/// It chooses among live nodes; the pool determines which nodes are live. Any closure
/// `Fn(&Candidates<'_>, &RequestContext<'_>) -> usize` is a selector, and so are
/// `Arc<S>` and `Box<dyn NodeSelector>`.
///
/// ```
/// use es_transport::{Node, node::{Candidates, NodeSelector, RequestContext}};
///
/// /// Writes may go to data nodes only; everything prefers the node with the least to do.
/// struct WritesToData;
///
/// impl NodeSelector for WritesToData {
///     fn eligible(&self, node: &Node, request: &RequestContext<'_>) -> bool {
///         request.method().is_safe()
///             || node.facts().roles.iter().any(|role| role.starts_with("data"))
///     }
///
///     fn select(&self, nodes: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
///         nodes.least_in_flight()
///     }
/// }
/// ```
///
/// A selector that wraps another one forwards all other methods to it, except
/// [`select_with_query`](Self::select_with_query).
pub trait NodeSelector: Send + Sync + 'static {
    /// Returns the index of the chosen candidate. An index that is too large is reduced
    /// modulo the number of candidates.
    ///
    /// All candidates are [eligible](Self::eligible).
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize;

    /// Whether the request may be sent to the node. Default: `true`.
    ///
    /// This is a hard constraint: no attempt, retry or probe is sent to a node that is
    /// not eligible. If no node of the pool is eligible, the request fails with
    /// [`is_no_nodes`](crate::Error::is_no_nodes).
    ///
    /// ```
    /// use es_transport::{Node, NodePool, node::{Candidates, NodeSelector, RequestContext}};
    ///
    /// struct ReadOnly;
    ///
    /// impl NodeSelector for ReadOnly {
    ///     fn eligible(&self, _: &Node, request: &RequestContext<'_>) -> bool {
    ///         request.method().is_safe()
    ///     }
    /// #   fn select(&self, _: &Candidates<'_>, _: &RequestContext<'_>) -> usize { 0 }
    /// }
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
    /// let write = RequestContext::new(&http::Method::POST, "/books/_doc");
    /// assert!(pool.select(&ReadOnly, &write).unwrap_err().is_no_nodes());
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    fn eligible(&self, node: &Node, request: &RequestContext<'_>) -> bool {
        let _ = (node, request);
        true
    }

    /// Whether [`eligible`](Self::eligible) can exclude a node from this
    /// request. Default: `true`.
    ///
    /// If `false`, `eligible` is not called, so that the cost of a choice does not
    /// depend on the number of nodes.
    fn is_constrained(&self, request: &RequestContext<'_>) -> bool {
        let _ = request;
        true
    }

    /// Whether the selector uses requests in flight or latencies, or is notified of
    /// attempts. Default: `true`.
    ///
    /// `false` saves the contended writes at the start and the end of each attempt.
    fn tracks_load(&self) -> bool {
        true
    }

    /// Returns a parameter that is added to the query of a request to the
    /// selected node, such as `preference=_local`. Default: none.
    ///
    /// ```
    /// use es_transport::{Node, NodePool, layer::SelectNodeLayer};
    /// use es_transport::node::{Candidates, NodeSelector, RequestContext};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// struct Local;
    /// impl NodeSelector for Local {
    ///     fn query_for(&self, _: &Node, _: &RequestContext<'_>) -> Option<&'static str> {
    ///         Some("preference=_local")
    ///     }
    /// #   fn select(&self, _: &Candidates<'_>, _: &RequestContext<'_>) -> usize { 0 }
    /// }
    /// # tokio_test::block_on(async {
    /// # let pool = NodePool::new(["http://a:9200".parse::<Node>().unwrap()]).unwrap();
    /// let service = SelectNodeLayer::new(pool, Local).layer(service_fn(async |sent: Request<()>| {
    ///     assert_eq!(sent.uri(), "http://a:9200/_search?preference=_local");
    ///     Ok::<_, http::Error>(Response::new(String::new()))
    /// }));
    /// assert!(service.oneshot(Request::get("/_search").body(()).unwrap()).await.is_ok());
    /// # });
    /// ```
    fn query_for(&self, node: &Node, request: &RequestContext<'_>) -> Option<&'static str> {
        let _ = (node, request);
        None
    }

    /// Selects a node as [`select`](Self::select) does, and returns the parameter of
    /// [`query_for`](Self::query_for) with its index. Default: calls both.
    ///
    /// Selectors that find both in one step override it. A selector that narrows the choice of
    /// another one calls this method of it with the narrowed candidates.
    fn select_with_query(
        &self,
        candidates: &Candidates<'_>,
        request: &RequestContext<'_>,
    ) -> (usize, Option<&'static str>) {
        let index = self.select(candidates, request);
        let chosen = candidates.get(candidates.wrapped(index));
        let query = chosen.and_then(|chosen| self.query_for(chosen.node(), request));
        (index, query)
    }

    /// Returns the ID of the node that a write of this document goes to, if the
    /// selector knows it. Default: `None`.
    ///
    /// Callers that send many documents in one request may group them by it
    /// ([`Transport::write_node`](crate::Transport::write_node)).
    fn write_node(&self, index: &str, id: Option<&str>, routing: Option<&str>) -> Option<Arc<str>> {
        let _ = (index, id, routing);
        None
    }

    /// Returns the IDs of the nodes that hold this document, if the selector knows them, in
    /// ascending order. Without an ID, they hold all documents of the routing value, or of the
    /// index. Default: none.
    fn read_nodes(&self, index: &str, id: Option<&str>, routing: Option<&str>) -> Vec<Arc<str>> {
        let _ = (index, id, routing);
        Vec::new()
    }

    /// Whether [`write_node`](Self::write_node) and [`read_nodes`](Self::read_nodes) may
    /// return nodes. Default: `false`.
    fn knows_shards(&self) -> bool {
        false
    }

    /// Called once by the builder with the transport that uses the selector, for
    /// selectors that send requests to the cluster.
    fn attached(&self, transport: &WeakTransport) {
        let _ = transport;
    }

    /// Called when an attempt at a node starts, if [`tracks_load`](Self::tracks_load)
    /// returns `true`.
    fn attempt_started(&self, node: &Node, request: &RequestContext<'_>) {
        let _ = (node, request);
    }

    /// Called exactly once for each started attempt, when it has ended.
    ///
    /// `latency` is the time from its start to the end of its response.
    fn attempt_ended(&self, node: &Node, end: &AttemptEnd<'_>, latency: Duration) {
        let _ = (node, end, latency);
    }
}

/// The end of an attempt, as it is reported to the selector.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum AttemptEnd<'a> {
    /// A response of this status, read to its end.
    Status(StatusCode),
    /// An error.
    Failed(&'a Error),
    /// The caller dropped the request or the response.
    Dropped,
}

/// Returns the closure unchanged, with the types of its arguments inferred.
///
/// ```
/// use es_transport::{Transport, node::selector_fn};
///
/// let transport = Transport::builder()
///     .nodes(["http://a:9200", "http://b:9200"])
///     .node_selector(selector_fn(|nodes, request| request.path().len() % nodes.len()))
///     .build()?;
/// # Ok::<(), es_transport::Error>(())
/// ```
pub fn selector_fn<F>(select: F) -> F
where
    F: Fn(&Candidates<'_>, &RequestContext<'_>) -> usize + Send + Sync + 'static,
{
    select
}

impl<F> NodeSelector for F
where
    F: Fn(&Candidates<'_>, &RequestContext<'_>) -> usize + Send + Sync + 'static,
{
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        self(candidates, request)
    }

    fn is_constrained(&self, _: &RequestContext<'_>) -> bool {
        false
    }
}

/// Implements all methods but `select`, `select_with_query` and `tracks_load` by those of another
/// selector.
macro_rules! forward {
    ($this:ident, $inner:expr) => {
        fn eligible(&$this, node: &Node, request: &RequestContext<'_>) -> bool {
            $inner.eligible(node, request)
        }

        fn is_constrained(&$this, request: &RequestContext<'_>) -> bool {
            $inner.is_constrained(request)
        }

        fn query_for(&$this, node: &Node, request: &RequestContext<'_>) -> Option<&'static str> {
            $inner.query_for(node, request)
        }

        fn write_node(
            &$this,
            index: &str,
            id: Option<&str>,
            routing: Option<&str>,
        ) -> Option<Arc<str>> {
            $inner.write_node(index, id, routing)
        }

        fn read_nodes(
            &$this,
            index: &str,
            id: Option<&str>,
            routing: Option<&str>,
        ) -> Vec<Arc<str>> {
            $inner.read_nodes(index, id, routing)
        }

        fn knows_shards(&$this) -> bool {
            $inner.knows_shards()
        }

        fn attached(&$this, transport: &WeakTransport) {
            $inner.attached(transport);
        }

        fn attempt_started(&$this, node: &Node, request: &RequestContext<'_>) {
            $inner.attempt_started(node, request);
        }

        fn attempt_ended(&$this, node: &Node, end: &AttemptEnd<'_>, latency: Duration) {
            $inner.attempt_ended(node, end, latency);
        }
    };
}
pub(super) use forward;

impl<S: NodeSelector + ?Sized> NodeSelector for Arc<S> {
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        (**self).select(candidates, request)
    }

    fn select_with_query(
        &self,
        candidates: &Candidates<'_>,
        request: &RequestContext<'_>,
    ) -> (usize, Option<&'static str>) {
        (**self).select_with_query(candidates, request)
    }

    fn tracks_load(&self) -> bool {
        (**self).tracks_load()
    }

    forward!(self, (**self));
}

impl NodeSelector for Box<dyn NodeSelector> {
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        (**self).select(candidates, request)
    }

    fn select_with_query(
        &self,
        candidates: &Candidates<'_>,
        request: &RequestContext<'_>,
    ) -> (usize, Option<&'static str>) {
        (**self).select_with_query(candidates, request)
    }

    fn tracks_load(&self) -> bool {
        (**self).tracks_load()
    }

    forward!(self, (**self));
}
