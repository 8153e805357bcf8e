//! What a provider gave, and the one question that may be under way.

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
    kept: ArcSwapOption<Kept>,
    /// How many questions were answered.
    answers: AtomicU64,
    /// Held while the provider is asked: why the last question failed.
    asking: Mutex<Option<Failure>>,
}

struct Kept {
    credentials: Credentials,
    expires: Option<Instant>,
}

impl Cache {
    pub(super) fn new(provider: impl CredentialsProvider) -> Self {
        Self {
            provider: Box::new(provider),
            kept: ArcSwapOption::empty(),
            answers: AtomicU64::new(0),
            asking: Mutex::new(None),
        }
    }

    /// What is at hand and not expired.
    pub(super) fn get(&self) -> Option<Credentials> {
        let kept = self.kept.load();
        let kept = kept.as_ref()?;
        let expired = kept.expires.is_some_and(|expires| expires <= Instant::now());
        (!expired).then(|| kept.credentials.clone())
    }

    /// Forgets what is kept, if it is still these.
    pub(super) fn invalidate(&self, refused: &Credentials) {
        let kept = self.kept.load();
        if kept.as_ref().is_some_and(|kept| kept.credentials == *refused) {
            // Another question may have been answered just now: its answer stays.
            self.kept.compare_and_swap(&*kept, None);
        }
    }

    /// What is at hand, or what the provider answers. One question at a time;
    /// who waited for it gets its answer, also when it is a failure.
    pub(super) async fn get_or_ask(&self) -> Result<Credentials> {
        let seen = self.answers.load(Ordering::Acquire);
        let mut failure = self.asking.lock().await;
        if let Some(credentials) = self.get() {
            return Ok(credentials);
        }
        if self.answers.load(Ordering::Acquire) != seen
            && let Some(failure) = &*failure
        {
            return Err(failure.to_error());
        }
        let answer = self.provider.credentials().await;
        self.answers.fetch_add(1, Ordering::Release);
        match answer {
            Ok(provided) => {
                *failure = None;
                let credentials = provided.credentials;
                // A duration beyond the clock's end is as good as none.
                let expires = provided.expires_in.and_then(|d| Instant::now().checked_add(d));
                let kept = Kept { credentials: credentials.clone(), expires };
                self.kept.store(Some(Arc::new(kept)));
                Ok(credentials)
            }
            Err(error) => Err(failure.insert(Failure(error.into())).to_error()),
        }
    }
}

/// The error of a provider, shared by all who waited for it.
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
