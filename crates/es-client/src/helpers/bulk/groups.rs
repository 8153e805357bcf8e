//! The batches that are being filled: one for each node that documents go to, where
//! that is known, and one for all other operations.

use std::{
    cmp::Reverse,
    fmt,
    hash::{BuildHasher, RandomState},
    iter,
    sync::Arc,
};

use es_transport::shard_aware::{Access, RoutingKey};
use serde::Serialize;
use tokio::time::Instant;

use super::{
    batch::{Batch, Buffers},
    batch_builder::{BatchBuilder, Limits, PushError},
    ids::Ids,
    operation::Parts,
};

/// Number of nodes with a batch of their own; each may have a compressor.
const MAX_NODES: usize = 64;

/// Finds the nodes that operations go to.
pub(super) struct Nodes {
    /// The index of operations that name none.
    pub index: Arc<str>,
    /// The routing value of operations that have none.
    pub routing: Option<Arc<str>>,
    /// Returns the node of an index, an id and a routing value.
    pub of: NodeOf,
}

type NodeOf = Box<dyn Fn(&str, Option<&str>, Option<&str>) -> Option<Arc<str>> + Send + Sync>;

/// Fills batches. Together they hold no more than one may.
pub(super) struct Batches<C> {
    unknown: Group<C>,
    by_node: Vec<Group<C>>,
    /// The most that one batch may hold.
    limits: Limits,
    /// The most that all batches together may hold.
    together: Limits,
    compression: Option<u32>,
    ids: Option<Ids>,
    /// Tells documents apart, where the order of their operations is kept, with the
    /// index of operations that name none.
    order: Option<(RandomState, Arc<str>)>,
    nodes: Option<Nodes>,
    /// Whether a batch has begun of which nobody has taken notice.
    has_begun: bool,
}

/// The operations for one node.
struct Group<C> {
    node: Option<Arc<str>>,
    /// One of its documents, by which its request finds the node.
    key: Option<RoutingKey>,
    /// When it was noticed that it had begun.
    begun_at: Option<Instant>,
    builder: BatchBuilder<C>,
}

impl<C> Group<C> {
    fn new(limits: Limits, compression: Option<u32>, node: Option<Arc<str>>) -> Self {
        Self {
            node,
            key: None,
            begun_at: None,
            builder: BatchBuilder::new(limits, compression),
        }
    }
}

impl<C> Batches<C> {
    /// Creates batches that are compressed at a level, if there is one.
    pub fn new(limits: Limits, compression: Option<u32>) -> Self {
        Self {
            unknown: Group::new(limits, compression, None),
            by_node: Vec::new(),
            limits,
            together: limits,
            compression,
            ids: None,
            order: None,
            nodes: None,
            has_begun: false,
        }
    }

    /// Makes ids for operations that have none.
    pub fn make_ids(mut self) -> Self {
        self.ids = Some(Ids::new());
        self
    }

    /// Keeps the operations of one document in different batches.
    pub fn keep_order(mut self, index: Arc<str>) -> Self {
        self.order = Some((RandomState::new(), index));
        self
    }

    /// Fills a batch for each node.
    pub fn by_node(mut self, nodes: Nodes) -> Self {
        self.nodes = Some(nodes);
        self
    }

    /// Sets the limit of bytes of one batch.
    pub fn limit_bytes(&mut self, bytes: usize) {
        self.limits.bytes = bytes;
        self.groups_mut()
            .for_each(|group| group.builder.limit_bytes(bytes));
    }

    /// Returns whether a batch has begun since this was asked.
    pub fn take_has_begun(&mut self) -> bool {
        std::mem::take(&mut self.has_begun)
    }

    /// Notes the time at which batches were begun, and returns that of the oldest.
    pub fn stamp_and_oldest(&mut self, now: Instant) -> Option<Instant> {
        let begun = self
            .groups_mut()
            .filter(|group| !group.builder.is_empty())
            .map(|group| *group.begun_at.get_or_insert(now));
        begun.min()
    }

    /// Returns the number of the first operation that is not in a batch yet.
    pub fn first_number(&self) -> Option<u64> {
        let numbers = self.groups().map(|group| group.builder.first_number());
        numbers.flatten().min()
    }

