use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use super::outcome::Outcome;
use crate::error::Error;

/// The totals of a bulk helper, while it runs and at its end.
///
/// When it has ended, `succeeded + failed + unknown` is `operations`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use = "operations may have failed"]
pub struct BulkReport {
    /// The operations that were read from the input.
    pub operations: u64,
    /// Those that were carried out.
    pub succeeded: u64,
    /// Those of `succeeded` whose documents could not be indexed and went to the failure
    /// store of their data stream.
    pub in_failure_store: u64,
    /// Those that were not.
    pub failed: u64,
    /// Those that may have been applied: sent, the response lost, and not to be
    /// retried ([`ItemError::is_unknown`](super::ItemError::is_unknown)).
    pub unknown: u64,
    /// The requests that were sent.
    pub requests: u64,
    /// The operations that were retried, counted each time.
    pub retried: u64,
    /// The bytes of all requests, before compression.
    pub bytes: u64,
    /// The number of operations from the beginning of the input that are all
    /// settled: written, failed or unknown. A position to resume the input from:
    /// operations that ended because the run stopped do not count.
    pub durable_up_to: u64,
    /// Why the latest retry was necessary.
    pub retry_reason: Option<Arc<str>>,
    /// The event that the helper waits for.
    pub waits_for: WaitsFor,
    /// The time since the first operation was asked for.
    pub elapsed: Duration,
    /// The first operations that failed or are unknown, up to
    /// [`keep_failures`](super::Bulk::keep_failures).
    pub failures: Vec<Outcome>,
}

/// The event that a bulk helper waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitsFor {
    /// More input.
    #[default]
    Input,
    /// Responses: as many requests are in flight as may be.
    Responses,
    /// The time of a retry; [`retry_reason`](BulkReport::retry_reason) says why.
    Retry,
    /// Its own rate limit.
    RateLimit,
    /// The reader of the outcomes.
    Reader,
    /// An earlier operation on the same document.
    EarlierOperation,
}

impl BulkReport {
    /// Returns whether everything that was read was carried out, and nothing is in a
    /// failure store.
    pub fn is_complete(&self) -> bool {
        self.succeeded == self.operations && self.in_failure_store == 0
    }
}

impl fmt::Display for BulkReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} written", self.succeeded, self.operations)?;
        if self.in_failure_store > 0 {
            write!(f, " ({} to the failure store)", self.in_failure_store)?;
        }
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        if self.unknown > 0 {
            write!(f, ", {} unknown", self.unknown)?;
        }
        write!(f, ", {} requests in {:.1?}", self.requests, self.elapsed)?;
        match (&self.retry_reason, self.waits_for) {
            (Some(reason), WaitsFor::Retry) => write!(f, ", waiting to retry: {reason}"),
            _ => Ok(()),
        }
    }
}

/// A bulk helper ended before its input did. Everything that had been read has
/// its outcome in the report. As an [`Error`] (by `?`) it keeps its report:
/// [`Error::as_bulk_stopped`].
#[derive(Debug)]
#[non_exhaustive]
pub struct BulkStopped {
    /// The reason.
    pub error: Error,
    /// The totals until then.
    pub report: Box<BulkReport>,
}

impl fmt::Display for BulkStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bulk helper stopped: {}", self.report)
    }
}

impl StdError for BulkStopped {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.error)
    }
}

/// Nothing was read yet.
impl From<Error> for BulkStopped {
    fn from(error: Error) -> Self {
        Self {
            error,
            report: Box::default(),
        }
    }
}
