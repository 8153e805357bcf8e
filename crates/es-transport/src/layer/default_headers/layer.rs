use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tower::Layer;

use super::{client_meta, service::DefaultHeaders};
use crate::{
    credentials::secret_value,
    error::{Error, Result},
};

const CLIENT_META: HeaderName = HeaderName::from_static("x-elastic-client-meta");
pub(super) const OPAQUE_ID: HeaderName = HeaderName::from_static("x-opaque-id");

/// A layer that adds headers to every request; see the [module](super).
///
/// ```
/// use es_transport::layer::DefaultHeadersLayer;
///
/// let layer = DefaultHeadersLayer::new()
///     .user_agent("billing/4.2")?
///     .opaque_id("billing")?
///     .header("accept-language", "de")?;
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Clone)]
pub struct DefaultHeadersLayer {
    defaults: Arc<HeaderMap>,
}

impl DefaultHeadersLayer {
    /// Creates a layer with the `User-Agent` and client meta of this crate.
    pub fn new() -> Self {
        let mut headers = HeaderMap::new();
        let agent = format!(
            "es-transport/{} (Rust; {} {})",
            client_meta::TRANSPORT,
            std::env::consts::OS,
            std::env::consts::ARCH
        );
        insert_known(&mut headers, header::USER_AGENT, agent);
        insert_known(
            &mut headers,
            CLIENT_META,
            client_meta::value(client_meta::TRANSPORT),
        );
        Self {
            defaults: Arc::new(headers),
        }
    }

    /// Creates a layer without headers.
    pub fn empty() -> Self {
        Self {
            defaults: Arc::default(),
        }
    }

    /// Sets the `User-Agent`, instead of this crate's name.
    ///
    /// # Errors
    /// Returns an error if the value is empty or contains characters other than visible
    /// ASCII and spaces.
    pub fn user_agent(mut self, value: impl AsRef<str>) -> Result<Self> {
        let value = checked("user_agent", value.as_ref())?;
        self.edit().insert(header::USER_AGENT, value);
        Ok(self)
    }

    /// Sets whether the header `x-elastic-client-meta` is sent, which contains the
    /// versions of client, compiler and transport and nothing about the user. Default:
    /// `true`.
    #[must_use]
    pub fn client_meta(mut self, enabled: bool) -> Self {
        if enabled {
            insert_known(
                self.edit(),
                CLIENT_META,
                client_meta::value(client_meta::TRANSPORT),
            );
        } else {
            self.edit().remove(CLIENT_META);
        }
        self
    }

    /// Sets the version of the client that uses the transport, which is `es=` in
    /// `x-elastic-client-meta`, and enables that header. Default: the version of this crate.
    #[must_use]
    pub fn client_version(mut self, version: &str) -> Self {
        insert_known(self.edit(), CLIENT_META, client_meta::value(version));
        self
    }

    /// Sets `X-Opaque-Id`, which Elasticsearch includes in its logs and tasks.
    ///
    /// # Errors
    /// Returns the errors of [`user_agent`](Self::user_agent).
    pub fn opaque_id(mut self, value: impl AsRef<str>) -> Result<Self> {
        let value = checked("opaque_id", value.as_ref())?;
        self.edit().insert(OPAQUE_ID, value);
        Ok(self)
    }

    /// Sets any other header. A second value for the same name replaces the first. The value
    /// is treated as a secret and never shown.
    ///
    /// # Errors
    /// Returns an error if the name is not valid, or if the value is empty or contains
    /// characters other than visible ASCII and spaces.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Result<Self> {
        let name = HeaderName::from_bytes(name.as_ref().as_bytes())
            .map_err(|_| Error::config("headers", "a name is not the name of a header"))?;
        let value = value.as_ref();
        let value = is_visible(value).then(|| secret_value(value)).flatten();
        let value = value.ok_or_else(|| {
            Error::config(
                "headers",
                format!("the value of `{name}` must be visible ASCII"),
            )
        })?;
        self.edit().insert(name, value);
        Ok(self)
    }

    /// Whether the layer adds a header of this name.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.defaults.contains_key(name)
    }

    fn edit(&mut self) -> &mut HeaderMap {
        Arc::make_mut(&mut self.defaults)
    }
}

/// A value that this crate wrote and that cannot be wrong; if it were, the
/// header would be left out.
fn insert_known(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// Visible ASCII and spaces: what every server and proxy passes on unchanged.
fn is_visible(value: &str) -> bool {
    !value.trim().is_empty() && value.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

fn checked(setting: &'static str, value: &str) -> Result<HeaderValue> {
    let wrong = || Error::config(setting, "the value must be visible ASCII and not empty");
    if !is_visible(value) {
        return Err(wrong());
    }
    HeaderValue::from_str(value).map_err(|_| wrong())
}

impl Default for DefaultHeadersLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for DefaultHeadersLayer {
    type Service = DefaultHeaders<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DefaultHeaders::new(inner, Arc::clone(&self.defaults))
    }
}

impl fmt::Debug for DefaultHeadersLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.defaults.keys().collect();
        f.debug_struct("DefaultHeadersLayer")
            .field("headers", &names)
            .finish()
    }
}
