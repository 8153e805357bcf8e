//! Waits for a task of the server, and reports its progress.
//!
//! ```no_run
//! # async fn copy(client: es_client::Elasticsearch) -> es_client::Result<()> {
//! use es_client::types::ByQueryResponse;
//! use serde_json::json;
//!
//! let started = client
//!     .reindex()
//!     .source(json!({"index": "products"}))
//!     .dest(json!({"index": "products-2026"}))
//!     .wait_for_completion(false)
//!     .await?;
//! let task = client
//!     .helpers()
//!     .wait_for_task(started.task.unwrap_or_default())
//!     .on_progress(|task| println!("{} of {}", task.done(), task.total().unwrap_or(0)))
//!     .await?;
//! println!("{} created", task.response::<ByQueryResponse>()?.created);
//! # Ok(())
//! # }
//! ```
//!
//! A task that was cancelled, failed, was stopped by a version conflict, timed out or
//! ended without a complete response is an error ([`is_task`](crate::Error::is_task)). To
//! tell these apart, allow them ([`allow_incomplete`](WaitForTask::allow_incomplete)) and
//! read the kind of [`FinishedTask::error`], for example `version_conflict_engine_exception`.
//!
//! The server is polled with increasing intervals, from 100 ms to 5 s
//! ([`poll_interval`](WaitForTask::poll_interval)). Transient failures are retried,
//! because the task continues while its node is unreachable. So is the 404 of a task
//! that was there before, since the cluster may have lost its node for a moment.
//! Dropping the future ends the waiting, but not the task.

use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::{Failed, RetryConfig, send_with_retry_if},
    json_read::from_text,
    response::Meta,
    types::{ErrorCause, Shards},
};

/// The status of a running or completed task.
///
/// ```
/// use es_client::helpers::task::TaskStatus;
///
/// let status: TaskStatus = serde_json::from_str(
///     r#"{"action": "indices:data/write/reindex",
///         "status": {"total": 100, "created": 40, "updated": 2, "version_conflicts": 1}}"#,
/// )?;
/// assert_eq!((status.done(), status.total()), (43, Some(100)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[non_exhaustive]
pub struct TaskStatus {
    /// The kind of task, such as `indices:data/write/reindex`.
    #[serde(default)]
    pub action: String,
    /// Its description.
    #[serde(default)]
    pub description: String,
    /// Its running time, in nanoseconds.
    #[serde(default)]
    pub running_time_in_nanos: u64,
    /// Whether its cancellation was requested.
    #[serde(default)]
    pub cancelled: bool,
    /// The counts of this kind of task; `null` if there are none.
    #[serde(default)]
    pub status: Value,
}

impl TaskStatus {
    /// Returns the number of documents to process, if the task reports it.
    pub fn total(&self) -> Option<u64> {
        self.status.get("total").and_then(Value::as_u64)
    }

    /// Returns the number of processed documents: created, updated, deleted or skipped
    /// (no change, or a conflict).
    pub fn done(&self) -> u64 {
        let counts = [
            "created",
            "updated",
            "deleted",
            "noops",
            "version_conflicts",
        ];
        let count = |name| self.status.get(name).and_then(Value::as_u64);
        counts.into_iter().filter_map(count).sum()
    }
}

/// A task that has ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FinishedTask {
    /// Its last state.
    pub task: TaskStatus,
    /// The reason why the task ended early; `None` for a complete task, and always
    /// `None` unless [incomplete tasks](WaitForTask::allow_incomplete) are allowed.
    pub error: Option<ErrorCause>,
    response: Option<Box<RawValue>>,
    meta: Meta,
}

impl FinishedTask {
    /// Returns the response that the request would have had if it had waited for
    /// completion: for a reindex, a [`ByQueryResponse`](crate::types::ByQueryResponse).
    ///
    /// # Errors
    /// Returns an error if the task has no response, or if it cannot be decoded.
    pub fn response<T: DeserializeOwned>(&self) -> Result<T> {
        let Some(response) = &self.response else {
            return Err(Error::task(self.error.clone().unwrap_or_default()));
        };
        from_text(response.get()).map_err(|error| {
            let body = response.get().to_owned().into();
            Error::decode("the response of the task", error, self.meta.clone(), body)
        })
    }
}

