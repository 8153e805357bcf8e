use tower::Layer;

use super::service::Compression;

/// Compresses the bodies of requests; see the [module](super).
#[derive(Clone, Copy, Debug)]
pub struct CompressionLayer {
    pub(super) enabled: bool,
    pub(super) threshold: usize,
    pub(super) level: u32,
}

impl CompressionLayer {
    /// gzip at level 1, for bodies of 1 KiB and more.
    pub fn new() -> Self {
        Self { enabled: true, threshold: 1024, level: 1 }
    }

    /// Whether anything is compressed (default: yes).
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// The size in bytes from which a body is compressed (default: 1024).
    #[must_use]
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// The level at which bodies are compressed; `None` if none are.
    pub fn compresses(&self) -> Option<u32> {
        self.enabled.then_some(self.level)
    }

    /// From 1 (fast, the default) to 9 (small); what is outside is taken for
    /// the nearest.
    #[must_use]
    pub fn level(mut self, level: u32) -> Self {
        self.level = level.clamp(1, 9);
        self
    }
}

impl Default for CompressionLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for CompressionLayer {
    type Service = Compression<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Compression::new(inner, *self)
    }
}
