use std::{borrow::Cow, fmt, time::Duration};

use es_transport::Backoff;

use super::{
    plan::{InFlight, Plan, Settings},
    report::{BulkReport, BulkStopped},
    sink::{BulkSink, Push, SinkOutcomes},
    source::Source,
    stream::{BulkFuture, BulkStream},
};
use crate::{
    client::Elasticsearch,
    error::Result,
    params::{Param, Refresh, ToParam, WaitForActiveShardOptions},
};

/// A builder of a bulk run; see the [module](super). Created by
/// [`Helpers::bulk`](crate::helpers::Helpers::bulk).
///
/// Awaiting it returns a [`BulkReport`].
#[must_use = "nothing is sent until it is awaited or its stream is read"]
pub struct Bulk<S> {
    source: S,
    plan: Plan,
}

impl<S> Bulk<S> {
    pub(in crate::helpers) fn new(
        client: Elasticsearch,
        index: Cow<'static, str>,
        source: S,
    ) -> Self {
        Self {
            source,
            plan: Plan {
                client,
                index,
                settings: Settings::default(),
            },
        }
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.plan.settings);
        self
    }

    fn query(self, name: &'static str, value: impl ToParam) -> Self {
        match value.to_param().into_text() {
            Some(value) => self.set(|settings| {
                settings.query.retain(|(known, _)| *known != name);
                settings.query.push((name, value));
            }),
            None => self,
        }
    }

    /// Sets the maximum size of a request, in bytes before compression. A request is
    /// larger only if a single operation is. Default: 5 MiB; at most 1 GiB.
    ///
    /// It should not exceed the cluster's `http.max_content_length` (100 MB by default)
    /// or the limits of proxies. After a 413, the helper sends smaller
    /// requests; while these are accepted, they grow again.
    pub fn flush_bytes(self, bytes: usize) -> Self {
        self.set(|settings| settings.limits.bytes = bytes.clamp(1, 1 << 30))
    }

    /// Sets the maximum number of operations of a request. Default: 5,000.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// let documents = (0..250).map(|n| serde_json::json!({"n": n}));
    /// let report = client.helpers().bulk("numbers", documents).flush_operations(100).await?;
    /// assert!(report.succeeded == 250 && report.requests >= 3);
    /// # Ok(()) }
    /// ```
    pub fn flush_operations(self, operations: usize) -> Self {
        self.set(|settings| settings.limits.operations = operations.max(1))
    }

    /// Sets the maximum time that an operation waits for others before its request is
    /// sent. Default: 1 s.
    ///
    /// It applies to every input, including blocking ones. While the maximum number of
    /// requests is in flight, operations wait longer.
    pub fn flush_interval(self, interval: Duration) -> Self {
        self.set(|settings| settings.flush_interval = interval)
    }

    /// Sets the maximum number of requests in flight. Default: 4, or the number of live
    /// nodes if that is higher and requests are for one node each
    /// ([`by_node`](Self::by_node)); at most 1,000.
    pub fn max_in_flight(self, requests: usize) -> Self {
        self.set(|settings| settings.in_flight = InFlight::Fixed(requests))
    }

    /// Adapts the number of requests in flight to the cluster: it starts at one, grows
    /// while the cluster keeps up, and shrinks if the cluster refuses requests (429) or
    /// becomes slow. It never exceeds `most`. Default: a fixed number.
    pub fn adaptive_in_flight(self, most: usize) -> Self {
        self.set(|settings| settings.in_flight = InFlight::Adaptive(most))
    }

    /// Sets the maximum number of operations per second, including retries. A request
    /// has at most as many as may be sent in a second. Must be greater than 0; otherwise
    /// the run fails at its start. Default: no limit.
    pub fn max_operations_per_second(self, operations: f64) -> Self {
        self.set(|settings| settings.rate.operations = Some(operations))
    }

    /// Sets the maximum number of bytes per second, before compression and including
    /// retries. A request has at most as many as may be sent in a second, unless a
    /// single operation has more. Must be greater than 0; otherwise the run fails at
    /// its start.
    /// Default: no limit.
    pub fn max_bytes_per_second(self, bytes: f64) -> Self {
        self.set(|settings| settings.rate.bytes = Some(bytes))
    }

    /// Sets the maximum number of retries of an operation. Default: 10, which with
    /// the default [`backoff`](Self::backoff) tolerates an outage of the whole
    /// cluster of at least 75 s (up to 150 s, depending on jitter).
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use std::time::Duration;
    ///
    /// cluster.node(0).inject(es_testkit::Fault::status(429).times(2).on_path("_bulk"));
    /// let documents = [serde_json::json!({"n": 1})];
    /// let bulk = client.helpers().bulk("numbers", documents).max_retries(3);
    /// let report = bulk.backoff(Duration::from_millis(10), Duration::from_millis(20)).await?;
    /// assert_eq!((report.succeeded, report.retried), (1, 2));
    /// # Ok(()) }
    /// ```
    pub fn max_retries(self, retries: u32) -> Self {
        self.set(|settings| settings.retry.max_retries = retries)
    }

    /// Sets the maximum number of retries until the first response of this run, so that
    /// a wrong address is reported early. Default: 3, which fails after less than 4 s,
    /// plus the time of the connects.
    pub fn initial_retries(self, retries: u32) -> Self {
        self.set(|settings| settings.initial_retries = retries)
    }

    /// Sets the wait before a retry: at most `first` before the first one, doubling up
    /// to `longest`; half of it is random. `Retry-After` extends it, to at most 30 s.
    /// Default: 500 ms and 30 s.
    pub fn backoff(self, first: Duration, longest: Duration) -> Self {
        self.set(|settings| settings.retry.backoff = Backoff::new(first, longest))
    }

    /// Sets whether the run continues after a request failed as a whole, whose
    /// operations are then reported as failed or unknown. Default: `false`; the run
    /// stops.
    ///
    /// In an outage that is longer than the retries, all operations end so, and
    /// `durable_up_to` passes them. Without it, the input can be resumed afterwards.
    pub fn continue_on_error(self, go_on: bool) -> Self {
        self.set(|settings| settings.continue_on_error = go_on)
    }

    /// Sets the number of failed or unknown operations at which the run stops with an
    /// error. Requests in flight end first, so there may be more of them. Default: no
    /// limit.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use es_client::helpers::bulk::Operation;
    ///
    /// let fields = serde_json::json!({"price": 80});
    /// let missing = (0..1_000).map(move |n| Operation::update(n.to_string(), fields.clone()));
    /// let bulk = client.helpers().bulk("numbers", missing).flush_operations(10).max_in_flight(1);
    /// let stopped = bulk.stop_after_failures(10).await.unwrap_err();
    /// assert!(stopped.report.failed >= 10 && stopped.report.failed < 1_000);
    /// # Ok(()) }
    /// ```
    pub fn stop_after_failures(self, failures: u64) -> Self {
        self.set(|settings| settings.stop_after_failures = failures.max(1))
    }

    /// Sets whether the order of operations on the same document (index and ID) is
    /// kept: each operation is sent after the previous one has its final outcome.
    /// Default: `false`. An alias counts as another index than the one it names, so
    /// operations that must stay in order need the same name.
    ///
    /// A request that timed out may still be applied by the server after a later one;
    /// only [versions](super::Operation::external_version) prevent that.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use es_client::helpers::bulk::Operation;
    ///
    /// let writes = (0..100).map(|n| Operation::index(serde_json::json!({"n": n})).id("1"));
    /// let bulk = client.helpers().bulk("numbers", writes).flush_operations(10).keep_order(true);
    /// assert!(bulk.await?.is_complete());
    /// assert_eq!(cluster.documents("numbers")["1"]["n"], 99);
    /// # Ok(()) }
    /// ```
    pub fn keep_order(self, keep: bool) -> Self {
        self.set(|settings| settings.keep_order = keep)
    }

    /// Sets whether the helper generates an ID for every operation without one, so that
    /// it can be retried without being written twice. Default: `false`; the server
    /// generates them.
    ///
    /// The IDs are unique (96 random bits per run, and a number) and sort in the order
    /// of the input.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// // The response is lost after the document was written.
    /// let lost = es_testkit::Fault::reset().after_processing();
    /// cluster.node(0).inject(lost.once().on_path("_bulk"));
    /// let documents = [serde_json::json!({"n": 1})];
    /// let report = client.helpers().bulk("numbers", documents).make_ids(true).await?;
    /// assert_eq!((report.succeeded, report.unknown), (1, 0));
    /// assert_eq!(cluster.documents("numbers").len(), 1);
    /// # Ok(()) }
    /// ```
    pub fn make_ids(self, make: bool) -> Self {
        self.set(|settings| settings.make_ids = make)
    }

    /// Sets whether operations are grouped by the node that holds the primary of their
    /// shard, each request for one node. Default: `true`; without effect unless the
    /// client is [`shard_aware`](es_transport::TransportBuilder::shard_aware) and several
    /// requests may be in flight.
    ///
    /// All groups together hold at most as much as one request may; when they do, the
    /// largest is sent. By default, at least as many requests as live nodes are in flight;
    /// see [`max_in_flight`](Self::max_in_flight). Operations of which the node is not
    /// known, such as those without an ID on an index with several shards, share a request
    /// as without this.
    pub fn by_node(self, yes: bool) -> Self {
        self.set(|settings| settings.by_node = yes)
    }

    /// Sets the maximum number of failures in the report, with their operations.
    /// Default: 100.
    pub fn keep_failures(self, failures: usize) -> Self {
        self.set(|settings| settings.keep_failures = failures)
    }

    /// Sets a writer for operations that failed or are unknown: each is written as a
    /// line of JSON, a [`DeadLetter`](super::DeadLetter). The writer is flushed before
    /// `durable_up_to` passes the operation. An error of the writer stops the run; a panic
    /// is handled as for [`on_progress`](Self::on_progress). Operations that were not sent
    /// because the run had stopped are written, too; `durable_up_to` does not pass them,
    /// so a resumed run sends them again. Default: none.
    ///
    /// ```no_run
    /// # async fn index(client: es_client::Elasticsearch) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::fs::File;
    ///
    /// let documents = (0..10).map(|n| serde_json::json!({"n": n}));
    /// let dead_letters = File::options().append(true).create(true).open("dead-letters.ndjson")?;
    /// let report = client.helpers().bulk("numbers", documents).dead_letters(dead_letters).await?;
    /// println!("{report}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn dead_letters(self, writer: impl std::io::Write + Send + 'static) -> Self {
        self.set(|settings| settings.dead_letters = Some(Box::new(writer)))
    }

    /// Sets a function that is called with the totals whenever a request has ended, and
    /// if the helper [waits](BulkReport::waits_for) for something else: immediately for
    /// its rate limit or an earlier operation on a document, otherwise after 1 s.
    ///
    /// Requests wait for the function, so it should return quickly. If it panics, the run
    /// stops, and the panic continues where the run is awaited.
    pub fn on_progress(self, progress: impl FnMut(&BulkReport) + Send + 'static) -> Self {
        self.set(|settings| settings.progress = Some(Box::new(progress)))
    }

    /// Sets a function that is called whenever
    /// [`durable_up_to`](BulkReport::durable_up_to) has grown, for example to write a
    /// checkpoint. A panic is handled as for [`on_progress`](Self::on_progress).
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use std::sync::{Arc, atomic::{AtomicU64, Ordering::Relaxed}};
    ///
    /// let checkpoint = Arc::new(AtomicU64::new(0));
    /// let written = Arc::clone(&checkpoint);
    /// let documents = (0..250).map(|n| serde_json::json!({"n": n}));
    /// let bulk = client.helpers().bulk("numbers", documents);
    /// bulk.on_durable(move |position| written.store(position, Relaxed)).await?;
    /// assert_eq!(checkpoint.load(Relaxed), 250);
    /// # Ok(()) }
    /// ```
    pub fn on_durable(self, durable: impl FnMut(u64) + Send + 'static) -> Self {
        self.set(|settings| settings.on_durable = Some(Box::new(durable)))
    }

    /// Sets the ingest pipeline of operations without one.
    pub fn pipeline(self, pipeline: impl Param<String>) -> Self {
        self.query("pipeline", pipeline)
    }

    /// Sets the routing value of operations without one.
    pub fn routing(self, routing: impl Param<[String]>) -> Self {
        self.query("routing", routing)
    }

    /// Sets whether all targets must be aliases; operations on other names fail (404)
    /// instead of creating an index. Default: `false`.
    pub fn require_alias(self, require: impl Param<bool>) -> Self {
        self.query("require_alias", require)
    }

    /// Sets whether all targets must be data streams, or names for which a template
    /// creates one. Default: `false`.
    pub fn require_data_stream(self, require: impl Param<bool>) -> Self {
        self.query("require_data_stream", require)
    }

    /// Sets when writes become visible to searches: `true`, `false` or `wait_for`.
    /// Default: `false`. A single refresh at the end is cheaper.
    pub fn refresh(self, refresh: impl Param<(bool, Refresh)>) -> Self {
        self.query("refresh", refresh)
    }

    /// Sets the number of copies of a shard that must be active, or
    /// [`WaitForActiveShardOptions::All`]. Default: 1.
    pub fn wait_for_active_shards(
        self,
        shards: impl Param<(i64, WaitForActiveShardOptions)>,
    ) -> Self {
        self.query("wait_for_active_shards", shards)
    }

    /// Sets the time that the server waits for a shard or a mapping. Default: 1 minute.
    /// The transport's request timeout should be longer.
    pub fn timeout(self, timeout: impl Param<Duration>) -> Self {
        self.query("timeout", timeout)
    }
}

