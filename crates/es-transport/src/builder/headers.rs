//! Headers, media type, compression and the product check.

use super::TransportBuilder;
use crate::{
    error::Error,
    layer::{media_type::CompatibilityMode, response_check::ProductCheck},
};

/// Headers and bodies.
impl<T> TransportBuilder<T> {
    /// A header of every request. Default: `User-Agent` and client meta.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.headers(|headers| headers.header(name, value))
    }

    /// Who the requests are from. Default: this library and its version.
    pub fn user_agent(self, value: impl AsRef<str>) -> Self {
        self.headers(|headers| headers.user_agent(value))
    }

    /// `X-Opaque-Id` of every request: shows up in Elasticsearch's logs and tasks.
    pub fn opaque_id(self, value: impl AsRef<str>) -> Self {
        self.headers(|headers| headers.opaque_id(value))
    }

    /// Whether `x-elastic-client-meta` is sent: the versions of client, compiler
    /// and transport. Default: yes.
    pub fn meta_header(self, enabled: bool) -> Self {
        self.headers(|headers| Ok(headers.client_meta(enabled)))
    }

    /// Names the client on top of the transport in `User-Agent` and client meta.
    pub fn client(self, name: &str, version: &str) -> Self {
        let agent = format!("{name}/{version} (Rust; es-transport/{})", env!("CARGO_PKG_VERSION"));
        self.headers(|headers| headers.user_agent(agent)).headers(|h| Ok(h.client_version(version)))
    }

    /// Which major version's answers are asked for. Default:
    /// [`CompatibilityMode::Fixed(9)`](CompatibilityMode::Fixed), unless the
    /// environment's `ELASTIC_CLIENT_APIVERSIONING` says otherwise.
    pub fn compatibility_mode(self, mode: CompatibilityMode) -> Self {
        self.set(|settings| settings.compatibility = Some(mode))
    }

    /// What happens when a server does not prove to be Elasticsearch. Default: an error.
    pub fn product_check(self, verification: ProductCheck) -> Self {
        self.set(|settings| settings.product = verification)
    }

    /// Whether request bodies are compressed and compressed answers are asked
    /// for (gzip). Default: no; yes with a Cloud ID.
    pub fn http_compress(self, compress: bool) -> Self {
        self.set(|settings| settings.compress = Some(compress))
    }

    /// The level of compression, from 1 (fast, the default) to 9 (small).
    pub fn compression_level(self, level: u32) -> Self {
        self.try_set(|settings| {
            if !(1..=9).contains(&level) {
                return Err(Error::config("compression_level", "it must be between 1 and 9"));
            }
            settings.compression = settings.compression.level(level);
            Ok(())
        })
    }

    /// The size in bytes from which a request body is compressed. Default: 1,024.
    pub fn compression_threshold(self, bytes: usize) -> Self {
        self.set(|settings| settings.compression = settings.compression.threshold(bytes))
    }

    /// The most bytes that an answer may have, inflated; `None` for no limit.
    /// Default: 512 MiB for answers that are collected.
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
