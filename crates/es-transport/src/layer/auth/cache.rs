//! The credentials that a provider returned, and the one fetch that may be running.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwapOption;
use tokio::{sync::Mutex, time::Instant};

use super::provider::CredentialsProvider;
use crate::{
    credentials::Credentials,
    error::{BoxError, Error, Result},
};

pub(super) struct Cache {
    provider: Box<dyn CredentialsProvider>,
    cached: ArcSwapOption<Cached>,
    /// Number of fetches that have ended.
    fetches: AtomicU64,
    /// Held during a fetch; the error of the last one, if it failed.
    fetching: Mutex<Option<Failure>>,
}

struct Cached {
    credentials: Credentials,
    expires: Option<Instant>,
}

impl Cache {
    pub fn new(provider: impl CredentialsProvider) -> Self {
        Self {
            provider: Box::new(provider),
            cached: ArcSwapOption::empty(),
            fetches: AtomicU64::new(0),
            fetching: Mutex::new(None),
        }
    }

    /// Returns the cached credentials, unless they have expired.
    pub fn get(&self) -> Option<Credentials> {
        let cached = self.cached.load();
        let cached = cached.as_ref()?;
        let expired = cached
            .expires
            .is_some_and(|expires| expires <= Instant::now());
        (!expired).then(|| cached.credentials.clone())
    }

    /// Forgets these credentials, if they are still cached.
    pub fn invalidate(&self, refused: &Credentials) {
        let cached = self.cached.load();
        if cached
            .as_ref()
            .is_some_and(|cached| cached.credentials == *refused)
        {
            // Another fetch may have ended meanwhile: its result stays.
            self.cached.compare_and_swap(&*cached, None);
        }
    }

    /// Returns the cached credentials, or fetches them. There is one fetch at a time; callers
    /// that waited for it get its result, including its error.
    pub async fn get_or_fetch(&self) -> Result<Credentials> {
        let seen = self.fetches.load(Ordering::Acquire);
        let mut failure = self.fetching.lock().await;
        if let Some(credentials) = self.get() {
            return Ok(credentials);
        }
        if self.fetches.load(Ordering::Acquire) != seen
            && let Some(failure) = &*failure
        {
            return Err(failure.to_error());
        }
        let result = self.provider.credentials().await;
        self.fetches.fetch_add(1, Ordering::Release);
        match result {
            Ok(provided) => {
                *failure = None;
                let credentials = provided.credentials;
                // A duration that no clock can express never ends.
                let expires = provided
                    .expires_in
                    .and_then(|d| Instant::now().checked_add(d));
                let cached = Cached {
                    credentials: credentials.clone(),
                    expires,
                };
                self.cached.store(Some(Arc::new(cached)));
                Ok(credentials)
            }
            Err(error) => Err(failure.insert(Failure(error.into())).to_error()),
        }
    }
}

/// The error of a provider, shared by all requests that waited for it.
#[derive(Clone)]
struct Failure(Arc<dyn std::error::Error + Send + Sync>);

impl Failure {
    fn to_error(&self) -> Error {
        let source: BoxError = Box::new(self.clone());
        Error::credentials("their provider failed").with_source(source)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
