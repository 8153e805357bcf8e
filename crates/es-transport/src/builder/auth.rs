//! Who requests are sent as.

use super::TransportBuilder;
use crate::{
    credentials::{Credentials, IntoApiKey},
    error::{Error, Result},
    layer::auth::{AuthLayer, CredentialsProvider},
};

/// Authentication. One kind only; each can be overridden per request by
/// [`RequestOptions::auth`](crate::RequestOptions::auth).
impl<T> TransportBuilder<T> {
    /// HTTP Basic authentication.
    pub fn basic_auth(self, username: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        self.auth("basic_auth", Credentials::basic(username, password).map(AuthLayer::new))
    }

    /// A bearer token: of a service account, or an OAuth2 access token.
    pub fn bearer_auth(self, token: impl AsRef<str>) -> Self {
        self.auth("bearer_auth", Credentials::bearer(token).map(AuthLayer::new))
    }

    /// An API key: encoded as Elasticsearch gives it, or as `(id, api_key)`.
    pub fn api_key(self, key: impl IntoApiKey) -> Self {
        self.auth("api_key", key.into_credentials().map(AuthLayer::new))
    }

    /// Credentials of any kind.
    pub fn credentials(self, credentials: Credentials) -> Self {
        self.auth("credentials", Ok(AuthLayer::new(credentials)))
    }

    /// Credentials that are made when they are needed, kept while they last, and
    /// made anew once when the server refuses them (401).
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
