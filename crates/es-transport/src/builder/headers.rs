//! Headers, media type, compression and the product check.

use super::TransportBuilder;
use crate::{
    error::Error,
    layer::{media_type::CompatibilityMode, response_check::ProductCheck},
};

/// Headers and bodies.
impl<T> TransportBuilder<T> {
    /// Sets a header of every request. It replaces a default header of the same name.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .header("Accept-Language", "de")
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.headers(|headers| headers.header(name, value))
    }

    /// Sets the `User-Agent` header. Default: the name and version of this library.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .user_agent("billing/4.2")
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn user_agent(self, value: impl AsRef<str>) -> Self {
        self.headers(|headers| headers.user_agent(value))
    }

    /// Sets the `X-Opaque-Id` header of every request, which Elasticsearch includes in its
    /// logs and tasks. Default: none.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .opaque_id("billing")
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn opaque_id(self, value: impl AsRef<str>) -> Self {
        self.headers(|headers| headers.opaque_id(value))
    }

    /// Sets a function that adds headers such as `traceparent` to each attempt. It is
    /// called within the [span](crate::layer::trace) of the attempt. Default: none.
    ///
    /// ```
    /// use es_transport::Transport;
    /// use http::HeaderValue;
    ///
    /// let transport = Transport::builder()
    ///     .node("http://localhost:9200")
    ///     .propagate(|headers| {
    ///         // With OpenTelemetry: inject the context of `tracing::Span::current()`.
    ///         let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    ///         headers.insert("traceparent", HeaderValue::from_static(parent));
    ///     })
    ///     .build()?;
    /// # let _ = transport;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn propagate(self, headers: impl Fn(&mut http::HeaderMap) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.propagate = Some(std::sync::Arc::new(headers)))
    }

    /// Sets whether the header `x-elastic-client-meta` is sent, which contains the
    /// versions of client, compiler and transport. Default: `true`.
    pub fn meta_header(self, enabled: bool) -> Self {
        self.headers(|headers| Ok(headers.client_meta(enabled)))
    }

    /// Sets the name and version of the client that uses this transport, for
    /// `User-Agent` and `x-elastic-client-meta`.
    ///
    /// ```
    /// use es_transport::{Body, Transport};
    /// use http::{Request, Response};
    ///
    /// # tokio_test::block_on(async {
    /// let transport = Transport::builder()
    ///     .node("http://localhost:9200")
    ///     .client("billing-search", "4.2.0")
    ///     .http_service(tower::service_fn(async |request: Request<Body>| {
    ///         let agent = request.headers()["user-agent"].to_str().unwrap_or_default();
    ///         assert!(agent.starts_with("billing-search/4.2.0 (Rust; es-transport/"));
    ///         Response::builder().header("x-elastic-product", "Elasticsearch").body(Body::empty())
    ///     }))
    ///     .build()?;
    /// assert!(transport.send(Request::new(Body::empty())).await?.status().is_success());
    /// # Ok::<(), es_transport::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn client(self, name: &str, version: &str) -> Self {
        let agent = format!(
            "{name}/{version} (Rust; es-transport/{})",
            env!("CARGO_PKG_VERSION")
        );
        self.headers(|headers| headers.user_agent(agent))
            .headers(|h| Ok(h.client_version(version)))
    }

    /// Sets the major version of Elasticsearch whose request and response formats are used.
    /// Default: [`CompatibilityMode::Fixed(9)`](CompatibilityMode::Fixed), unless the
    /// environment variable `ELASTIC_CLIENT_APIVERSIONING` is `false`, which selects
    /// [`CompatibilityMode::Off`].
    ///
    /// ```
    /// use es_transport::{CompatibilityMode, Transport};
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .compatibility_mode(CompatibilityMode::Fixed(8))
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn compatibility_mode(self, mode: CompatibilityMode) -> Self {
        self.set(|settings| settings.compatibility = Some(mode))
    }

    /// Sets the reaction to a server that does not identify itself as Elasticsearch.
    /// Default: [`ProductCheck::Enforce`], which makes the request fail.
    ///
    /// ```
    /// use es_transport::{Transport, layer::response_check::ProductCheck};
    ///
    /// // For OpenSearch.
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .product_check(ProductCheck::Off)
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn product_check(self, verification: ProductCheck) -> Self {
        self.set(|settings| settings.product = verification)
    }

    /// Sets whether request bodies are compressed with gzip and gzip responses are
    /// accepted. Default: `false`; `true` with a Cloud ID.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .http_compress(true)
    ///     .compression_level(6)
    ///     .compression_threshold(10_000)
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn http_compress(self, compress: bool) -> Self {
        self.set(|settings| settings.compress = Some(compress))
    }

    /// Sets the compression level, from 1 (fastest) to 9 (smallest). Default: 1.
    ///
    /// ```
    /// use es_transport::Transport;
    ///
    /// let builder = || Transport::builder().node("http://localhost:9200").http_compress(true);
    /// let transport = builder().compression_level(6).build()?;
    /// assert_eq!(transport.compression(), Some(6));
    ///
    /// let error = builder().compression_level(10).build().unwrap_err();
    /// assert_eq!(error.setting(), Some("compression_level"));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn compression_level(self, level: u32) -> Self {
        self.try_set(|settings| {
            if !(1..=9).contains(&level) {
                return Err(Error::config(
                    "compression_level",
                    "it must be between 1 and 9",
                ));
            }
            settings.compression = settings.compression.level(level);
            Ok(())
        })
    }

    /// Sets the minimum size in bytes of request bodies that are compressed. Default:
    /// 1,024.
    pub fn compression_threshold(self, bytes: usize) -> Self {
        self.set(|settings| settings.compression = settings.compression.threshold(bytes))
    }

    /// Sets the maximum size of a response in bytes, after decompression; `None` means no
    /// limit. A larger response is an error. Default: 512 MiB. It does not apply to streamed
    /// responses.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .max_response_size(16 << 20)
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn max_response_size(self, bytes: impl Into<Option<usize>>) -> Self {
        let bytes = bytes.into();
        self.set(|settings| settings.max_response_size = bytes)
    }

    fn headers(
        self,
        change: impl FnOnce(
            crate::layer::default_headers::DefaultHeadersLayer,
        )
            -> crate::Result<crate::layer::default_headers::DefaultHeadersLayer>,
    ) -> Self {
        self.try_set(|settings| {
            settings.headers = change(settings.headers.clone())?;
            Ok(())
        })
    }
}