/// The response of the task API.
#[derive(Deserialize)]
struct TaskResponse {
    completed: bool,
    #[serde(default)]
    task: TaskStatus,
    #[serde(default)]
    error: Option<ErrorCause>,
    #[serde(default)]
    response: Option<Box<RawValue>>,
}

/// The members of a response that say that a task did not do all it was to do.
#[derive(Default, Deserialize)]
struct Completeness {
    canceled: Option<String>,
    acknowledged: Option<bool>,
    timed_out: Option<bool>,
    version_conflicts: Option<i64>,
    failures: Option<Vec<Failure>>,
    #[serde(rename = "_shards")]
    shards: Option<Shards>,
}

#[derive(Default, Deserialize)]
struct Failure {
    index: Option<String>,
    id: Option<String>,
    cause: Option<ErrorCause>,
    reason: Option<ErrorCause>,
}

impl TaskResponse {
    /// Returns the ended task, or the state of one that goes on.
    #[inline]
    fn finished(self, meta: Meta) -> Result<FinishedTask, TaskStatus> {
        if !self.completed {
            return Err(self.task);
        }
        let error = self.error.clone().or_else(|| self.incomplete());
        Ok(FinishedTask {
            task: self.task,
            error,
            response: self.response,
            meta,
        })
    }

    /// Returns why the task did not do all that it was to do.
    #[inline]
    fn incomplete(&self) -> Option<ErrorCause> {
        let response = self.response.as_ref().map(|response| response.get());
        let Some(response) = response.filter(|response| *response != "null") else {
            let reason = "the server has no response of it, so its result is not known";
            return Some(cause("task_without_response", reason.to_owned()));
        };
        match serde_json::from_str::<Completeness>(response) {
            Ok(completeness) => completeness.fault(self.task.cancelled),
            Err(error) => {
                let reason = format!("cannot read whether it is complete: {error}");
                Some(cause("task_response_unreadable", reason))
            }
        }
    }
}

fn cause(kind: &str, reason: String) -> ErrorCause {
    ErrorCause {
        kind: kind.to_owned(),
        reason: Some(reason),
        ..ErrorCause::default()
    }
}

impl Completeness {
    fn fault(&self, is_cancelled: bool) -> Option<ErrorCause> {
        let timeout = |reason: &str| Some(cause("timeout_exception", reason.to_owned()));
        if is_cancelled || self.canceled.is_some() {
            let by = self.canceled.as_deref().unwrap_or("by user request");
            return Some(cause(
                "task_cancelled_exception",
                format!("cancelled: {by}"),
            ));
        }
        let failed = self.failed_documents().or_else(|| self.failed_shards());
        if failed.is_some() {
            failed
        } else if self.timed_out == Some(true) {
            timeout("a request within the task timed out")
        } else if self.acknowledged == Some(false) {
            timeout("not all nodes acknowledged it in time")
        } else {
            None
        }
    }

    fn failed_documents(&self) -> Option<ErrorCause> {
        let failures = self.failures.as_deref().unwrap_or_default();
        let first = failures.first()?;
        let why = first.cause.as_ref().or(first.reason.as_ref());
        let because = why.and_then(|why| why.reason.as_deref());
        let reason = format!(
            "stopped after {} failures and {} version conflicts; first, of document {}: {}",
            failures.len(),
            self.version_conflicts.unwrap_or_default(),
            first.id.as_deref().unwrap_or("?"),
            because.unwrap_or("no reason"),
        );
        let kind = why.map(|why| &*why.kind).filter(|kind| !kind.is_empty());
        Some(ErrorCause {
            index: first.index.clone(),
            ..cause(kind.unwrap_or("task_failed"), reason)
        })
    }

