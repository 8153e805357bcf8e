use http::{HeaderMap, HeaderValue, header};
use tower::Layer;

use super::service::Inflate;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// Inflates answers; see the [module](super).
#[derive(Clone, Copy, Debug)]
pub struct InflateLayer {
    pub(super) ask: bool,
    pub(super) limit: Option<usize>,
}

impl InflateLayer {
    /// Asks for gzip, and inflates up to 512 MiB.
    pub fn new() -> Self {
        Self { ask: true, limit: Some(512 << 20) }
    }

    /// Whether requests ask for gzip (default: yes). An answer that comes
    /// compressed all the same is inflated.
    #[must_use]
    pub fn ask(mut self, ask: bool) -> Self {
        self.ask = ask;
        self
    }

    /// The most bytes that an answer may inflate to (default: 512 MiB); `None`
    /// switches the limit off.
    #[must_use]
    pub fn limit(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.limit = bytes.into();
        self
    }

    pub(super) fn ask_for_gzip(&self, headers: &mut HeaderMap) {
        // To enter something may make room for it, needed or not.
        if self.ask && !headers.contains_key(header::ACCEPT_ENCODING) {
            headers.insert(header::ACCEPT_ENCODING, GZIP);
        }
    }
}

impl Default for InflateLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for InflateLayer {
    type Service = Inflate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Inflate::new(inner, *self)
    }
}
