use std::{
    borrow::Cow,
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt, stream};
use serde_json::value::RawValue;

use super::{
    bulk::{Bulk, IntoOperations, Push, Source},
    copy_index::CopyIndex,
    esql::Esql,
    msearch::Msearch,
    read_all::{ReadAll, ResumeToken},
    sql::Sql,
    task::WaitForTask,
};
use crate::{
    client::Elasticsearch,
    params::{Param, ToParam},
};

/// The helpers of a client. Created by [`Elasticsearch::helpers`].
///
/// They use the settings of the client: `client.options().api_key(key).helpers()` uses
/// that key.
#[derive(Clone, Debug)]
pub struct Helpers {
    client: Elasticsearch,
}

impl Elasticsearch {
    /// Returns the helpers: bulk writes, exports, tasks, tables.
    pub fn helpers(&self) -> Helpers {
        Helpers {
            client: self.clone(),
        }
    }
}

impl Helpers {
    /// Writes documents or [operations](super::bulk::Operation) from an iterator or a
    /// stream; see [`bulk`](super::bulk). Operations without an index are written to
    /// `index`.
    ///
    /// Items may be `Result`s: the first error ends the input.
    pub fn bulk<S, Via>(&self, index: impl Param<String>, operations: S) -> Bulk<Source<S::Context>>
    where
        S: IntoOperations<Via>,
    {
        Bulk::new(
            self.client.clone(),
            index_text(index),
            operations.into_operations(),
        )
    }

    /// Returns a builder of a [`BulkSink`](super::bulk::BulkSink), to which operations
    /// are pushed; see [`open`](Bulk::open).
    pub fn bulk_sink(&self, index: impl Param<String>) -> Bulk<Push> {
        Bulk::new(self.client.clone(), index_text(index), Push::new())
    }

    /// Reads all documents of indices (a name, a pattern, or a list of them) as a
    /// stream; see [`read_all`](super::read_all). `T` is the type of the documents,
    /// such as [`serde_json::Value`].
    pub fn read_all<T>(&self, index: impl Param<[String]>) -> ReadAll<T> {
        ReadAll::new(self.client.clone(), index_text(index))
    }