    /// Returns whether a batch must be taken before another operation is added.
    pub fn is_full(&self) -> bool {
        if self.by_node.is_empty() {
            return self.unknown.builder.is_full();
        }
        self.groups().any(|group| group.builder.is_full()) || self.is_full_together()
    }

    fn is_full_together(&self) -> bool {
        let sum = |of: fn(&BatchBuilder<C>) -> usize| -> usize {
            self.groups().map(|group| of(&group.builder)).sum()
        };
        sum(BatchBuilder::bytes) >= self.together.bytes
            || sum(BatchBuilder::len) >= self.together.operations
    }

    /// Adds an operation.
    ///
    /// # Errors
    /// The operation cannot be written; the batches stay as they were, and the context
    /// is returned.
    pub fn push<T: Serialize>(
        &mut self,
        number: u64,
        operation: &Parts<T>,
        context: C,
    ) -> Result<(), (PushError, C)> {
        let made = match (&operation.id, &mut self.ids) {
            (None, Some(ids)) => Some(ids.next()),
            _ => None,
        };
        let document = match (&operation.id, &self.order) {
            (Some(id), Some((hasher, index))) => {
                let index = operation.index().unwrap_or(index);
                hasher.hash_one((index, id)).max(1)
            }
            _ => 0,
        };
        let made = made.as_deref();
        let group = match self.group_of_node(operation, made, document) {
            Some(at) => self.by_node.get_mut(at).unwrap_or(&mut self.unknown),
            None => &mut self.unknown,
        };
        let begins = group.builder.is_empty();
        let pushed = group
            .builder
            .push(number, operation, made, document, context);
        self.has_begun |= begins && pushed.is_ok();
        pushed
    }

    /// Takes the batch that is full, the largest if only all together are, or else the
    /// oldest. The next operation begins in `buffers`.
    pub fn take(&mut self, buffers: Buffers<C>) -> Batch<C> {
        // Memory of whole batches would stay with each of several groups.
        let buffers = if self.by_node.is_empty() {
            buffers
        } else {
            Buffers::default()
        };
        let is_full = self.is_full_together();
        let rank = |group: &Group<C>| {
            let size = group.builder.bytes();
            let age = Reverse(group.begun_at.filter(|_| !is_full));
            (size > 0, group.builder.is_full(), age, size)
        };
        let first = self.by_node.iter_mut().max_by_key(|group| rank(group));
        let group = match first {
            Some(group) if rank(group) > rank(&self.unknown) => group,
            _ => &mut self.unknown,
        };
        group.begun_at = None;
        let mut batch = group.builder.take(buffers);
        batch.key.clone_from(&group.key);
        batch
    }

    /// Returns the place of an operation's batch; `None` for the one of no node. While a
    /// batch has an earlier operation on the same document, whose order is kept, it is
    /// that one, wherever the document lies.
    fn group_of_node<T>(
        &mut self,
        operation: &Parts<T>,
        made: Option<&str>,
        document: u64,
    ) -> Option<usize> {
        let nodes = self.nodes.as_ref()?;
        if document != 0 {
            let holds = |group: &Group<C>| group.builder.holds(document);
            if holds(&self.unknown) {
                return None;
            }
            if let Some(at) = self.by_node.iter().position(holds) {
                return Some(at);
            }
        }

        let index = operation.index().unwrap_or(&nodes.index);
        let id = operation.id.as_deref().or(made);
        let routing = operation.routing().or(nodes.routing.as_deref());
        let node = (nodes.of)(index, id, routing)?;
        let is_of_node = |group: &Group<C>| group.node.as_ref() == Some(&node);
        let begins = |group: &Group<C>| group.builder.is_empty();
        let known = self.by_node.iter().position(is_of_node);
        let key = match known.and_then(|at| self.by_node.get(at)) {
            Some(group) if !begins(group) => None,
            _ => Some(key(index, id, routing)),
        };
        let at = match known {
            Some(at) => at,
            None => self.place_for(node)?,
        };
        if let (Some(key), Some(group)) = (key, self.by_node.get_mut(at)) {
            group.key = Some(key);
        }
        Some(at)
    }

