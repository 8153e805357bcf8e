//! Waits for a task of the server, with its progress.
//!
//! ```no_run
//! # async fn copy(client: es_client::Elasticsearch) -> es_client::Result<()> {
//! use http::Method;
//! use serde_json::{Value, json};
//!
//! let request = json!({"source": {"index": "products"}, "dest": {"index": "products-2026"}});
//! let path = "/_reindex?wait_for_completion=false";
//! let started: Value =
//!     client.request(Method::POST, path, request.to_string()).await?.json()?;
//! let id = started["task"].as_str().unwrap_or_default();
//!
//! let task = client
//!     .helpers()
//!     .wait_for_task(id)
//!     .on_progress(|task| println!("{} of {}", task.done(), task.total().unwrap_or(0)))
//!     .await?;
//! let response: Value = task.response()?;
//! println!("{} created", response["created"]);
//! # Ok(())
//! # }
//! ```
//!
//! The server is asked again and again, ever less often: after 100 ms at first
//! and every 5 s at last ([`poll_interval`](WaitForTask::poll_interval)). What
//! fails in passing is asked again, too: a task goes on while its node cannot
//! be reached for a moment. Dropped, the waiting ends and the task goes on.

mod finished;
mod wait;

pub use finished::{FinishedTask, TaskStatus};
pub use wait::WaitForTask;