    /// Copies all documents of `index` to an index in another cluster (or the same
    /// one), with their IDs and routing. Returns the bulk helper that writes them,
    /// which can be configured and must be awaited.
    ///
    /// It uses [`read_all`](super::read_all) as the input of [`bulk`](super::bulk).
    /// Combine them yourself to select or change documents, or to read several slices
    /// concurrently.
    ///
    /// ```
    /// use es_client::Elasticsearch;
    /// use serde_json::{Value, json};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let clusters = (es_testkit::Cluster::builder().start().await?, es_testkit::Cluster::builder().start().await?);
    /// # let old = Elasticsearch::builder().nodes(clusters.0.urls()).build()?;
    /// # let new = Elasticsearch::builder().nodes(clusters.1.urls()).build()?;
    /// # assert!(old.helpers().bulk("products", (0..50).map(|n| json!({"n": n}))).await?.is_complete());
    /// let report = old.helpers().reindex("products", &new, "products-2026").await?;
    /// assert!(report.is_complete());
    ///
    /// let cheap = old
    ///     .helpers()
    ///     .read_all::<Value>("products")
    ///     .query(&json!({"range": {"n": {"lt": 10}}}))
    ///     .slices(2);
    /// let report = new.helpers().bulk("cheap", cheap.stream()).max_in_flight(2).await?;
    /// assert_eq!(report.succeeded, 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reindex(
        &self,
        index: impl Param<[String]>,
        target: &Elasticsearch,
        target_index: impl Param<String>,
    ) -> Bulk<Source<()>> {
        target
            .helpers()
            .bulk(target_index, self.read_all::<Box<RawValue>>(index).stream())
    }

    /// Does the same as [`reindex`](Self::reindex), but can be resumed: `checkpoint` is
    /// called, at most every 1,000 documents, with a token up to which every operation
    /// has its final outcome. Store the token, and pass it to continue after a crash or
    /// an error.
    ///
    /// The point in time stays open for 5 minutes after its last use. After that, the
    /// token is invalid, and the run stops; the source of its error is a 404. Delete the
    /// token after success, since a finished one copies nothing. Setting
    /// [`on_durable`](Bulk::on_durable) replaces the checkpoints.
    ///
    /// ```no_run
    /// # async fn copy(old: es_client::Elasticsearch, new: es_client::Elasticsearch) -> Result<(), Box<dyn std::error::Error>> {
    /// let token = std::fs::read_to_string("reindex.token").ok();
    /// let token = token.map(|token| token.parse()).transpose()?;
    /// let report = old
    ///     .helpers()
    ///     .resumable_reindex("products", &new, "products-2026", token, |token| {
    ///         let _ = std::fs::write("reindex.token", token.to_string());
    ///     })
    ///     .await?;
    /// std::fs::remove_file("reindex.token")?;
    /// println!("{report}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn resumable_reindex(
        &self,
        index: impl Param<[String]>,
        target: &Elasticsearch,
        target_index: impl Param<String>,
        token: Option<ResumeToken>,
        mut checkpoint: impl FnMut(&ResumeToken) + Send + 'static,
    ) -> Bulk<Source<()>> {
        const EVERY: u64 = 1_000;
        let mut reading = self.read_all::<Box<RawValue>>(index).leave_open(true);
        if let Some(token) = token {
            reading = reading.resume(token);
        }

        let read: Arc<Mutex<VecDeque<(u64, ResumeToken)>>> = Arc::default();
        let settled = Arc::clone(&read);
        let hits = stream::unfold((reading.stream(), 0), move |(mut hits, mut count)| {
            let read = Arc::clone(&read);
            async move {
                let hit = hits.next().await?;
                count += 1;
                if count % EVERY == 0
                    && let Some(token) = hits.resume_token()
                {
                    read.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push_back((count, token));
                }
                Some((hit, (hits, count)))
            }
        });
        target
            .helpers()
            .bulk(target_index, hits)
            .on_durable(move |durable| {
                let mut settled = settled.lock().unwrap_or_else(PoisonError::into_inner);
                let mut last = None;
                while settled.front().is_some_and(|(count, _)| *count <= durable) {
                    last = settled.pop_front();
                }
                if let Some((_, token)) = last {
                    checkpoint(&token);
                }
            })
    }

    /// Creates `target_index` in another cluster (or the same one) with the mapping and
    /// settings of `index`, and optionally its aliases. Use it before a
    /// [`reindex`](Self::reindex).
    ///
    /// ```
    /// # use es_client::Elasticsearch;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let old = Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// # let new = old.clone();
    /// # old.indices().create("products").mappings(serde_json::json!({"properties": {"price": {"type": "double"}}})).await?;
    /// old.helpers().copy_index("products", &new, "products-2026").await?;
    /// let report = old.helpers().reindex("products", &new, "products-2026").await?;
    /// # assert!(report.is_complete());
    /// # Ok(())
    /// # }
    /// ```
    pub fn copy_index(
        &self,
        index: impl Param<String>,
        target: &Elasticsearch,
        target_index: impl Param<String>,
    ) -> CopyIndex {
        CopyIndex::new(
            (self.client.clone(), index_text(index)),
            (target.clone(), index_text(target_index)),
        )
    }

    /// Batches the searches of several tasks; see [`msearch`](super::msearch). Searches
    /// without an index use `index`.
    pub fn msearch(&self, index: impl Param<[String]>) -> Msearch {
        Msearch::new(self.client.clone(), index_text(index))
    }

    /// Waits for a task of the server, such as a reindex or an update by query
    /// with `wait_for_completion=false`; see [`task`](super::task).
    pub fn wait_for_task(&self, id: impl Into<String>) -> WaitForTask {
        WaitForTask::new(self.client.clone(), id.into())
    }

    /// Runs an SQL query and reads its rows; see [`sql`](super::sql).
    pub fn sql(&self, query: impl Into<String>) -> Sql {
        Sql::new(self.client.clone(), query.into())
    }

    /// Runs an ES|QL query and reads its rows; see [`esql`](super::esql).
    pub fn esql(&self, query: impl Into<String>) -> Esql {
        Esql::new(self.client.clone(), query.into())
    }
}

/// Returns the text of an index, which is empty if there is none: a request to it is
/// refused, not one to all indices.
fn index_text(index: impl ToParam) -> Cow<'static, str> {
    index.to_param().into_text().unwrap_or_default()
}
