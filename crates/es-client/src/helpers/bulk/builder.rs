use std::{
    borrow::Cow,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64},
    },
    time::Duration,
};

use es_transport::{Backoff, rng::Rng};
use http::uri::PathAndQuery;

use super::{
    batch::{BatchBuilder, Limits},
    concurrency::Concurrency,
    context::BulkContext,
    engine::{EngineSettings, Progress},
    report::{BulkReport, BulkStopped},
    source::Source,
    stream::{BulkFuture, BulkStream},
};
use crate::{
    client::Elasticsearch,
    error::Result,
    helpers::request::path_and_query,
    params::IntoParam,
    path::{PartKind, push_part, push_query},
};

/// How often a batch that is refused as a whole is halved at first, to find the
/// operation that causes it; each half that is accepted allows one more.
const HALVINGS: i64 = 64;

/// A bulk helper, described; see the [module](super). Made by
/// [`Helpers::bulk`](crate::helpers::Helpers::bulk).
///
/// Awaited, it gives a [`BulkReport`].
#[must_use = "nothing is sent until it is awaited or its stream is read"]
pub struct Bulk<S> {
    source: S,
    plan: Plan,
}

/// A run without its source.
pub(super) struct Plan {
    client: Elasticsearch,
    index: Cow<'static, str>,
    settings: Settings,
}

struct Settings {
    limits: Limits,
    flush_interval: Duration,
    in_flight: usize,
    adaptive: bool,
    max_retries: u32,
    backoff: Backoff,
    make_ids: bool,
    keep_failures: usize,
    query: String,
    progress: Option<Progress>,
}

impl<S> Bulk<S> {
    pub(in crate::helpers) fn new(
        client: Elasticsearch,
        index: Cow<'static, str>,
        source: S,
    ) -> Self {
        let settings = Settings {
            limits: Limits { bytes: 5 << 20, operations: 5_000 },
            flush_interval: Duration::from_secs(1),
            in_flight: 4,
            adaptive: false,
            max_retries: 10,
            backoff: Backoff::new(Duration::from_millis(500), Duration::from_secs(30)),
            make_ids: false,
            keep_failures: 100,
            query: String::new(),
            progress: None,
        };
        Self { source, plan: Plan { client, index, settings } }
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.plan.settings);
        self
    }

    fn query(self, name: &str, value: impl IntoParam) -> Self {
        let value = value.into_param();
        self.set(|settings| push_query(&mut settings.query, name, &value))
    }

    /// The most bytes of a request, before compression. A request has more only
    /// if its only operation has. Default: 5 MiB; at most 1 GiB.
    ///
    /// It must not be more than the cluster's `http.max_content_length`
    /// (100 MB by default) and what proxies in between take; the helper finds
    /// out by 413, and then sends smaller ones.
    pub fn flush_bytes(self, bytes: usize) -> Self {
        self.set(|settings| settings.limits.bytes = bytes.clamp(1, 1 << 30))
    }

    /// The most operations of a request. Default: 5,000.
    pub fn flush_operations(self, operations: usize) -> Self {
        self.set(|settings| settings.limits.operations = operations.max(1))
    }

    /// How long an operation waits for others to come when the input has none.
    /// Default: 1 s.
    pub fn flush_interval(self, interval: Duration) -> Self {
        self.set(|settings| settings.flush_interval = interval)
    }

    /// How many requests are under way at once. Default: 4; at most 1,000.
    pub fn max_in_flight(self, requests: usize) -> Self {
        self.set(|settings| (settings.in_flight, settings.adaptive) = (requests, false))
    }

    /// Finds out how many requests should be under way: it begins with one,
    /// more while the cluster keeps pace, fewer when it refuses (429) or gets
    /// slow; never more than `most`.
    pub fn adaptive_in_flight(self, most: usize) -> Self {
        self.set(|settings| (settings.in_flight, settings.adaptive) = (most, true))
    }

    /// How often an operation is sent again. Default: 10, which with the default
    /// [`backoff`](Self::backoff) rides out an outage of the whole cluster of 75
    /// seconds, and of up to two and a half minutes as chance will have it.
    pub fn max_retries(self, retries: u32) -> Self {
        self.set(|settings| settings.max_retries = retries)
    }

    /// The wait before operations are sent again: at most `first` at first,
    /// twice as long each time, and never longer than `longest`; half of it is
    /// random. Default: 500 ms and 30 s. `Retry-After` makes it longer.
    pub fn backoff(self, first: Duration, longest: Duration) -> Self {
        self.set(|settings| settings.backoff = Backoff::new(first, longest))
    }

    /// Makes an id for every operation that has none, so that it can be sent
    /// again without being written twice. Default: no; the server makes them.
    ///
    /// The ids are unique (96 random bits for the run, and a number) and sort
    /// in the order of the input.
    pub fn make_ids(self, make: bool) -> Self {
        self.set(|settings| settings.make_ids = make)
    }

    /// How many failures the report keeps, with their operations. Default: 100.
    pub fn keep_failures(self, failures: usize) -> Self {
        self.set(|settings| settings.keep_failures = failures)
    }

    /// Called with the totals whenever a request has ended.
    pub fn on_progress(self, progress: impl FnMut(&BulkReport) + Send + 'static) -> Self {
        self.set(|settings| settings.progress = Some(Box::new(progress)))
    }

    /// The ingest pipeline of operations that name none.
    pub fn pipeline(self, pipeline: impl IntoParam) -> Self {
        self.query("pipeline", pipeline)
    }

    /// The routing of operations that name none.
    pub fn routing(self, routing: impl IntoParam) -> Self {
        self.query("routing", routing)
    }

    /// Whether all targets must be aliases; operations on others fail (404) where
    /// they would otherwise make an index. Default: no.
    pub fn require_alias(self, require: bool) -> Self {
        self.query("require_alias", require)
    }

    /// Whether all targets must be data streams, or names that become one by a
    /// template. Default: no.
    pub fn require_data_stream(self, require: bool) -> Self {
        self.query("require_data_stream", require)
    }

    /// `true`, `false` or `wait_for`: when writes become visible to searches.
    /// Default: `false`. To refresh once in the end costs less.
    pub fn refresh(self, refresh: impl IntoParam) -> Self {
        self.query("refresh", refresh)
    }

    /// How many copies of a shard must be there: a number or `all`. Default: 1.
    pub fn wait_for_active_shards(self, shards: impl IntoParam) -> Self {
        self.query("wait_for_active_shards", shards)
    }

    /// How long the server waits for a shard or a mapping. Default: 1 minute.
    /// The transport's own time for a request should be longer.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.query("timeout", timeout)
    }
}

