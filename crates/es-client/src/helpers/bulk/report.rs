use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use super::outcome::Outcome;
use crate::error::Error;

/// The totals of a bulk run, during the run and at its end.
///
/// At the end, `succeeded + failed + unknown` equals `operations`.
///
/// ```
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cluster = es_testkit::Cluster::builder().start().await?;
/// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
/// use es_client::helpers::bulk::Operation;
///
/// let number = serde_json::json!({"n": 1});
/// let operations = [Operation::index(number.clone()), Operation::update("missing", number)];
/// let report = client.helpers().bulk("numbers", operations).await?;
/// assert!(!report.is_complete());
/// assert!(report.to_string().starts_with("1 of 2 written, 1 failed, "));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use = "operations may have failed"]
pub struct BulkReport {
    /// Number of operations that were read from the input.
    pub operations: u64,
    /// Number of operations that succeeded.
    pub succeeded: u64,
    /// Number of operations in `succeeded` whose documents could not be indexed and were
    /// stored in the failure store of their data stream.
    pub in_failure_store: u64,
    /// Number of operations that failed.
    pub failed: u64,
    /// Number of operations that may have been applied: they were sent, and their
    /// response was lost ([`ItemError::is_unknown`](super::ItemError::is_unknown)).
    pub unknown: u64,
    /// Number of requests that were sent.
    pub requests: u64,
    /// Number of retries of operations.
    pub retried: u64,
    /// Total size of all requests in bytes, before compression.
    pub bytes: u64,
    /// The number of operations from the beginning of the input that all have their
    /// final outcome: written, failed or unknown. The input can be resumed from this
    /// position; operations that ended because the run stopped are not included.
    pub durable_up_to: u64,
    /// The reason for the latest retry.
    pub retry_reason: Option<Arc<str>>,
    /// The event that the helper is waiting for; the text of the report names it.
    pub waits_for: WaitsFor,
    /// The time since the run started, including the check of the product.
    pub elapsed: Duration,
    /// The first operations that failed or are unknown, up to
    /// [`keep_failures`](super::Bulk::keep_failures).
    pub failures: Vec<Outcome>,
}

/// The event that a bulk helper waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitsFor {
    /// Nothing: the run has ended, or has not started.
    #[default]
    Nothing,
    /// More input.
    Input,
    /// Responses: as many requests are in flight as may be, or the input has ended.
    Responses,
    /// The time of a retry; see [`retry_reason`](BulkReport::retry_reason).
    Retry,
    /// Its own rate limit.
    RateLimit,
    /// The reader of the outcomes.
    Reader,
    /// An earlier operation on the same document.
    EarlierOperation,
}

impl BulkReport {
    /// Whether all operations succeeded, and none is in a failure store.
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
        match (self.waits_for, &self.retry_reason) {
            (WaitsFor::Nothing, _) => Ok(()),
            (WaitsFor::Input, _) => f.write_str(", waiting for input"),
            (WaitsFor::Responses, _) => f.write_str(", waiting for responses"),
            (WaitsFor::Retry, Some(reason)) => write!(f, ", waiting to retry: {reason}"),
            (WaitsFor::Retry, None) => f.write_str(", waiting to retry"),
            (WaitsFor::RateLimit, _) => f.write_str(", waiting for the rate limit"),
            (WaitsFor::Reader, _) => f.write_str(", waiting until outcomes are read"),
            (WaitsFor::EarlierOperation, _) => {
                f.write_str(", waiting for an earlier operation on a document")
            }
        }
    }
}

/// The error of a bulk run that stopped before the end of its input. The report
/// includes every operation that had been taken. An operation that the input returns
/// after the run has stopped is not taken: it is dropped, and
/// [`durable_up_to`](BulkReport::durable_up_to) does not pass it. When the error is
/// converted to an [`Error`] (by `?`), the report is available from
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
