use std::time::Duration;

use tower::Layer;

use super::service::TotalTimeout;

/// Gives a request with all its attempts a deadline; see the [module page](super).
#[derive(Clone, Copy, Debug)]
pub struct TotalTimeoutLayer {
    timeout: Option<Duration>,
}

impl TotalTimeoutLayer {
    /// Each request has this time, with all its attempts; `None` is without end. A
    /// request's own options are respected in any case.
    pub fn new(timeout: impl Into<Option<Duration>>) -> Self {
        Self { timeout: timeout.into() }
    }
}

impl Default for TotalTimeoutLayer {
    /// No deadline.
    fn default() -> Self {
        Self::new(None)
    }
}

impl<S> Layer<S> for TotalTimeoutLayer {
    type Service = TotalTimeout<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TotalTimeout::new(inner, self.timeout)
    }
}
