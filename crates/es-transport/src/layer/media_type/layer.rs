use std::sync::Arc;

use tower::Layer;

use super::{
    mode::CompatibilityMode,
    negotiate::{Negotiation, Shared},
    service::MediaType,
    types::Types,
};

/// A layer that sets the media types; see the [module](super).
///
/// All services that one layer creates share the negotiated version.
#[derive(Clone, Debug)]
pub struct MediaTypeLayer {
    shared: Arc<Shared>,
}

impl MediaTypeLayer {
    /// Creates a layer with a compatibility mode. The default mode is `Fixed(9)`; see
    /// [`CompatibilityMode::from_env`] for the environment variable that overrides it.
    ///
    /// ```
    /// use es_transport::{CompatibilityMode, layer::MediaTypeLayer};
    ///
    /// let layer = MediaTypeLayer::new(CompatibilityMode::Off);
    /// ```
    pub fn new(mode: CompatibilityMode) -> Self {
        let is_negotiated = mode == CompatibilityMode::Negotiated;
        let negotiation = is_negotiated.then(|| Arc::new(Negotiation::new()));
        Self {
            shared: Arc::new(Shared {
                types: Types::of(mode),
                negotiation,
            }),
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
