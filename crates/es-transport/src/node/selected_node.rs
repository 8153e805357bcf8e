//! An extension by which a sender learns which node took its request.

use std::sync::{Arc, Mutex, PoisonError};

use super::Node;

/// An extension of a request that receives the node that was selected for it.
///
/// The layer that selects the node writes it, whatever layers lie between.
#[derive(Clone, Debug, Default)]
pub struct SelectedNode(Arc<Mutex<Option<Node>>>);

impl SelectedNode {
    /// Returns the node of the last attempt; `None` if none was selected.
    pub fn node(&self) -> Option<Node> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stores the node.
    pub fn set(&self, node: &Node) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(node.clone());
    }
}
