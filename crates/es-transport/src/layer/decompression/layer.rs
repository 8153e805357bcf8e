use http::{HeaderMap, HeaderValue, header};
use tower::Layer;

use super::service::Decompression;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// A layer that decompresses responses; see the [module](super).
#[derive(Clone, Copy, Debug)]
pub struct DecompressionLayer {
    is_enabled: bool,
    pub(super) limit: Option<usize>,
}

impl DecompressionLayer {
    /// Creates a layer that requests gzip and decompresses up to 512 MiB.
    pub fn new() -> Self {
        Self {
            is_enabled: true,
            limit: Some(512 << 20),
        }
    }

    /// Sets whether requests ask for gzip. Default: `true`. Compressed responses are
    /// decompressed in any case.
    ///
    /// ```
    /// use es_transport::{Body, layer::DecompressionLayer};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # tokio_test::block_on(async {
    /// let backend = service_fn(async |request: Request<()>| {
    ///     Response::builder().status(200).body(Body::from(format!("{:?}", request.headers())))
    /// });
    /// let asks = DecompressionLayer::new().layer(backend).oneshot(Request::new(())).await?;
    /// assert_eq!(asks.into_body().bytes().await?, r#"{"accept-encoding": "gzip"}"#);
    ///
    /// let plain = DecompressionLayer::new().accept_gzip(false).layer(backend);
    /// assert_eq!(plain.oneshot(Request::new(())).await?.into_body().bytes().await?, "{}");
    /// # Ok::<(), es_transport::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn accept_gzip(mut self, accept: bool) -> Self {
        self.is_enabled = accept;
        self
    }

    /// Sets the maximum size of a decompressed response in bytes; `None` means no
    /// limit. Default: 512 MiB.
    ///
    /// ```
    /// use es_transport::layer::DecompressionLayer;
    ///
    /// let layer = DecompressionLayer::new().max_response_size(64 << 20);
    /// ```
    #[must_use]
    pub fn max_response_size(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.limit = bytes.into();
        self
    }

    pub(super) fn write_accept_encoding(&self, headers: &mut HeaderMap) {
        // To enter something may make room for it, needed or not.
        if self.is_enabled && !headers.contains_key(header::ACCEPT_ENCODING) {
            headers.insert(header::ACCEPT_ENCODING, GZIP);
        }
    }
}

impl Default for DecompressionLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for DecompressionLayer {
    type Service = Decompression<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Decompression::new(inner, *self)
    }
}