impl<C: Send + 'static> Bulk<Source<C>> {
    /// Returns the outcome of every operation, as a stream.
    pub fn stream(self) -> BulkStream<C> {
        BulkStream::new(self.plan, self.source)
    }
}

impl Bulk<Push> {
    /// Opens a sink. Nothing is started before the first operation is added.
    pub fn open<C: Send + 'static>(self) -> BulkSink<C> {
        BulkSink::new(self.plan, None)
    }

    /// Opens a sink and a stream of outcomes. While the stream is not read, the sink
    /// accepts no more operations. If the stream is dropped, outcomes are only counted.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use es_client::helpers::bulk::Operation;
    /// use futures_util::StreamExt;
    ///
    /// let (mut sink, mut outcomes) = client.helpers().bulk_sink("messages").open_with_outcomes();
    /// let message = Operation::index(serde_json::json!({"text": "hello"}));
    /// sink.add(message.context("offset 17")).await?;
    /// sink.flush().await?;
    /// let outcome = outcomes.next().await.unwrap();
    /// assert_eq!((outcome.context, outcome.result.is_ok()), ("offset 17", true));
    /// # Ok(()) }
    /// ```
    pub fn open_with_outcomes<C: Send + 'static>(self) -> (BulkSink<C>, SinkOutcomes<C>) {
        BulkSink::with_outcomes(self.plan)
    }
}

impl<C: Send + 'static> IntoFuture for Bulk<Source<C>> {
    type Output = Result<BulkReport, BulkStopped>;
    type IntoFuture = BulkFuture<C>;

    fn into_future(self) -> BulkFuture<C> {
        BulkFuture::new(self.plan, self.source)
    }
}

impl<S> fmt::Debug for Bulk<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("index", &self.plan.index)
            .finish_non_exhaustive()
    }
}
