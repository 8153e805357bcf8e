use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::answer::answer;
use super::cause::ErrorCause;

answer! {
    /// The answer to `update_by_query`, `delete_by_query` and `reindex`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct ByQueryResponse {
        /// The task that goes on in the background, where the call does not wait for
        /// it; the counts are 0 then.
        pub task: Option<String>,
        /// How long it took, in milliseconds.
        pub took: u64,
        /// Whether some request within ran out of time.
        pub timed_out: bool,
        /// How many documents were to be worked on.
        pub total: u64,
        /// How many were created.
        pub created: u64,
        /// How many were updated.
        pub updated: u64,
        /// How many were deleted.
        pub deleted: u64,
        /// How many batches were read.
        pub batches: u64,
        /// How many had been changed by others meanwhile.
        pub version_conflicts: u64,
        /// How many a script left as they are.
        pub noops: u64,
        /// How often a request within was repeated.
        pub retries: Retries,
        /// How long it waited to keep to its rate, in milliseconds.
        pub throttled_millis: u64,
        /// The rate that it keeps to; -1 for none.
        pub requests_per_second: f64,
        /// What failed; it stopped there.
        pub failures: Vec<Value>,
    }
}

answer! {
    /// How often requests within a long call were repeated.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Retries {
        /// Bulk requests.
        pub bulk: u64,
        /// Searches.
        pub search: u64,
    }
}

answer! {
    /// The answer to `tasks.list` and `tasks.cancel`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct TaskList {
        /// The nodes by id, each with its tasks.
        pub nodes: BTreeMap<String, NodeTasks>,
        /// The tasks as they came, where they were not grouped by node.
        pub tasks: Option<Value>,
        /// Nodes that did not answer.
        pub node_failures: Vec<ErrorCause>,
        /// Tasks that did not answer.
        pub task_failures: Vec<Value>,
    }
}

impl TaskList {
    /// The tasks of all nodes, each with its full id, `node:number`.
    pub fn all(&self) -> impl Iterator<Item = (&str, &TaskInfo)> {
        let tasks = self.nodes.values().flat_map(|node| &node.tasks);
        tasks.map(|(id, task)| (id.as_str(), task))
    }
}

answer! {
    /// The tasks of one node.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct NodeTasks {
        /// The node's name.
        pub name: Option<String>,
        /// The address for other nodes.
        pub transport_address: Option<String>,
        /// What it may do.
        pub roles: Vec<String>,
        /// Its tasks by their full ids.
        pub tasks: BTreeMap<String, TaskInfo>,
    }
}

answer! {
    /// A task that runs, or ran.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct TaskInfo {
        /// The id of the node that runs it.
        pub node: String,
        /// Its number on that node.
        pub id: u64,
        /// Such as `transport`.
        pub kind: String = "type",
        /// Such as `indices:data/write/reindex`.
        pub action: String,
        /// What it does, in the server's words, where it was asked for.
        pub description: Option<String>,
        /// How far it is; its form depends on the action.
        pub status: Option<Value>,
        /// When it started, in milliseconds since 1970.
        pub start_time_in_millis: u64,
        /// How long it runs, in nanoseconds.
        pub running_time_in_nanos: u64,
        /// Whether it can be cancelled.
        pub cancellable: bool,
        /// Whether it was cancelled.
        pub cancelled: Option<bool>,
        /// The task that started it.
        pub parent_task_id: Option<String>,
        /// The headers that its call came with, such as `X-Opaque-Id`.
        pub headers: Map<String, Value>,
    }
}

answer! {
    /// The answer to `tasks.get`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct TaskResponse {
        /// Whether it is over.
        pub completed: bool,
        /// The task.
        pub task: TaskInfo,
        /// What the call would have answered.
        pub response: Option<Value>,
        /// Why it failed.
        pub error: Option<ErrorCause>,
    }
}
