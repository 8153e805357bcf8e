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
