//! Nodes with an attribute first.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;

use super::{AttemptEnd, NodeSelector, RequestContext, RoundRobin};
use crate::node::{Candidates, Node};

/// Chooses among the nodes with an attribute, such as those of the own zone,
/// and spills over to all nodes when too few of them live or when the chosen
/// one has too much to do.
///
/// The attributes are those that sniffing told (`node.attr.*`) or that were
/// set by [`Node::with_attribute`].
///
/// ```
/// use es_transport::node::{LeastInFlight, PreferAttribute};
///
/// let selector = PreferAttribute::new("zone", "eu-west-1a")
///     .at_least(2)
///     .at_most_in_flight(64)
///     .choosing_by(LeastInFlight);
/// ```
#[derive(Debug)]
pub struct PreferAttribute<S = RoundRobin> {
    name: Box<str>,
    value: Box<str>,
    at_least: usize,
    at_most_in_flight: Option<usize>,
    inner: S,
    /// The preferred nodes of the newest snapshot.
    preferred: ArcSwapOption<Preferred>,
}

#[derive(Debug)]
struct Preferred {
    version: Option<u64>,
    /// Their indexes among the candidates.
    places: Vec<usize>,
    /// Their indexes among the pool's members.
    members: Vec<u32>,
}

impl PreferAttribute {
    /// Prefers the nodes whose attribute `name` has this value, one after the other.
    pub fn new(name: &str, value: &str) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            at_least: 1,
            at_most_in_flight: None,
            inner: RoundRobin::default(),
            preferred: ArcSwapOption::empty(),
        }
    }
}

impl<S> PreferAttribute<S> {
    /// All nodes are chosen from when fewer preferred ones are left than this. Default: 1.
    #[must_use]
    pub fn at_least(mut self, nodes: usize) -> Self {
        self.at_least = nodes;
        self
    }

    /// All nodes are chosen from when the chosen preferred one has that many
    /// requests in flight. Default: never.
    #[must_use]
    pub fn at_most_in_flight(mut self, requests: usize) -> Self {
        self.at_most_in_flight = Some(requests);
        self
    }

    /// Chooses by this selector, among the preferred nodes as among all.
    #[must_use]
    pub fn choosing_by<T: NodeSelector>(self, inner: T) -> PreferAttribute<T> {
        PreferAttribute {
            name: self.name,
            value: self.value,
            at_least: self.at_least,
            at_most_in_flight: self.at_most_in_flight,
            inner,
            preferred: self.preferred,
        }
    }

    fn find(&self, candidates: &Candidates<'_>) -> Arc<Preferred> {
        let is_preferred =
            |node: &Node| node.attribute(&self.name).is_some_and(|value| *value == *self.value);
        let found = candidates.iter().zip(candidates.live()).enumerate();
        let (places, members) = found
            .filter(|(_, (candidate, _))| is_preferred(candidate.node()))
            .map(|(place, (_, member))| (place, *member))
            .unzip();
        Arc::new(Preferred { version: candidates.version(), places, members })
    }

    fn preferred(&self, candidates: &Candidates<'_>) -> Arc<Preferred> {
        let version = candidates.version();
        let known = self.preferred.load();
        if let Some(known) =
            known.as_ref().filter(|known| version.is_some() && known.version == version)
        {
            return Arc::clone(known);
        }
        let found = self.find(candidates);
        if version.is_some() {
            self.preferred.store(Some(Arc::clone(&found)));
        }
        found
    }
}

impl<S: NodeSelector> NodeSelector for PreferAttribute<S> {
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        let preferred = self.preferred(candidates);
        if preferred.places.len() < self.at_least.max(1) {
            return self.inner.select(candidates, request);
        }
        let narrowed = candidates.narrowed(&preferred.members);
        let chosen = self.inner.select(&narrowed, request) % narrowed.len();
        let in_flight = narrowed.get(chosen).map_or(0, |candidate| candidate.in_flight());
        if self.at_most_in_flight.is_some_and(|most| in_flight >= most) {
            return self.inner.select(candidates, request);
        }
        preferred.places.get(chosen).copied().unwrap_or_default()
    }

    fn tracks_load(&self) -> bool {
        self.at_most_in_flight.is_some() || self.inner.tracks_load()
    }

    fn attempt_started(&self, node: &Node, request: &RequestContext<'_>) {
        self.inner.attempt_started(node, request);
    }

    fn attempt_ended(&self, node: &Node, end: &AttemptEnd<'_>, latency: Duration) {
        self.inner.attempt_ended(node, end, latency);
    }
}
