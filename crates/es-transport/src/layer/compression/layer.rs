use tower::Layer;

use super::service::Compression;

/// Compresses the bodies of requests; see the [module](super).
///
/// ```
/// use es_transport::layer::CompressionLayer;
///
/// let layer = CompressionLayer::new().threshold(16_384).level(6);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CompressionLayer {
    pub(super) enabled: bool,
    pub(super) threshold: usize,
    pub(super) level: u32,
}

impl CompressionLayer {
    /// Creates a layer that compresses bodies of at least 1 KiB with gzip at level 1.
    pub fn new() -> Self {
        Self {
            enabled: true,
            threshold: 1024,
            level: 1,
        }
    }

    /// Sets whether bodies are compressed. Default: `true`.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Sets the size in bytes from which a body is compressed. Default: 1,024.
    #[must_use]
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// Returns the level at which bodies are compressed; `None` if they are not.
    pub fn compresses(&self) -> Option<u32> {
        self.enabled.then_some(self.level)
    }

    /// Sets the level, from 1 (fast) to 9 (small); other values are clamped. Default: 1.
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
