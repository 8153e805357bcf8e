//! Changes of a pool's members: which nodes keep their health, which leave,
//! and when the seeds come back.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Weak},
};

use tokio::time::Instant;

use super::{NodePool, State};
use crate::{
    events::Event,
    node::{
        Node,
        health::Health,
        snapshot::{Entry, Members, Observing, Record, stripes},
    },
};

/// Creates the members of a new pool.
pub(super) fn members(nodes: &[Node], created_at: Instant, observing: Observing) -> Arc<Members> {
    let entry = |node: &Node| Arc::new(Entry::new(node.clone(), Arc::default()));
    Arc::new(Members::new(
        nodes.iter().map(entry).collect(),
        created_at,
        observing,
    ))
}

/// Returns the first node that equals an earlier one.
pub(super) fn duplicate(nodes: &[Node]) -> Option<&Node> {
    let mut seen = HashSet::with_capacity(nodes.len());
    nodes.iter().find(|node| !seen.insert(node.url()))
}

/// Replaces the members by these nodes. A node keeps its health if its id
/// stays the same, or its URL where an id is not known.
pub(super) fn replace(state: &mut State, mut nodes: Vec<Node>, pool: &Weak<NodePool>) {
    let mut seen = HashSet::with_capacity(nodes.len());
    nodes.retain(|node| seen.insert(Arc::clone(node.shared_url())));

    let old = Arc::clone(&state.members);
    let mut known = Known::new(&old, std::mem::take(&mut state.health));
    let mut entries = Vec::with_capacity(nodes.len());
    for node in nodes {
        let (entry, health) = known.take(node);
        entries.push(entry);
        state.health.push(health);
    }
    set_members(state, entries, pool);
    state.is_sniff_doubtful = false;
}

/// Adds the absent seeds as live nodes: all of them when no node lives, and
/// those that have responded before when no such node lives and another one
/// has failed.
pub(super) fn bring_back_seeds(state: &mut State, pool: &Weak<NodePool>) {
    let has_live = state.health.iter().any(Health::is_live);
    let is_reliable = |health: &Health| health.is_live() && health.is_proven();
    if state.health.iter().any(is_reliable)
        || (has_live && state.health.iter().all(Health::is_live))
    {
        return;
    }
    let members: HashSet<_> = state.members.entries.iter().map(|e| e.node.url()).collect();
    let absent: Vec<_> = state
        .seeds
        .iter()
        .filter(|seed| !members.contains(seed.node.url()))
        .filter(|seed| seed.is_proven || !has_live)
        .map(|seed| {
            (
                Arc::new(Entry::new(seed.node.clone(), Arc::default())),
                seed.is_proven,
            )
        })
        .collect();
    if absent.is_empty() {
        return;
    }
    let healths = absent.iter().map(|(_, is_proven)| Health::new(*is_proven));
    state.health.extend(healths);
    let absent = absent.into_iter().map(|(entry, _)| entry);
    state.is_sniff_doubtful = has_live;
    let entries = state
        .members
        .entries
        .iter()
        .cloned()
        .chain(absent)
        .collect();
    set_members(state, entries, pool);
}

fn set_members(state: &mut State, entries: Vec<Arc<Entry>>, pool: &Weak<NodePool>) {
    let Members {
        created_at,
        observing,
        ..
    } = *state.members;
    let members = Arc::new(Members::new(entries.into(), created_at, observing));
    state.stripes = stripes(&members, pool);
    state.members = members;
}

/// The nodes that left and joined between two states of a pool.
pub(super) fn difference(old: &Members, new: &Members) -> Vec<Event> {
    let urls = |members: &Members| -> HashSet<Arc<str>> {
        let urls = members.entries.iter().map(|entry| entry.node.shared_url());
        urls.map(Arc::clone).collect()
    };
    let (before, after) = (urls(old), urls(new));
    let left = old.entries.iter().map(|entry| entry.node.shared_url());
    let left = left.filter(|url| !after.contains(*url));
    let joined = new.entries.iter().map(|entry| entry.node.shared_url());
    let joined = joined.filter(|url| !before.contains(*url));

    let left = left.map(|url| Event::NodeRemoved {
        node: Arc::clone(url),
    });
    let joined = joined.map(|url| Event::NodeAdded {
        node: Arc::clone(url),
    });
    left.chain(joined).collect()
}

/// Returns the nodes that left and whose host and port no other node has, so
/// that connections to them can be closed.
pub(super) fn left_hosts(old: &Members, new: &Members) -> Vec<Node> {
    let hosts: HashSet<_> = new.entries.iter().map(|entry| host(&entry.node)).collect();
    let left = old.entries.iter().map(|entry| &entry.node);
    left.filter(|node| !hosts.contains(&host(node)))
        .cloned()
        .collect()
}

/// The peer of the node's connections.
fn host(node: &Node) -> (bool, &str) {
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
        let nodes = || {
            let entries = members.entries.iter();
            entries.map(|entry| &entry.node).enumerate()
        };
        let id = |node: &'a Node| node.facts().id.as_deref();
        Self {
            members,
            health: health.into_iter().map(Some).collect(),
            by_id: nodes()
                .filter_map(|(i, node)| Some((id(node)?, i)))
                .collect(),
            by_url: nodes().map(|(i, node)| (node.url(), i)).collect(),
        }
    }

    fn take(&mut self, node: Node) -> (Arc<Entry>, Health) {
        let Some((old, health)) = self.find(&node) else {
            let record = Arc::new(Record::joining());
            return (Arc::new(Entry::new(node, record)), Health::default());
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