    /// Makes a batch for a node, in the place of one that is empty if there are many.
    fn place_for(&mut self, node: Arc<str>) -> Option<usize> {
        if self.by_node.len() < MAX_NODES {
            let group = Group::new(self.limits, self.compression, Some(node));
            self.by_node.push(group);
            return Some(self.by_node.len() - 1);
        }
        let mut groups = self.by_node.iter_mut().enumerate();
        let (at, group) = groups.find(|(_, group)| group.builder.is_empty())?;
        group.node = Some(node);
        Some(at)
    }

    fn groups(&self) -> impl Iterator<Item = &Group<C>> {
        iter::once(&self.unknown).chain(&self.by_node)
    }

    fn groups_mut(&mut self) -> impl Iterator<Item = &mut Group<C>> {
        iter::once(&mut self.unknown).chain(&mut self.by_node)
    }
}

impl<C> fmt::Debug for Batches<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches")
            .field("nodes", &self.by_node.len())
            .finish_non_exhaustive()
    }
}

fn key(index: &str, id: Option<&str>, routing: Option<&str>) -> RoutingKey {
    let mut key = RoutingKey::new(index, Access::Write);
    if let Some(id) = id {
        key = key.id(id);
    }
    if let Some(routing) = routing {
        key = key.routing(routing);
    }
    key
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::atomic::{AtomicBool, Ordering},
        time::Duration,
    };

    use super::{super::Operation, *};

    const LIMITS: Limits = Limits {
        bytes: 200,
        operations: 100,
    };

    fn nodes(
        of: impl Fn(&str, Option<&str>, Option<&str>) -> Option<Arc<str>> + Send + Sync + 'static,
    ) -> Nodes {
        Nodes {
            index: "products".into(),
            routing: None,
            of: Box::new(of),
        }
    }

    /// The first byte of an id is its node; `?` is not known.
    fn batches(limits: Limits) -> Batches<()> {
        let node_of = |_: &str, id: Option<&str>, _: Option<&str>| {
            let node = id?.get(..1)?;
            (node != "?").then(|| Arc::from(node))
        };
        Batches::new(limits, None).by_node(nodes(node_of))
    }

    fn push(batches: &mut Batches<()>, number: u64, id: &str) {
        let document = BTreeMap::<String, u8>::new();
        let operation = Operation::index(document).id(id);
        assert!(batches.push(number, &operation.parts, ()).is_ok());
    }

    fn take_all(batches: &mut Batches<()>) -> Vec<Batch<()>> {
        let mut taken = Vec::new();
        while batches.first_number().is_some() {
            taken.push(batches.take(Buffers::default()));
        }
        taken
    }

    fn numbers(batch: &Batch<()>) -> Vec<u64> {
        batch.items.iter().map(|item| item.number).collect()
    }

    #[test]
    fn operations_are_grouped_by_their_node() {
        let mut batches = batches(LIMITS);
        for (number, id) in (0..).zip(["a1", "b1", "?1", "a2", "b2", "a3"]) {
            push(&mut batches, number, id);
        }
        assert_eq!(batches.first_number(), Some(0));
        let taken = take_all(&mut batches);
        let mut taken: Vec<_> = taken
            .iter()
            .map(|b| (numbers(b), b.key.is_some()))
            .collect();
        taken.sort_unstable();
        assert_eq!(
            taken,
            [(vec![0, 3, 5], true), (vec![1, 4], true), (vec![2], false)]
        );
    }

    #[test]
    fn the_oldest_goes_first_until_all_are_full() {
        let mut batches = batches(LIMITS);
        let now = Instant::now();
        push(&mut batches, 0, "b");
        assert!(batches.take_has_begun() && !batches.take_has_begun());
        assert_eq!(batches.stamp_and_oldest(now), Some(now));
        push(&mut batches, 1, "a");
        assert!(batches.take_has_begun());
        push(&mut batches, 2, "a");
        assert!(!batches.take_has_begun());
        assert_eq!(
            batches.stamp_and_oldest(now + Duration::from_secs(1)),
            Some(now)
        );
        assert_eq!(numbers(&batches.take(Buffers::default())), [0]);
        push(&mut batches, 3, "b");
        while !batches.is_full() {
            push(&mut batches, 4, "a");
        }
        batches.stamp_and_oldest(now);
        assert_eq!(numbers(&batches.take(Buffers::default()))[..2], [1, 2]);
    }

    #[test]
    fn a_smaller_limit_is_one_of_each_group() {
        let mut batches = batches(LIMITS);
        push(&mut batches, 0, "a");
        let line: usize = batches.groups().map(|group| group.builder.bytes()).sum();
        batches.limit_bytes(2 * line);
        for (number, id) in (1..).zip(["b", "c", "d"]) {
            push(&mut batches, number, id);
            assert!(!batches.is_full());
        }
        push(&mut batches, 4, "d");
        assert!(batches.is_full());
        assert_eq!(numbers(&batches.take(Buffers::default())), [3, 4]);
    }

    #[test]
    fn all_groups_together_are_bounded() {
        let mut batches = batches(LIMITS);
        let mut number = 0;
        while !batches.is_full() {
            push(&mut batches, number, ["a", "b", "c"][number as usize % 3]);
            number += 1;
        }
        let taken = take_all(&mut batches);
        let groups: Vec<_> = taken.iter().map(|batch| batch.body.len()).collect();
        let (sum, line) = (
            groups.iter().sum::<usize>(),
            "{\"index\":{\"_id\":\"a\"}}\n{}\n".len(),
        );
        assert!((200..200 + line).contains(&sum), "{groups:?}");
    }

    #[test]
    fn the_operations_of_a_document_stay_in_order_when_it_moves() {
        static HAS_MOVED: AtomicBool = AtomicBool::new(false);
        let node_of = |_: &str, _: Option<&str>, _: Option<&str>| {
            let node = if HAS_MOVED.load(Ordering::Relaxed) {
                "b"
            } else {
                "a"
            };
            Some(Arc::from(node))
        };
        let mut batches = Batches::new(LIMITS, None)
            .keep_order("products".into())
            .by_node(nodes(node_of));
        push(&mut batches, 0, "1");
        HAS_MOVED.store(true, Ordering::Relaxed);
        push(&mut batches, 1, "2");
        push(&mut batches, 2, "1");
        assert!(batches.is_full());
        assert_eq!(numbers(&batches.take(Buffers::default())), [0]);
        let mut rest: Vec<_> = take_all(&mut batches).iter().map(numbers).collect();
        rest.sort_unstable();
        assert_eq!(rest, [[1], [2]]);
    }

    #[test]
    fn a_default_routing_value_determines_the_node() {
        let node_of = |index: &str, _: Option<&str>, routing: Option<&str>| {
            Some(Arc::from(format!(
                "{index} {}",
                routing.unwrap_or_default()
            )))
        };
        let mut nodes = nodes(node_of);
        nodes.routing = Some("r".into());
        let mut batches = Batches::new(LIMITS, None).by_node(nodes);
        push(&mut batches, 0, "1");
        push(&mut batches, 1, "2");
        let document = BTreeMap::<String, u8>::new();
        let own = Operation::index(document).id("3").routing("own");
        assert!(batches.push(2, &own.parts, ()).is_ok());
        let mut taken: Vec<_> = take_all(&mut batches).iter().map(numbers).collect();
        taken.sort_unstable();
        assert_eq!(taken, [vec![0, 1], vec![2]]);
    }

    #[test]
    fn more_nodes_than_batches_share_one() {
        let node_of = |_: &str, id: Option<&str>, _: Option<&str>| id.map(Arc::from);
        let limits = Limits {
            bytes: 1 << 20,
            operations: 1_000,
        };
        let mut batches = Batches::new(limits, None).by_node(nodes(node_of));
        for number in 0..100 {
            push(&mut batches, number, &number.to_string());
        }
        let taken = take_all(&mut batches);
        assert_eq!(taken.len(), MAX_NODES + 1);
        let mut all: Vec<_> = taken.iter().flat_map(numbers).collect();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        // An empty place serves another node.
        push(&mut batches, 100, "another");
        assert!(batches.take(Buffers::default()).key.is_some());
    }
}
