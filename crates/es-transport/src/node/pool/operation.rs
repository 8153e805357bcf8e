//! The nodes of a pool: adding, removing, marking and listing them.

use std::{
    sync::{Arc, PoisonError, Weak, atomic::Ordering},
    time::Duration,
};

use tokio::time::Instant;

use super::{LeaveHook, NodePool, NodeStatus, Seed, State, event, membership};
use crate::{
    error::{Error, Result},
    events::{DeathCause, Events},
    node::{
        Node,
        health::{Change, Health},
    },
};

impl NodePool {
    /// Adds a node. Returns whether it is new.
    ///
    /// If the pool has a node with the same URL, its facts and credentials are
    /// replaced, and it keeps its health.
    ///
    /// ```
    /// use es_transport::{Node, NodePool};
    ///
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
    /// assert!(pool.add("http://b:9200".parse()?)?);
    /// // The same node, with a new attribute.
    /// assert!(!pool.add("http://b:9200".parse::<Node>()?.with_attribute("zone", "b"))?);
    /// assert_eq!(pool.len(), 2);
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the pool already has 2³² nodes.
    pub fn add(&self, node: Node) -> Result<bool> {
        if u32::try_from(self.len() + 1).is_err() {
            return Err(Error::config("nodes", "there are too many nodes"));
        }
        let is_new = self.change(|state| {
            let mut nodes = state.nodes();
            let known = nodes.iter_mut().find(|member| **member == node);
            let is_new = known.is_none();
            match known {
                Some(known) => *known = node.clone(),
                None => nodes.push(node.clone()),
            }
            state.seeds.retain(|seed| seed.node != node);
            state.seeds.push(Seed::new(node));
            membership::replace(state, nodes, &self.weak);
            is_new
        });
        Ok(is_new)
    }

    /// Removes the node with this URL, and returns it.
    ///
    /// Requests in flight at the node continue. If the last node is removed, requests
    /// fail with [`is_no_nodes`](crate::Error::is_no_nodes) until one is added.
    ///
    /// ```
    /// use es_transport::{Node, NodePool, node::{RequestContext, RoundRobin}};
    ///
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
    /// assert_eq!(pool.remove("http://b:9200")?, None);
    /// assert!(pool.remove("http://a:9200")?.is_some());
    ///
    /// let request = RequestContext::new(&http::Method::GET, "/");
    /// assert!(pool.select(&RoundRobin::default(), &request).unwrap_err().is_no_nodes());
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the URL is not valid.
    pub fn remove(&self, url: &str) -> Result<Option<Node>> {
        let node: Node = url.parse()?;
        Ok(self.change(|state| {
            let mut nodes = state.nodes();
            state.seeds.retain(|seed| seed.node != node);
            let index = nodes.iter().position(|member| *member == node)?;
            let removed = nodes.remove(index);
            membership::replace(state, nodes, &self.weak);
            Some(removed)
        }))
    }

    /// Replaces all nodes. Returns the nodes that were removed.
    ///
    /// A node keeps its health if its ID stays the same, or its URL if an ID is not
    /// known. Duplicate nodes are ignored. Without any node, requests fail with
    /// [`is_no_nodes`](crate::Error::is_no_nodes).
    ///
    /// ```
    /// use es_transport::{Node, NodePool};
    ///
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
    /// let left = pool.replace(["http://b:9200".parse::<Node>()?, "http://c:9200".parse()?]);
    /// assert_eq!(left[0].host(), "a");
    /// assert_eq!(pool.len(), 2);
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn replace(&self, nodes: impl IntoIterator<Item = Node>) -> Vec<Node> {
        let nodes: Vec<_> = nodes.into_iter().collect();
        self.change(|state| {
            let before = state.nodes();
            state.seeds = nodes.iter().cloned().map(Seed::new).collect();
            membership::replace(state, nodes, &self.weak);
            let after = state.nodes();
            before
                .into_iter()
                .filter(|node| !after.contains(node))
                .collect()
        })
    }

    /// Replaces the nodes with those that sniffing found.
    ///
    /// Unlike [`replace`](Self::replace), it keeps the configured nodes (from the
    /// builder, [`add`](Self::add) or [`replace`](Self::replace)) as seeds. They are
    /// used again while no other node is live; seeds that have responded before are
    /// used again as soon as a sniffed node fails and no sniffed node has responded.
    /// See [`keep_seeds`](super::NodePoolBuilder::keep_seeds).
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::{Node, NodePool};
    /// use tokio::time::Instant;
    ///
    /// let pool = NodePool::new(["http://seed:9200".parse::<Node>()?])?;
    /// pool.set_sniffed(["http://10.0.0.1:9200".parse::<Node>()?])?;
    /// assert_eq!(pool.nodes()[0].node().host(), "10.0.0.1");
    ///
    /// // No other node is live: the seed is used again.
    /// pool.mark_dead("http://10.0.0.1:9200", Instant::now(), Duration::from_secs(60))?;
    /// assert_eq!((pool.len(), pool.live()), (2, 1));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no node. The pool is then unchanged.
    pub fn set_sniffed(&self, nodes: impl IntoIterator<Item = Node>) -> Result<()> {
        let nodes: Vec<_> = nodes.into_iter().collect();
        if nodes.is_empty() {
            return Err(Error::no_nodes().with_source("sniffing found no node"));
        }
        self.change(|state| {
            if self.settings.keep_seeds {
                state.prove_seeds();
            } else {
                state.seeds.clear();
            }
            membership::replace(state, nodes, &self.weak);
        });
        Ok(())
    }

