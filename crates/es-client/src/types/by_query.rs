use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    cause::ErrorCause,
    object::{object, response},
};

response! {
    /// The response of `update_by_query`, `delete_by_query` and `reindex`.
    #[derive(Clone, Debug)]
    pub struct ByQueryResponse {
        /// The ID of the background task, if the request did not wait for completion.
        /// The counts are then 0.
        pub task: Option<String>,
        /// The duration, in milliseconds.
        pub took: i64,
        /// Whether a search or bulk request of the operation timed out. `None` if it is not
        /// in the response.
        pub timed_out: Option<bool>,
        /// The number of documents to process.
        pub total: i64,
        /// The number of documents that were created.
        pub created: i64,
        /// The number of documents that were updated.
        pub updated: i64,
        /// The number of documents that were deleted.
        pub deleted: i64,
        /// The number of batches that were read.
        pub batches: i64,
        /// The number of version conflicts.
        pub version_conflicts: i64,
        /// The number of documents that a script did not change.
        pub noops: i64,
        /// The number of retries of searches and bulk requests.
        pub retries: Retries,
        /// The time spent waiting because of throttling, in milliseconds.
        pub throttled_millis: i64,
        /// The throttle, in sub-requests per second; -1 without throttling.
        pub requests_per_second: f64,
        /// The failures that stopped the operation.
        pub failures: Vec<Value>,
        /// The results of each slice, if there were several.
        pub slices: Vec<Value>,
    }
}

object! {
    /// The retries of searches and bulk requests by an operation.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Retries {
        /// The retries of bulk requests.
        pub bulk: i64,
        /// The retries of searches.
        pub search: i64,
    }
}

response! {
    /// The response of `tasks.list` and `tasks.cancel`.
    #[derive(Clone, Debug)]
    pub struct TaskList {
        /// The nodes by ID, each with its tasks.
        pub nodes: BTreeMap<String, NodeTasks>,
        /// The tasks, if they were not grouped by node.
        pub tasks: Option<Value>,
        /// The failures of nodes.
        pub node_failures: Vec<ErrorCause>,
        /// The failures of tasks.
        pub task_failures: Vec<Value>,
    }
}

impl TaskList {
    /// Returns the tasks of all nodes, each with its full ID, `node:number`.
    pub fn all(&self) -> impl Iterator<Item = (&str, &TaskInfo)> {
        let tasks = self.nodes.values().flat_map(|node| &node.tasks);
        tasks.map(|(id, task)| (id.as_str(), task))
    }
}

object! {
    /// The tasks of a node.
    #[derive(Clone, Debug)]
    pub struct NodeTasks {
        /// The name of the node.
        pub name: Option<String>,
        /// The address for other nodes.
        pub transport_address: Option<String>,
        /// The roles of the node.
        pub roles: Vec<String>,
        /// The tasks by their full IDs.
        pub tasks: BTreeMap<String, TaskInfo>,
    }
}

object! {
    /// A task.
    #[derive(Clone, Debug)]
    pub struct TaskInfo {
        /// The ID of the node that runs it.
        pub node: String,
        /// The number of the task on that node.
        pub id: i64,
        /// The type, such as `transport`.
        pub kind: String = "type",
        /// The action, such as `indices:data/write/reindex`.
        pub action: String,
        /// The description, if `detailed` was set.
        pub description: Option<String>,
        /// The progress, in a form that depends on the action.
        pub status: Option<Value>,
        /// The time of its start, in milliseconds since 1970.
        pub start_time_in_millis: i64,
        /// The running time, in nanoseconds.
        pub running_time_in_nanos: i64,
        /// Whether it can be cancelled.
        pub cancellable: bool,
        /// Whether it was cancelled.
        pub cancelled: Option<bool>,
        /// The task that started it.
        pub parent_task_id: Option<String>,
        /// The headers of its request, such as `X-Opaque-Id`.
        pub headers: Map<String, Value>,
    }
}

response! {
    /// The response of `tasks.get`.
    #[derive(Clone, Debug)]
    pub struct TaskResponse {
        /// Whether the task has ended.
        pub completed: bool,
        /// The task.
        pub task: TaskInfo,
        /// The response of the original request.
        pub response: Option<Value>,
        /// The error that ended the task.
        pub error: Option<ErrorCause>,
    }
}
