//! How the failure of a helper's request affects a retry.

use std::{sync::Arc, time::Duration};

use es_transport::{
    Backoff,
    attempt::{Attempt, RetryReason},
    retry_after,
    rng::Rng,
};
use http::StatusCode;

use crate::{
    error::{Error, Result},
    response::Response,
};

/// The longest wait that `Retry-After` can request, as by default in es-transport.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30);

/// Why a request has no response that can be used.
#[derive(Debug)]
pub(super) struct Failed {
    pub error: Error,
    /// Whether it may have been carried out nevertheless.
    pub maybe_applied: bool,
    /// Whether the same request may succeed later.
    pub transient: bool,
    /// The wait that the server asks for.
    pub retry_after: Option<Duration>,
}

/// The number of retries of a request, and the waits before them.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryConfig {
    pub max_retries: u32,
    pub backoff: Backoff,
}

impl Default for RetryConfig {
    /// 5 retries, after up to 500 ms at first and 30 s at most.
    fn default() -> Self {
        let backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
        Self {
            max_retries: 5,
            backoff,
        }
    }
}

/// The retries of a request so far.
#[derive(Default)]
pub(super) struct Retries {
    count: u32,
    rng: Option<Rng>,
}

impl Retries {
    /// Returns the wait before the next retry; `None` if there have been as many as allowed.
    pub fn next_wait(&mut self, config: RetryConfig, failed: &Failed) -> Option<Duration> {
        if self.count >= config.max_retries {
            return None;
        }
        self.count += 1;
        let rng = self.rng.get_or_insert_with(Rng::new);
        let wait = config.backoff.wait(self.count, rng);
        Some(wait.max(failed.retry_after.unwrap_or_default()))
    }
}

/// Sends a call of the API, and retries it if its failure is transient and a
/// retry can do no harm. `send` makes the call of a client from
/// [`ClientOptions::for_helper`](crate::options::ClientOptions).
pub(super) async fn send_with_retry<F>(
    config: RetryConfig,
    idempotent: bool,
    send: impl Fn() -> F,
) -> Result<Response>
where
    F: Future<Output = Result<Response>>,
{
    let is_transient = |failed: &Failed| failed.transient && (idempotent || !failed.maybe_applied);
    send_with_retry_if(config, is_transient, send).await
}

/// Does the same for all failures that `is_transient` returns `true` for.
pub(super) async fn send_with_retry_if<F>(
    config: RetryConfig,
    is_transient: impl Fn(&Failed) -> bool,
    send: impl Fn() -> F,
) -> Result<Response>
where
    F: Future<Output = Result<Response>>,
{
    let mut retries = Retries::default();
    loop {
        let failed = match send().await {
            Ok(response) if response.status().is_success() => return Ok(response),
            // The caller's client ignores this status; a helper needs a response.
            Ok(response) => {
                let (meta, body) = (response.meta().clone(), response.bytes().clone());
                Failed::from(Error::api(meta, body))
            }
            Err(error) => Failed::from(error),
        };
        let wait = Some(&failed).filter(|failed| is_transient(failed));
        let Some(wait) = wait.and_then(|failed| retries.next_wait(config, failed)) else {
            return Err(failed.error);
        };
        tokio::time::sleep(wait).await;
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        if error.as_api().is_some() {
            Self::refused(error)
        } else if error.is_decode() {
            Self::unreadable(error)
        } else if error.as_transport().is_some() {
            Self::without_response(error)
        } else {
            Self::before_sending(error)
        }
    }
}

/// Returns the statuses that the transport itself retries: those of one node.
pub(crate) fn node_statuses(own: Option<&[StatusCode]>) -> Arc<[StatusCode]> {
    const DEFAULT: [StatusCode; 3] = [
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ];
    let statuses = own.unwrap_or(&DEFAULT).iter().copied();
    statuses
        .filter(|status| *status != StatusCode::TOO_MANY_REQUESTS)
        .collect()
}

impl Failed {
    pub fn before_sending(error: Error) -> Self {
        Self {
            error,
            maybe_applied: false,
            transient: false,
            retry_after: None,
        }
    }

    /// Nothing came back, or only a part of it.
    pub fn without_response(error: Error) -> Self {
        let Some(transport) = error.as_transport() else {
            return Self {
                error,
                maybe_applied: true,
                transient: false,
                retry_after: None,
            };
        };
        let transient = transport.is_connect()
            || transport.is_io()
            || transport.is_timeout()
            || transport.is_foreign();
        let maybe_applied = !transport.is_not_sent() || maybe_applied(transport.attempts());
        Self {
            maybe_applied,
            transient,
            retry_after: None,
            error,
        }
    }

    pub fn refused(error: Error) -> Self {
        let status = error.status().unwrap_or_default();
        let transient = matches!(status.as_u16(), 429 | 502 | 503 | 504);
        let retry_after = error
            .as_api()
            .and_then(|api| retry_after(api.meta.headers()));
        let retry_after = retry_after.map(|wait| wait.min(LONGEST_RETRY_AFTER));
        // A refusal by 4xx was decided before anything was done; 400 may come
        // from servers that carry a body out while they read it.
        let before = error
            .as_api()
            .is_some_and(|api| maybe_applied(api.meta.attempts()));
        let maybe_applied =
            before || !status.is_client_error() || status == StatusCode::BAD_REQUEST;
        Self {
            error,
            maybe_applied,
            transient,
            retry_after,
        }
    }

    /// The outcome of a request whose response does not say it.
    pub fn unreadable(error: Error) -> Self {
        Self {
            error,
            maybe_applied: true,
            transient: false,
            retry_after: None,
        }
    }
}

/// Whether an attempt before the last may have been carried out, too.
pub(super) fn maybe_applied(attempts: &[Attempt]) -> bool {
    attempts.iter().any(|attempt| {
        attempt
            .retried
            .is_some_and(|why| why != RetryReason::NotSent)
    })
}
