use tower::Layer;

use super::service::Collect;

/// A layer that reads responses to their end; see the [module](super).
#[derive(Clone, Copy, Debug)]
pub struct CollectLayer {
    limit: Option<usize>,
}

impl CollectLayer {
    /// Creates a layer with a limit of 512 MiB.
    pub fn new() -> Self {
        Self {
            limit: Some(512 << 20),
        }
    }

    /// Sets the maximum size of a response in bytes; `None` means no limit. Default:
    /// 512 MiB.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use es_transport::layer::CollectLayer;
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # tokio_test::block_on(async {
    /// let large = service_fn(async |_: Request<()>| {
    ///     Ok::<_, Infallible>(Response::new("x".repeat(1_001)))
    /// });
    /// let service = CollectLayer::new().max_response_size(1_000).layer(large);
    /// assert!(service.oneshot(Request::new(())).await.unwrap_err().is_body());
    /// # });
    /// ```
    #[must_use]
    pub fn max_response_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
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
