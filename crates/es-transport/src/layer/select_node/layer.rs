use std::{fmt, sync::Arc};

use tower::Layer;

use super::SelectNode;
use crate::node::NodePool;

/// Chooses a node for each attempt; see the [module](super).
pub struct SelectNodeLayer<L> {
    settings: Arc<Settings<L>>,
}

pub(super) struct Settings<L> {
    pub(super) pool: Arc<NodePool>,
    pub(super) selector: L,
}

impl<L> SelectNodeLayer<L> {
    /// Chooses among the nodes of `pool` by `selector`: any
    /// [`NodeSelector`](crate::NodeSelector) or a closure.
    pub fn new(pool: Arc<NodePool>, selector: L) -> Self {
        Self { settings: Arc::new(Settings { pool, selector }) }
    }
}

impl<S, L> Layer<S> for SelectNodeLayer<L> {
    type Service = SelectNode<S, L>;

    fn layer(&self, inner: S) -> Self::Service {
        SelectNode { inner, settings: Arc::clone(&self.settings) }
    }
}

impl<L> Clone for SelectNodeLayer<L> {
    fn clone(&self) -> Self {
        Self { settings: Arc::clone(&self.settings) }
    }
}

impl<L> fmt::Debug for SelectNodeLayer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectNodeLayer").field("pool", &self.settings.pool).finish_non_exhaustive()
    }
}
