use std::{fmt, sync::Arc, time::Duration};

use super::{place::Place, windows::Windows};
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

impl<S: NodeSelector> NodeSelector for WindowSelector<S> {
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        let Some(windows) = &self.windows else {
            return self.inner.select(candidates, request);
        };
        let demand = match request.extension::<Arc<Place>>() {
            Some(place) => place.demand,
            None => return self.inner.select(candidates, request),
        };
        let with_room = windows.with_room(demand, |has_room| {
            candidates.narrow(|candidate| has_room(candidate.node().url()))
        });
        if with_room.len() == candidates.len() {
            return self.inner.select(candidates, request);
        }
        let chosen = with_room.select(&self.inner, request);
        chosen.unwrap_or_else(|| self.inner.select(candidates, request))
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
        if let Some(place) = request.extension::<Arc<Place>>() {
            place.begin(node);
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
