//! A note by which a caller learns which node took its request.

use std::sync::{Arc, Mutex, PoisonError};

use super::Node;

/// An extension of a request by which its sender learns which node it went to,
/// whatever layers lie between. Written by the layer that chooses the node.
#[derive(Clone, Debug, Default)]
pub struct NodeSlot(Arc<Mutex<Option<Node>>>);

impl NodeSlot {
    /// The node of the last attempt; `None` if none was chosen.
    pub fn node(&self) -> Option<Node> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes the node.
    pub fn fill(&self, node: &Node) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(node.clone());
    }
}