impl<C: Send + 'static> Bulk<Source<C>> {
    /// Returns the outcome of every operation, as a stream.
    pub fn stream(self) -> BulkStream<C> {
        BulkStream::new(self.plan, self.source)
    }
}

impl Plan {
    /// Returns what a run is made of; `detail` is whether the outcome of each
    /// operation is asked for.
    pub(super) fn into_parts<C>(
        self,
        detail: bool,
    ) -> Result<(Arc<BulkContext>, EngineSettings, BatchBuilder<C>)> {
        let Self { client, index, settings } = self;
        let compression = client.transport().compression();
        let target = target(&index, settings.query, detail)?;
        let context = Arc::new(BulkContext {
            client,
            target,
            index: index.into(),
            detail,
            max_retries: settings.max_retries,
            backoff: settings.backoff,
            rng: Rng::new(),
            halvings: AtomicI64::new(HALVINGS),
            accepted: AtomicBool::new(false),
        });
        let concurrency = if settings.adaptive {
            Concurrency::adaptive(settings.in_flight)
        } else {
            Concurrency::fixed(settings.in_flight)
        };
        let engine = EngineSettings {
            flush_interval: settings.flush_interval,
            concurrency,
            keep_failures: settings.keep_failures,
            progress: settings.progress,
        };
        Ok((context, engine, BatchBuilder::new(settings.limits, settings.make_ids, compression)))
    }
}

/// Returns where the requests go. The response need not have what nobody reads:
/// for totals it has the status of each item, else all but its shards.
fn target(index: &str, mut query: String, detail: bool) -> Result<PathAndQuery> {
    let mut target = String::from("/");
    push_part(&mut target, "index", index, PartKind::Single)?;
    target.push_str("/_bulk");
    let wanted = if detail { "-items.*._shards" } else { "errors,items.*.status,items.*.error" };
    push_query(&mut query, "filter_path", wanted);
    target.push('?');
    target.push_str(&query);
    path_and_query(target)
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
        f.debug_struct("Bulk").field("index", &self.plan.index).finish_non_exhaustive()
    }
}
