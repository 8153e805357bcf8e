//! The state that all nodes of a cluster share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::security::Credentials;
use crate::settings::Settings;
use crate::store::Store;
use crate::sync::lock;

/// The cluster behind its nodes.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Mutex<Store>,
    pub(crate) credentials: Mutex<Credentials>,
    pub(crate) nodes: Mutex<Vec<Arc<NodeFacts>>>,
}

/// The facts about a node that `_nodes/http` shows.
#[derive(Debug)]
pub(crate) struct NodeFacts {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) changing: Mutex<ChangingFacts>,
    /// False while the node is down or hidden: it has left the cluster.
    pub(crate) listed: AtomicBool,
    /// Shard operations done on the node's own shards.
    pub(crate) local: AtomicUsize,
    /// Shard operations that the node passed to another node.
    pub(crate) forwarded: AtomicUsize,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ChangingFacts {
    pub(crate) publish_address: String,
    pub(crate) roles: Vec<String>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) warnings: Vec<String>,
}

impl Shared {
    /// The nodes that are in the cluster at present.
    pub(crate) fn listed_nodes(&self) -> Vec<Arc<NodeFacts>> {
        let nodes = lock(&self.nodes);
        nodes
            .iter()
            .filter(|node| node.listed.load(Ordering::Relaxed))
            .cloned()
            .collect()
    }
}
