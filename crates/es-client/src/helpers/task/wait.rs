use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    time::Duration,
};

use bytes::Bytes;
use http::{Method, uri::PathAndQuery};

use super::finished::{Answer, FinishedTask, TaskStatus};
use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::{HelperRequest, Patience, path_and_query, send_patiently},
    path::{PartKind, push_part},
};

type Progress = Box<dyn FnMut(&TaskStatus) + Send>;

/// Waits for a task; see the [module](super). Made by
/// [`Helpers::wait_for_task`](crate::helpers::Helpers::wait_for_task).
#[must_use = "nothing is asked until it is awaited"]
pub struct WaitForTask {
    client: Elasticsearch,
    id: String,
    first: Duration,
    longest: Duration,
    patience: Patience,
    progress: Option<Progress>,
}

impl WaitForTask {
    pub(in crate::helpers) fn new(client: Elasticsearch, id: String) -> Self {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(5));
        Self { client, id, first, longest, patience: Patience::default(), progress: None }
    }

    /// How long it waits between two questions: `first` at first, half as long
    /// again each time, and never longer than `longest`. Default: 100 ms and 5 s.
    pub fn poll_interval(mut self, first: Duration, longest: Duration) -> Self {
        (self.first, self.longest) = (first, longest);
        self
    }

    /// How often in a row a question that failed in passing is asked again.
    /// Default: 5.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.patience.max_retries = retries;
        self
    }

    /// Called with the state of the task each time it is known, the last
    /// included.
    pub fn on_progress(mut self, progress: impl FnMut(&TaskStatus) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    async fn wait(mut self) -> Result<FinishedTask> {
        let mut target = String::from("/_tasks/");
        push_part(&mut target, "task_id", &self.id, PartKind::Single)?;
        let question = question(path_and_query(target)?);
        let mut interval = self.first;
        loop {
            let (meta, body) = send_patiently(&self.client, &question, self.patience).await?;
            let answer = crate::json_read::from_bytes::<Answer>(&body)
                .map_err(|error| Error::decode("task", error, meta.clone(), body));
            match answer?.finished(meta) {
                Ok(finished) => {
                    self.tell(&finished.task);
                    return Ok(finished);
                }
                Err(running) => self.tell(&running),
            }
            tokio::time::sleep(interval).await;
            interval = (interval + interval / 2).min(self.longest);
        }
    }

    fn tell(&mut self, task: &TaskStatus) {
        if let Some(progress) = &mut self.progress {
            progress(task);
        }
    }
}

fn question(target: PathAndQuery) -> HelperRequest {
    HelperRequest {
        name: "tasks.get",
        method: Method::GET,
        target,
        ndjson: false,
        gzip: false,
        repeatable: true,
        body: Bytes::new(),
    }
}

impl IntoFuture for WaitForTask {
    type Output = Result<FinishedTask>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.wait())
    }
}

impl fmt::Debug for WaitForTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForTask").field("id", &self.id).finish_non_exhaustive()
    }
}
