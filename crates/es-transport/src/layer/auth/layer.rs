use std::{fmt, sync::Arc};

use tower::Layer;

use super::{cache::Cache, provider::CredentialsProvider, service::Auth};
use crate::credentials::Credentials;

/// Authenticates requests; see the [module](super).
///
/// The services that one layer makes share what its provider gave.
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

impl Source {
    pub(super) fn fixed(credentials: Credentials) -> Self {
        Self::Fixed(Arc::new(credentials))
    }
}

impl AuthLayer {
    /// The same credentials for every request.
    pub fn new(credentials: Credentials) -> Self {
        Self { source: Source::fixed(credentials) }
    }

    /// No credentials but those of a request's options.
    pub fn none() -> Self {
        Self { source: Source::None }
    }

    /// Credentials that a provider makes.
    pub fn provider(provider: impl CredentialsProvider) -> Self {
        Self { source: Source::Provider(Arc::new(Cache::new(provider))) }
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
