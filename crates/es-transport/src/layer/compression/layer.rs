use tower::Layer;

use super::service::Compression;

/// A layer that compresses request bodies; see the [module](super).
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
    /// Creates a layer that compresses bodies of at least 1 KiB with gzip level 1.
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

    /// Sets the minimum size in bytes of bodies that are compressed. Default: 1,024.
    #[must_use]
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// Returns the compression level; `None` if bodies are not compressed.
    pub fn compresses(&self) -> Option<u32> {
        self.enabled.then_some(self.level)
    }

    /// Sets the compression level, from 1 (fastest) to 9 (smallest). Other values are
    /// clamped. Default: 1.
    ///
    /// ```
    /// use es_transport::layer::CompressionLayer;
    ///
    /// assert_eq!(CompressionLayer::new().level(6).compresses(), Some(6));
    /// assert_eq!(CompressionLayer::new().level(12).compresses(), Some(9));
    /// assert_eq!(CompressionLayer::new().enabled(false).compresses(), None);
    /// ```
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
