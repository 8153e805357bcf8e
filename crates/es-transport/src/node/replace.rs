//! New nodes in place of the old: what stays the same, what leaves, and when the seeds come back.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Weak},
};

use tokio::time::Instant;

use super::{
    Node, NodePool,
    health::Health,
    pool::State,
    snapshot::{Entry, Members, stripes},
};
use crate::error::{Error, Result};

/// The members of a new pool.
pub(super) fn members(nodes: &[Node], born: Instant) -> Arc<Members> {
    let entry = |node: &Node| Arc::new(Entry::new(node.clone(), Arc::default()));
    Arc::new(Members { entries: nodes.iter().map(entry).collect(), born })
}

/// The first node that was given before.
pub(super) fn duplicate(nodes: &[Node]) -> Option<&Node> {
    let mut seen = HashSet::with_capacity(nodes.len());
    nodes.iter().find(|node| !seen.insert(node.url()))
}

/// Puts these nodes in the place of the members; answers those that left.
pub(super) fn replace(
    state: &mut State,
    mut nodes: Vec<Node>,
    pool: &Weak<NodePool>,
) -> Result<Vec<Node>> {
    let mut seen = HashSet::with_capacity(nodes.len());
    nodes.retain(|node| seen.insert(Arc::clone(node.shared_url())));
    if nodes.is_empty() {
        return Err(Error::no_nodes());
    }
    let old = Arc::clone(&state.members);
    let mut known = Known::new(&old, std::mem::take(&mut state.health));
    let mut entries = Vec::with_capacity(nodes.len());
    for node in nodes {
        let (entry, health) = known.take(node);
        entries.push(entry);
        state.health.push(health);
    }
    let stay: HashSet<_> = entries.iter().map(|entry| origin(&entry.node)).collect();
    let left = old.entries.iter().filter(|entry| !stay.contains(&origin(&entry.node)));
    let left = left.map(|entry| entry.node.clone()).collect();
    set_members(state, entries, pool);
    Ok(left)
}

/// Adds the seeds that are no members, as live nodes.
pub(super) fn bring_back_seeds(state: &mut State, pool: &Weak<NodePool>) {
    let members: HashSet<_> = state.members.entries.iter().map(|e| e.node.url()).collect();
    let absent = state.seeds.iter().filter(|seed| !members.contains(seed.url()));
    let absent: Vec<_> =
        absent.map(|seed| Arc::new(Entry::new(seed.clone(), Arc::default()))).collect();
    if absent.is_empty() {
        return;
    }
    state.health.extend(absent.iter().map(|_| Health::default()));
    let entries = state.members.entries.iter().cloned().chain(absent).collect();
    set_members(state, entries, pool);
}

fn set_members(state: &mut State, entries: Vec<Arc<Entry>>, pool: &Weak<NodePool>) {
    let members = Arc::new(Members { entries: entries.into(), born: state.members.born });
    state.stripes = stripes(&members, pool);
    state.members = members;
}

/// What connections are made to.
fn origin(node: &Node) -> (bool, &str) {
    (node.is_https(), node.authority().as_str())
}

/// The members before the change, found by id and by URL; each is taken once.
struct Known<'a> {
    members: &'a Members,
    health: Vec<Option<Health>>,
    by_id: HashMap<&'a str, usize>,
    by_url: HashMap<&'a str, usize>,
}

impl<'a> Known<'a> {
    fn new(members: &'a Members, health: Vec<Health>) -> Self {
        let nodes = || members.entries.iter().map(|entry| &entry.node).enumerate();
        let id = |node: &'a Node| node.facts().id.as_deref();
        Self {
            members,
            health: health.into_iter().map(Some).collect(),
            by_id: nodes().filter_map(|(i, node)| Some((id(node)?, i))).collect(),
            by_url: nodes().map(|(i, node)| (node.url(), i)).collect(),
        }
    }

    fn take(&mut self, node: Node) -> (Arc<Entry>, Health) {
        let Some((old, health)) = self.find(&node) else {
            return (Arc::new(Entry::new(node, Arc::default())), Health::default());
        };
        let is_unchanged = old.node == node
            && old.node.facts() == node.facts()
            && old.node.credentials() == node.credentials();
        let entry = if is_unchanged {
            Arc::clone(old)
        } else {
            Arc::new(Entry::new(node, Arc::clone(&old.record)))
        };
        (entry, health)
    }

    fn find(&mut self, node: &Node) -> Option<(&'a Arc<Entry>, Health)> {
        let id = node.facts().id.as_deref();
        let by_id = id.and_then(|id| self.by_id.get(id));
        let index = by_id.or_else(|| {
            // Another id at the same address is another node.
            let index = self.by_url.get(node.url())?;
            let old = self.members.entries.get(*index)?.node.facts().id.as_deref();
            (id.is_none() || old.is_none()).then_some(index)
        })?;
        let health = self.health.get_mut(*index)?.take()?;
        Some((self.members.entries.get(*index)?, health))
    }
}
