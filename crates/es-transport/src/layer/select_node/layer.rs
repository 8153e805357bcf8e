use std::{fmt, sync::Arc};

use http::StatusCode;
use tower::Layer;

use super::SelectNode;
use crate::{
    error::Error,
    node::{NodeOutcome, NodePool},
};

/// A layer that selects a node for each attempt; see the [module](super).
pub struct SelectNodeLayer<L> {
    settings: Arc<Settings<L>>,
    classify: Option<Classify>,
}

pub(super) struct Settings<L> {
    pub pool: Arc<NodePool>,
    pub selector: L,
}

/// Returns what a response's status or an error says about its node.
pub(crate) type Classify = Arc<dyn Fn(Result<StatusCode, &Error>) -> NodeOutcome + Send + Sync>;

impl<L> SelectNodeLayer<L> {
    /// Creates a layer that selects nodes of `pool` with `selector`, a
    /// [`NodeSelector`](crate::NodeSelector) or a closure.
    pub fn new(pool: Arc<NodePool>, selector: L) -> Self {
        Self {
            settings: Arc::new(Settings { pool, selector }),
            classify: None,
        }
    }
}

impl<L> SelectNodeLayer<L> {
    /// Replaces [`NodeOutcome::of`], which maps the status of a response, or an error,
    /// to the health of its node.
    ///
    /// ```
    /// use es_transport::{Node, NodePool, layer::SelectNodeLayer};
    /// use es_transport::node::{NodeOutcome, RoundRobin};
    ///
    /// let pool = NodePool::new(["http://proxy:9200".parse::<Node>()?])?;
    /// // The proxy returns 502 for individual requests that it rejects.
    /// let layer = SelectNodeLayer::new(pool, RoundRobin::default())
    ///     .classify_with(|result| match result {
    ///         Ok(http::StatusCode::BAD_GATEWAY) => NodeOutcome::Overloaded,
    ///         result => NodeOutcome::of(result),
    ///     });
    /// # let _ = layer;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    #[must_use]
    pub fn classify_with(
        self,
        classify: impl Fn(Result<StatusCode, &Error>) -> NodeOutcome + Send + Sync + 'static,
    ) -> Self {
        self.classified_by(Some(Arc::new(classify)))
    }

    pub(crate) fn classified_by(mut self, classify: Option<Classify>) -> Self {
        self.classify = classify;
        self
    }
}

impl<S, L> Layer<S> for SelectNodeLayer<L> {
    type Service = SelectNode<S, L>;

    fn layer(&self, inner: S) -> Self::Service {
        SelectNode {
            inner,
            settings: Arc::clone(&self.settings),
            classify: self.classify.clone(),
        }
    }
}

impl<L> Clone for SelectNodeLayer<L> {
    fn clone(&self) -> Self {
        Self {
            settings: Arc::clone(&self.settings),
            classify: self.classify.clone(),
        }
    }
}

impl<L> fmt::Debug for SelectNodeLayer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectNodeLayer")
            .field("pool", &self.settings.pool)
            .finish_non_exhaustive()
    }
}
