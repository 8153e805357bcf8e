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
    pub settings: Settings,
    pub store: Mutex<Store>,
    pub credentials: Mutex<Credentials>,
    pub nodes: Mutex<Vec<Arc<NodeFacts>>>,
}

/// The facts about a node that `_nodes/http` shows.
#[derive(Debug)]
pub(crate) struct NodeFacts {
    pub id: String,
    pub name: String,
    pub changing: Mutex<ChangingFacts>,
    /// False while the node is down or hidden: it has left the cluster.
    pub listed: AtomicBool,
    /// Shard operations done on the node's own shards.
    pub local: AtomicUsize,
    /// Shard operations that the node passed to another node.
    pub forwarded: AtomicUsize,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ChangingFacts {
    pub publish_address: String,
    pub roles: Vec<String>,
    pub attributes: BTreeMap<String, String>,
    pub warnings: Vec<String>,
}

impl Shared {
    /// The nodes that are in the cluster at present.
    pub fn listed_nodes(&self) -> Vec<Arc<NodeFacts>> {
        let nodes = lock(&self.nodes);
        nodes
            .iter()
            .filter(|node| node.listed.load(Ordering::Relaxed))
            .cloned()
            .collect()
    }
}
