use std::{fmt, sync::Arc};

use tower::Layer;

use super::{cache::Cache, provider::CredentialsProvider, service::Auth};
use crate::credentials::Credentials;

/// A layer that authenticates requests; see the [module](super).
///
/// All services that one layer creates share the credentials of its provider.
#[derive(Clone)]
pub struct AuthLayer {
    source: Source,
}

#[derive(Clone)]
pub(super) enum Source {
    None,
    Fixed(Arc<Credentials>),
    Provider(Arc<Cache>),
}

impl AuthLayer {
    /// Creates a layer that sends the same credentials with every request.
    ///
    /// ```
    /// use es_transport::{Credentials, layer::AuthLayer};
    ///
    /// let layer = AuthLayer::new(Credentials::basic("elastic", "changeme")?);
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn new(credentials: Credentials) -> Self {
        Self {
            source: Source::Fixed(Arc::new(credentials)),
        }
    }

    /// Creates a layer without credentials: only those in the options of a request are
    /// sent.
    ///
    /// ```
    /// use std::{convert::Infallible, sync::Arc};
    /// use es_transport::{Credentials, RequestAuth, RequestOptions, layer::AuthLayer};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # tokio_test::block_on(async {
    /// let service = AuthLayer::none().layer(service_fn(async |request: Request<()>| {
    ///     Ok::<_, Infallible>(Response::new(request.headers().get("authorization").cloned()))
    /// }));
    /// let mut request = Request::new(());
    /// let tenant = RequestAuth::Credentials(Credentials::api_key("VGVuYW50Nzp1aTJscDI=")?);
    /// Arc::new(RequestOptions::new().auth(tenant)).attach(&mut request);
    /// let response = service.oneshot(request).await?;
    /// assert_eq!(response.body().as_ref().unwrap(), "ApiKey VGVuYW50Nzp1aTJscDI=");
    /// # Ok::<(), es_transport::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn none() -> Self {
        Self {
            source: Source::None,
        }
    }

    /// Creates a layer whose credentials come from a provider.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::{Credentials, layer::auth::{AuthLayer, Provided}};
    ///
    /// # async fn fetch_token() -> es_transport::Result<String> { Ok("t".into()) }
    /// let layer = AuthLayer::provider(|| async {
    ///     let token = fetch_token().await?;
    ///     Ok::<_, es_transport::BoxError>(
    ///         Provided::from(Credentials::bearer(token)?).expires_in(Duration::from_secs(300)),
    ///     )
    /// });
    /// ```
    pub fn provider(provider: impl CredentialsProvider) -> Self {
        Self {
            source: Source::Provider(Arc::new(Cache::new(provider))),
        }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Auth::new(inner, self.source.clone())
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Fixed(credentials) => credentials.fmt(f),
            Self::Provider(_) => f.write_str("Provider"),
        }
    }
}

impl fmt::Debug for AuthLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthLayer").field(&self.source).finish()
    }
}