    fn failed_shards(&self) -> Option<ErrorCause> {
        let shards = self
            .shards
            .as_ref()
            .filter(|shards| shards.has_failures())?;
        let first = shards.failures.first().map(ToString::to_string);
        let failed = shards.failed.unwrap_or_default();
        let reason = format!("{failed} shards failed: {}", first.unwrap_or_default());
        Some(cause("shards_failed", reason))
    }
}

/// An interval of zero grows, too.
const LEAST_GROWTH: Duration = Duration::from_millis(1);

type Progress = Box<dyn FnMut(&TaskStatus) + Send>;

/// A request that waits for a task; see the [module](self). Created by
/// [`Helpers::wait_for_task`](crate::helpers::Helpers::wait_for_task).
#[must_use = "nothing is sent until it is awaited"]
pub struct WaitForTask {
    client: Elasticsearch,
    id: String,
    first: Duration,
    longest: Duration,
    retry: RetryConfig,
    allow_incomplete: bool,
    progress: Option<Progress>,
}

impl WaitForTask {
    pub(in crate::helpers) fn new(client: Elasticsearch, id: String) -> Self {
        Self {
            client,
            id,
            first: Duration::from_millis(100),
            longest: Duration::from_secs(5),
            retry: RetryConfig::default(),
            allow_incomplete: false,
            progress: None,
        }
    }

    /// Sets the interval between two requests: `first` initially, 1.5 times as long
    /// each time, up to `longest`. Default: 100 ms and 5 s.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use std::time::Duration;
    ///
    /// let numbers = (0..10).map(|n| serde_json::json!({"n": n}));
    /// client.helpers().bulk("old", numbers).await?;
    /// let index = |name| serde_json::json!({"index": name});
    /// let reindex = client.reindex().source(index("old")).dest(index("new"));
    /// let started = reindex.wait_for_completion(false).await?;
    /// let task = client.helpers().wait_for_task(started.task.unwrap_or_default());
    /// let task = task.poll_interval(Duration::from_millis(10), Duration::from_secs(1)).await?;
    /// assert_eq!((task.task.done(), task.error), (10, None));
    /// # Ok(()) }
    /// ```
    pub fn poll_interval(mut self, first: Duration, longest: Duration) -> Self {
        (self.first, self.longest) = (first, longest);
        self
    }

    /// Sets the maximum number of retries of a request. Default: 5.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.retry.max_retries = retries;
        self
    }

    /// Sets whether an incomplete task is returned, with its
    /// [error](FinishedTask::error) and its response. Default: `false`; it is an error
    /// ([`is_task`](Error::is_task)).
    pub fn allow_incomplete(mut self, allow: bool) -> Self {
        self.allow_incomplete = allow;
        self
    }

    /// Sets a function that is called with each status of the task, including the last
    /// one.
    pub fn on_progress(mut self, progress: impl FnMut(&TaskStatus) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    async fn wait(mut self) -> Result<FinishedTask> {
        let client = self.client.options().for_helper(true);
        let mut interval = self.first;
        let mut was_there = false;
        loop {
            let is_transient =
                |failed: &Failed| failed.transient || was_there && failed.error.is_not_found();
            let get = || client.tasks().get(&*self.id).send();
            let response = send_with_retry_if(self.retry, is_transient, get).await?;
            was_there = true;
            let meta = response.meta().clone();
            match response.json::<TaskResponse>()?.finished(meta) {
                Ok(finished) => {
                    self.report(&finished.task);
                    return match &finished.error {
                        Some(error) if !self.allow_incomplete => Err(Error::task(error.clone())),
                        _ => Ok(finished),
                    };
                }
                Err(running) => self.report(&running),
            }
            tokio::time::sleep(interval).await;
            let longer = interval / 2;
            interval = (interval + longer.max(LEAST_GROWTH)).min(self.longest);
        }
    }

    fn report(&mut self, task: &TaskStatus) {
        if let Some(progress) = &mut self.progress {
            progress(task);
        }
    }
}

impl IntoFuture for WaitForTask {
    type Output = Result<FinishedTask>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.wait())
    }
}

impl fmt::Debug for WaitForTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForTask")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
