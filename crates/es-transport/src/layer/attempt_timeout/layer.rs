use std::time::Duration;

use tower::Layer;

use super::service::AttemptTimeout;

/// Ends attempts that take too long; see the [module page](super).
#[derive(Clone, Copy, Debug)]
pub struct AttemptTimeoutLayer {
    timeout: Option<Duration>,
}

impl AttemptTimeoutLayer {
    /// Each attempt has this time; `None` is without end. A request's own
    /// options and its total deadline are respected in any case.
    pub fn new(timeout: impl Into<Option<Duration>>) -> Self {
        Self { timeout: timeout.into() }
    }
}

impl Default for AttemptTimeoutLayer {
    /// 30 s.
    fn default() -> Self {
        Self::new(Duration::from_secs(30))
    }
}

impl<S> Layer<S> for AttemptTimeoutLayer {
    type Service = AttemptTimeout<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AttemptTimeout::new(inner, self.timeout)
    }
}
