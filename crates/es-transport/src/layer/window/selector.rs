use std::{fmt, sync::Arc, time::Duration};

use super::{permit::Permit, windows::Windows};
use crate::{
    node::{AttemptEnd, Candidates, Node, NodeSelector, RequestContext},
    transport::WeakTransport,
};

/// A selector that lets another one choose among the nodes whose window is not full, or
/// among all nodes if every window is full. Created by
/// [`WindowLayer::selector`](super::WindowLayer::selector).
pub struct WindowSelector<S> {
    inner: S,
    /// `None`: no effect.
    windows: Option<Arc<Windows>>,
}

impl<S> WindowSelector<S> {
    pub(super) fn new(inner: S, windows: Option<Arc<Windows>>) -> Self {
        Self { inner, windows }
    }
}

impl<S: NodeSelector> WindowSelector<S> {
    /// Lets `choose` choose from all candidates, and if its node is busy, from those that are
    /// not. Its cost does not depend on the number of nodes unless some are busy.
    fn choose<T>(
        &self,
        candidates: &Candidates<'_>,
        request: &RequestContext<'_>,
        choose: impl Fn(&Candidates<'_>) -> (usize, T),
    ) -> (usize, T) {
        let first = choose(candidates);
        let permit = request.extension::<Arc<Permit>>();
        let (Some(windows), Some(permit)) = (&self.windows, permit) else {
            return first;
        };
        let chosen = candidates.get(candidates.wrapped(first.0));
        if chosen.is_none_or(|chosen| !windows.is_busy(permit.demand, chosen.node())) {
            return first;
        }
        let narrowed = windows.narrow(permit.demand, candidates);
        let Some(subset) = narrowed.candidates() else {
            return first;
        };
        let (index, query) = choose(&subset);
        let chosen = subset.get(subset.wrapped(index));
        let index = chosen
            .and_then(|chosen| candidates.position(|candidate| candidate.node() == chosen.node()));
        index.map_or(first, |index| (index, query))
    }
}

impl<S: NodeSelector> NodeSelector for WindowSelector<S> {
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        let choose = |nodes: &Candidates<'_>| (self.inner.select(nodes, request), ());
        self.choose(candidates, request, choose).0
    }

    fn select_with_query(
        &self,
        candidates: &Candidates<'_>,
        request: &RequestContext<'_>,
    ) -> (usize, Option<&'static str>) {
        let choose = |nodes: &Candidates<'_>| self.inner.select_with_query(nodes, request);
        self.choose(candidates, request, choose)
    }

    fn eligible(&self, node: &Node, request: &RequestContext<'_>) -> bool {
        self.inner.eligible(node, request)
    }

    fn is_constrained(&self, request: &RequestContext<'_>) -> bool {
        self.inner.is_constrained(request)
    }

    fn tracks_load(&self) -> bool {
        self.windows.is_some() || self.inner.tracks_load()
    }

    fn query_for(&self, node: &Node, request: &RequestContext<'_>) -> Option<&'static str> {
        self.inner.query_for(node, request)
    }

    fn write_node(&self, index: &str, id: Option<&str>, routing: Option<&str>) -> Option<Arc<str>> {
        self.inner.write_node(index, id, routing)
    }

    fn read_nodes(&self, index: &str, id: Option<&str>, routing: Option<&str>) -> Vec<Arc<str>> {
        self.inner.read_nodes(index, id, routing)
    }

    fn knows_shards(&self) -> bool {
        self.inner.knows_shards()
    }

    fn attached(&self, transport: &WeakTransport) {
        self.inner.attached(transport);
    }

    fn attempt_started(&self, node: &Node, request: &RequestContext<'_>) {
        if let Some(permit) = request.extension::<Arc<Permit>>() {
            permit.begin(node);
        }
        self.inner.attempt_started(node, request);
    }

    fn attempt_ended(&self, node: &Node, end: &AttemptEnd<'_>, latency: Duration) {
        self.inner.attempt_ended(node, end, latency);
    }
}

impl<S: fmt::Debug> fmt::Debug for WindowSelector<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowSelector")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
