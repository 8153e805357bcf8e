//! A selector that prefers nodes with an attribute.

use std::{sync::Arc, time::Duration};

use super::{AttemptEnd, NodeSelector, RequestContext, RoundRobin, forward};
use crate::{
    node::{Candidates, Node, SubsetCache},
    transport::WeakTransport,
};

/// A selector that prefers nodes with an attribute, such as those in the same zone, and
/// falls back to all nodes if too few of them are live or if the chosen one is too
/// busy.
///
/// The attributes come from sniffing (`node.attr.*`) or from [`Node::with_attribute`].
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
    preferred: SubsetCache,
}

impl PreferAttribute {
    /// Creates a selector that prefers the nodes whose attribute `name` has this value, and
    /// uses them in turn.
    pub fn new(name: &str, value: &str) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            at_least: 1,
            at_most_in_flight: None,
            inner: RoundRobin::default(),
            preferred: SubsetCache::default(),
        }
    }
}

impl<S> PreferAttribute<S> {
    /// Sets the minimum number of live preferred nodes; with fewer, all nodes are used.
    /// Default: 1.
    ///
    /// ```
    /// use es_transport::{Node, NodePool, node::{PreferAttribute, RequestContext}};
    ///
    /// let near = "http://near:9200".parse::<Node>()?.with_attribute("zone", "a");
    /// let pool = NodePool::new([near, "http://far:9200".parse()?])?;
    /// let request = RequestContext::new(&http::Method::GET, "/");
    /// let chosen = |selector: &PreferAttribute| {
    ///     let turns = [pool.select(selector, &request), pool.select(selector, &request)];
    ///     turns.map(|turn| turn.unwrap().node().host().to_owned())
    /// };
    /// assert_eq!(chosen(&PreferAttribute::new("zone", "a")), ["near", "near"]);
    /// // One near node is too few.
    /// assert!(chosen(&PreferAttribute::new("zone", "a").at_least(2)).contains(&"far".into()));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    #[must_use]
    pub fn at_least(mut self, nodes: usize) -> Self {
        self.at_least = nodes;
        self
    }

    /// Sets the number of requests in flight at which a preferred node counts as too
    /// busy. If the chosen node has reached it, all nodes are used. Default: no limit.
    #[must_use]
    pub fn at_most_in_flight(mut self, requests: usize) -> Self {
        self.at_most_in_flight = Some(requests);
        self
    }

    /// Sets the selector that chooses among the preferred nodes, or among all nodes.
    /// Default: [`RoundRobin`].
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
}

impl<S: NodeSelector> NodeSelector for PreferAttribute<S> {
    fn select(&self, candidates: &Candidates<'_>, request: &RequestContext<'_>) -> usize {
        let preferred = self.preferred.narrow(candidates, |node| {
            node.attribute(&self.name) == Some(&self.value)
        });
        if preferred.len() >= self.at_least
            && let Some(chosen) = preferred.select(&self.inner, request)
        {
            let in_flight = candidates
                .get(chosen)
                .map_or(0, |candidate| candidate.in_flight());
            if self.at_most_in_flight.is_none_or(|most| in_flight < most) {
                return chosen;
            }
        }
        self.inner.select(candidates, request)
    }

    fn tracks_load(&self) -> bool {
        self.at_most_in_flight.is_some() || self.inner.tracks_load()
    }

    forward!(self, self.inner);
}
