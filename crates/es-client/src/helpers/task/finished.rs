use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::{
    error::{Cause, Error, Result},
    response::Meta,
};

/// A task, while it runs or after it.
#[derive(Clone, Debug, Default, Deserialize)]
#[non_exhaustive]
pub struct TaskStatus {
    /// The kind of task, such as `indices:data/write/reindex`.
    #[serde(default)]
    pub action: String,
    /// What it does, in words.
    #[serde(default)]
    pub description: String,
    /// How long it runs, in nanoseconds.
    #[serde(default)]
    pub running_time_in_nanos: u64,
    /// Whether it was asked to stop.
    #[serde(default)]
    pub cancelled: bool,
    /// The counts of its kind of task; null where it has none.
    #[serde(default)]
    pub status: Value,
}

impl TaskStatus {
    /// How many documents there are to be worked on, where the task tells.
    pub fn total(&self) -> Option<u64> {
        self.status.get("total").and_then(Value::as_u64)
    }

    /// How many documents were worked on: created, updated, deleted, or passed
    /// over (no change, or a conflict).
    pub fn done(&self) -> u64 {
        let counts = ["created", "updated", "deleted", "noops", "version_conflicts"];
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
    /// What ended it, if it did not end well.
    pub error: Option<Cause>,
    response: Option<Box<RawValue>>,
    meta: Meta,
}

/// The answer about a task.
#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    completed: bool,
    #[serde(default)]
    task: TaskStatus,
    #[serde(default)]
    error: Option<Cause>,
    #[serde(default)]
    response: Option<Box<RawValue>>,
}

impl Answer {
    /// The ended task, or the state of one that goes on.
    pub(super) fn finished(self, meta: Meta) -> Result<FinishedTask, TaskStatus> {
        let Self { completed, task, error, response } = self;
        if completed { Ok(FinishedTask { task, error, response, meta }) } else { Err(task) }
    }
}

impl FinishedTask {
    /// What the call would have answered, had it been waited for: for a reindex
    /// its counts and failures.
    ///
    /// # Errors
    /// The task did not end well ([`error`](Self::error)), or what it answered
    /// is no `T`.
    pub fn response<T: DeserializeOwned>(&self) -> Result<T> {
        if let Some(cause) = &self.error {
            return Err(Error::task(cause.clone()));
        }
        let text = self.response.as_ref().map_or("null", |response| response.get());
        serde_json::from_str(text).map_err(|error| {
            let body = text.to_owned().into();
            Error::decode(std::any::type_name::<T>(), error, self.meta.clone(), body)
        })
    }
}
