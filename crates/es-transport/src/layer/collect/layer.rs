use tower::Layer;

use super::service::Collect;

/// Reads answers to their end; see the [module page](super).
#[derive(Clone, Copy, Debug)]
pub struct CollectLayer {
    limit: Option<usize>,
}

impl CollectLayer {
    /// Reads answers of up to 512 MiB.
    pub fn new() -> Self {
        Self { limit: Some(512 << 20) }
    }

    /// The most bytes that an answer may have; `None` is without limit.
    #[must_use]
    pub fn limit(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.limit = bytes.into();
        self
    }
}

impl Default for CollectLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for CollectLayer {
    type Service = Collect<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Collect::new(inner, self.limit)
    }
}
