use std::{future::Future, pin::Pin, time::Duration};

use crate::{credentials::Credentials, error::BoxError};

/// The future of [`CredentialsProvider::credentials`].
pub type ProviderFuture<'a> = Pin<Box<dyn Future<Output = Result<Provided, BoxError>> + Send + 'a>>;

/// A source of credentials, such as a token endpoint, a vault or a file.
///
/// Calls do not overlap, and results are cached by the caller. Functions and closures
/// that return a future of [`Credentials`] or [`Provided`] are providers.
///
/// ```
/// use es_transport::{Credentials, layer::auth::{CredentialsProvider, ProviderFuture}};
///
/// struct TokenFile(std::path::PathBuf);
///
/// impl CredentialsProvider for TokenFile {
///     fn credentials(&self) -> ProviderFuture<'_> {
///         Box::pin(async {
///             let token = std::fs::read_to_string(&self.0)?;
///             Ok(Credentials::bearer(token.trim())?.into())
///         })
///     }
/// }
/// ```
pub trait CredentialsProvider: Send + Sync + 'static {
    /// Returns fresh credentials.
    ///
    /// # Errors
    /// May return any error. It is shown to the user and must not contain a secret.
    fn credentials(&self) -> ProviderFuture<'_>;
}

impl<F, Fut, C, E> CredentialsProvider for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C, E>> + Send + 'static,
    C: Into<Provided>,
    E: Into<BoxError>,
{
    fn credentials(&self) -> ProviderFuture<'_> {
        let future = self();
        Box::pin(async { future.await.map(Into::into).map_err(Into::into) })
    }
}

/// Credentials and the time for which they are valid.
#[derive(Clone, Debug)]
pub struct Provided {
    pub(super) credentials: Credentials,
    pub(super) expires_in: Option<Duration>,
}

impl Provided {
    /// Sets the time for which the credentials are valid, starting now. Default: until a server
    /// rejects them.
    ///
    /// ```
    /// # use std::{sync::atomic::{AtomicU32, Ordering::Relaxed}, time::Duration};
    /// use es_transport::{BoxError, Credentials, layer::auth::{AuthLayer, Provided}};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// static FETCHES: AtomicU32 = AtomicU32::new(0);
    /// let layer = AuthLayer::provider(|| async {
    ///     let token = Credentials::bearer(format!("token-{}", FETCHES.fetch_add(1, Relaxed)))?;
    ///     Ok::<_, BoxError>(Provided::from(token).expires_in(Duration::from_secs(60)))
    /// });
    /// let service = layer.layer(service_fn(async |_| Ok::<_, BoxError>(Response::new(()))));
    /// for _ in 0..4 {
    ///     assert!(service.clone().oneshot(Request::new(())).await.is_ok());
    ///     tokio::time::sleep(Duration::from_secs(25)).await;
    /// }
    /// assert_eq!(FETCHES.load(Relaxed), 2);
    /// # }
    /// ```
    #[must_use]
    pub fn expires_in(mut self, duration: Duration) -> Self {
        self.expires_in = Some(duration);
        self
    }
}

impl From<Credentials> for Provided {
    fn from(credentials: Credentials) -> Self {
        Self {
            credentials,
            expires_in: None,
        }
    }
}
