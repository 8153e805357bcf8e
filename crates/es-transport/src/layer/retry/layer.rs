use std::sync::Arc;

use tower::Layer;

use super::{policy::RetryPolicy, service::Retry, standard::StandardRetry};

/// Sends requests again as its policy decides; see the [module page](super).
#[derive(Debug)]
pub struct RetryLayer<P = StandardRetry> {
    policy: Arc<P>,
}

impl<P: RetryPolicy> RetryLayer<P> {
    /// A layer with this policy. Clones and all services that it makes share it,
    /// and with it the budget.
    pub fn new(policy: P) -> Self {
        Self { policy: Arc::new(policy) }
    }
}

impl Default for RetryLayer {
    fn default() -> Self {
        Self::new(StandardRetry::default())
    }
}

impl<P> Clone for RetryLayer<P> {
    fn clone(&self) -> Self {
        Self { policy: Arc::clone(&self.policy) }
    }
}

impl<P, S> Layer<S> for RetryLayer<P> {
    type Service = Retry<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        Retry::new(inner, Arc::clone(&self.policy))
    }
}