    /// Marks a node as dead for `dead_time`, starting at `now`, regardless of its
    /// responses. Returns whether the pool has the node.
    ///
    /// After that time, a request probes the node.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::{Node, NodePool, events::{DeathCause, Event}};
    /// use tokio::time::Instant;
    ///
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?, "http://b:9200".parse()?])?;
    /// let mut events = pool.events().subscribe();
    /// // A restart of this node is planned.
    /// pool.mark_dead("http://a:9200", Instant::now(), Duration::from_secs(120))?;
    /// assert_eq!(pool.live(), 1);
    /// let event = events.try_recv();
    /// assert!(matches!(event, Some(Event::NodeDied { cause: DeathCause::Marked, .. })));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the URL is not valid.
    pub fn mark_dead(&self, url: &str, now: Instant, dead_time: Duration) -> Result<bool> {
        self.mark(url, now, |health| health.mark_dead(now, dead_time))
    }

    /// Marks a node as live, regardless of earlier failures. Returns whether the pool
    /// has the node.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::{Node, NodePool};
    /// use tokio::time::Instant;
    ///
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
    /// let now = Instant::now();
    /// pool.mark_dead("http://a:9200", now, Duration::from_secs(120))?;
    /// pool.mark_live("http://a:9200", now)?;
    /// assert!(pool.nodes()[0].is_live());
    /// assert!(!pool.mark_live("http://unknown:9200", now)?);
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the URL is not valid.
    pub fn mark_live(&self, url: &str, now: Instant) -> Result<bool> {
        self.mark(url, now, |health| health.mark_live(now))
    }

    fn mark(
        &self,
        url: &str,
        now: Instant,
        mark: impl FnOnce(&mut Health) -> Change,
    ) -> Result<bool> {
        let node: Node = url.parse()?;
        let mut state = self.lock();
        let State {
            members, health, ..
        } = &mut *state;
        let mut entries = members.entries.iter().zip(health);
        let Some((entry, health)) = entries.find(|(entry, _)| entry.node == node) else {
            return Ok(false);
        };
        let change = mark(health);
        entry
            .record
            .is_unsettled
            .store(!health.is_settled(), Ordering::Relaxed);
        if change == Change::Revived {
            self.returned(members, &entry.record, now);
        }
        let event = event(change, &entry.node, health, DeathCause::Marked, now);
        self.publish_change(state, change, event, now);
        Ok(true)
    }

    /// Returns the nodes and their state, in no particular order.
    ///
    /// ```
    /// use es_transport::{Node, NodePool};
    ///
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
    /// for status in pool.nodes() {
    ///     println!("{} {:?} {}", status.node(), status.state(), status.failures());
    /// }
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn nodes(&self) -> Vec<NodeStatus> {
        let is_tracked = self.is_load_tracked.load(Ordering::Relaxed);
        let state = self.lock();
        let entries = state.members.entries.iter().zip(&state.health);
        entries
            .map(|(entry, health)| {
                NodeStatus::new(entry.node.clone(), health, &entry.record, is_tracked)
            })
            .collect()
    }

    /// Returns the number of nodes, including dead ones.
    pub fn len(&self) -> usize {
        self.current.load().members.entries.len()
    }

    /// Whether the pool has no nodes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of live nodes.
    pub fn live(&self) -> usize {
        self.current.load().live.len()
    }

    /// Returns the events of this pool and of the transports that use it.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Calls `hook` with the nodes that leave and whose host and port no other
    /// node has, for as long as the hook has an owner.
    pub(crate) fn on_leave(&self, hook: &Arc<LeaveHook>) {
        let mut hooks = self
            .leave_hooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        hooks.retain(|hook| hook.strong_count() > 0);
        hooks.push(Arc::downgrade(hook));
    }

    /// Changes the members, and reports the change to everyone.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let before = Arc::clone(&state.members);
        let result = change(&mut state);
        self.publish(&mut state);
        let after = Arc::clone(&state.members);
        let events = membership::difference(&before, &after);
        events
            .iter()
            .for_each(|event| self.events.send(event.clone()));
        drop(state);

        Events::trace(&events);
        let left = membership::left_hosts(&before, &after);
        if !left.is_empty() {
            let hooks = self
                .leave_hooks
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let hooks: Vec<_> = hooks.iter().filter_map(Weak::upgrade).collect();
            hooks.iter().for_each(|hook| hook(&left));
        }
        result
    }
}

impl State {
    fn nodes(&self) -> Vec<Node> {
        self.members
            .entries
            .iter()
            .map(|entry| entry.node.clone())
            .collect()
    }

    /// Notes which of the seeds have responded.
    fn prove_seeds(&mut self) {
        let Self {
            members,
            health,
            seeds,
            ..
        } = self;
        let members = members.entries.iter().zip(health);
        let proven: Vec<_> = members.filter(|(_, health)| health.is_proven()).collect();
        for seed in seeds {
            seed.is_proven |= proven.iter().any(|(entry, _)| entry.node == seed.node);
        }
    }
}
