use std::sync::Arc;

use http::HeaderMap;
use tower::Layer;

use super::{
    mode::CompatibilityMode,
    negotiate::{Negotiation, Shared},
    service::MediaType,
    types::Types,
};

/// Writes the media types; see the [module](super).
///
/// The services that one layer makes share what was negotiated.
#[derive(Clone, Debug)]
pub struct MediaTypeLayer {
    shared: Arc<Shared>,
}

impl MediaTypeLayer {
    /// A layer in this mode. The default is `Fixed(9)`; see
    /// [`CompatibilityMode::from_env`] for the environment's say in it.
    pub fn new(mode: CompatibilityMode) -> Self {
        let negotiation = (mode == CompatibilityMode::Negotiated).then(Negotiation::new);
        Self { shared: Arc::new(Shared { mode, types: Types::of(mode), negotiation }) }
    }

    /// Adds to the headers of a request without a body what this layer would,
    /// unless that depends on what is learned from servers.
    pub(crate) fn prepare(&self, headers: &mut HeaderMap) {
        if self.shared.negotiation.is_none() {
            self.shared.types.write(headers, false);
        }
    }
}

impl Default for MediaTypeLayer {
    fn default() -> Self {
        Self::new(CompatibilityMode::default())
    }
}

impl<S> Layer<S> for MediaTypeLayer {
    type Service = MediaType<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MediaType::new(inner, Arc::clone(&self.shared))
    }
}
