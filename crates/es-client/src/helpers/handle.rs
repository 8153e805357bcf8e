use serde_json::value::RawValue;

use super::{
    bulk::{Bulk, IntoOperations, Push, Source},
    esql::Esql,
    msearch::Msearch,
    read_all::ReadAll,
    sql::Sql,
    task::WaitForTask,
};
use crate::{client::Elasticsearch, params::IntoParam};

/// The helpers of a client; made by [`Elasticsearch::helpers`].
///
/// They use the client's own settings: `client.options().api_key(key).helpers()`
/// writes and reads with that key.
#[derive(Clone, Debug)]
pub struct Helpers {
    client: Elasticsearch,
}

impl Elasticsearch {
    /// Returns the helpers: bulk writes, exports, tasks, tables.
    pub fn helpers(&self) -> Helpers {
        Helpers { client: self.clone() }
    }
}

impl Helpers {
    /// Writes documents or [operations](super::bulk::Operation) from an iterator
    /// or a stream; see [`bulk`](super::bulk). What names no index of its own
    /// goes to `index`.
    ///
    /// Items that are results may fail: the first error ends the input.
    pub fn bulk<S, Via>(&self, index: impl IntoParam, operations: S) -> Bulk<Source<S::Context>>
    where
        S: IntoOperations<Via>,
    {
        Bulk::new(self.client.clone(), index.into_param(), operations.into_operations())
    }

    /// Writes operations that are pushed: call [`open`](Bulk::open) for a
    /// [`BulkSink`](super::bulk::BulkSink).
    pub fn bulk_sink(&self, index: impl IntoParam) -> Bulk<Push> {
        Bulk::new(self.client.clone(), index.into_param(), Push::new())
    }

    /// Reads every document of indices (a name, a pattern, or a list of them)
    /// as a stream; see [`read_all`](super::read_all). `T` is the type of the
    /// documents; [`serde_json::Value`] takes any.
    pub fn read_all<T>(&self, index: impl IntoParam) -> ReadAll<T> {
        ReadAll::new(self.client.clone(), index.into_param())
    }

    /// Copies every document of `index` to an index of another cluster (or of
    /// the same one), with its id and routing. What comes back is the bulk
    /// helper that writes, to be set up and awaited.
    ///
    /// It is [`read_all`](super::read_all) as the input of [`bulk`](super::bulk);
    /// put them together yourself to choose documents, change them, or read
    /// several slices at once.
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
        index: impl IntoParam,
        target: &Elasticsearch,
        target_index: impl IntoParam,
    ) -> Bulk<Source<()>> {
        target.helpers().bulk(target_index, self.read_all::<Box<RawValue>>(index).stream())
    }

    /// Sends searches of many tasks together; see [`msearch`](super::msearch).
    /// Searches that name no index of their own search `index`.
    pub fn msearch(&self, index: impl IntoParam) -> Msearch {
        Msearch::new(self.client.clone(), index.into_param())
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
