//! Authentication.

use super::TransportBuilder;
use crate::{
    credentials::{Credentials, IntoApiKey},
    error::{Error, Result},
    layer::auth::{AuthLayer, CredentialsProvider},
};

/// Authentication. One kind only; each can be overridden per request by
/// [`RequestOptions::auth`](crate::RequestOptions::auth).
impl<T> TransportBuilder<T> {
    /// Sets a user name and a password (HTTP Basic authentication).
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .basic_auth("elastic", "changeme")
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn basic_auth(self, username: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        self.auth(
            "basic_auth",
            Credentials::basic(username, password).map(AuthLayer::new),
        )
    }

    /// Sets a bearer token: a service account token or an OAuth2 access token.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .bearer_auth("AAEAAWVsYXN0aWM")
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn bearer_auth(self, token: impl AsRef<str>) -> Self {
        self.auth(
            "bearer_auth",
            Credentials::bearer(token).map(AuthLayer::new),
        )
    }

    /// Sets an API key: in the `encoded` form that Elasticsearch returns, or as
    /// `(id, api_key)`.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .api_key(("VuaCfGcBCdbkQm-e5aOx", "ui2lp2axTNmsyakw9tvNnw"))
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn api_key(self, key: impl IntoApiKey) -> Self {
        self.auth("api_key", key.into_credentials().map(AuthLayer::new))
    }

    /// Sets credentials of any kind.
    ///
    /// ```
    /// use es_transport::{Credentials, Transport};
    ///
    /// // A proxy that expects another authentication scheme.
    /// let token = Credentials::raw("Negotiate YIIFugYGKwYBBQUC")?;
    /// let builder = Transport::builder().node("https://localhost:9200").credentials(token);
    ///
    /// // Only one kind of credentials can be set.
    /// let error = builder.basic_auth("elastic", "changeme").build().unwrap_err();
    /// assert_eq!(error.setting(), Some("basic_auth"));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn credentials(self, credentials: Credentials) -> Self {
        self.auth("credentials", Ok(AuthLayer::new(credentials)))
    }

    /// Sets a provider that returns credentials on demand. They are cached until they
    /// expire, and fetched again once if the server rejects them (401). See
    /// [`CredentialsProvider`].
    ///
    /// ```
    /// use es_transport::{Body, BoxError, Credentials, Transport};
    /// use http::{Request, Response};
    ///
    /// # tokio_test::block_on(async {
    /// let transport = Transport::builder()
    ///     .node("http://localhost:9200")
    ///     .credentials_provider(|| async {
    ///         Ok::<_, BoxError>(Credentials::bearer("a-fresh-token")?)
    ///     })
    ///     .http_service(tower::service_fn(async |request: Request<Body>| {
    ///         assert_eq!(request.headers()["authorization"], "Bearer a-fresh-token");
    ///         Response::builder().header("x-elastic-product", "Elasticsearch").body(Body::empty())
    ///     }))
    ///     .build()?;
    /// assert!(transport.send(Request::new(Body::empty())).await?.status().is_success());
    /// # Ok::<(), es_transport::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn credentials_provider(self, provider: impl CredentialsProvider) -> Self {
        self.auth("credentials_provider", Ok(AuthLayer::provider(provider)))
    }

    fn auth(self, setting: &'static str, auth: Result<AuthLayer>) -> Self {
        self.try_set(|settings| {
            if settings.auth.replace(auth?).is_some() {
                return Err(Error::config(setting, "credentials are given twice"));
            }
            Ok(())
        })
    }
}
