use std::{
    borrow::Cow,
    fmt,
    marker::PhantomData,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use es_transport::Backoff;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};

use super::{
    resume::{Position, ResumeToken},
    stream::ReadAllStream,
};
use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::RetryConfig,
    params::{Param, ToParam},
};

/// A builder of a stream of all matching documents; see the [module](super). Created by
/// [`Helpers::read_all`](crate::helpers::Helpers::read_all).
#[must_use = "nothing is read until its stream is"]
pub struct ReadAll<T> {
    spec: Spec,
    error: Option<Error>,
    document: PhantomData<fn() -> T>,
}

/// The settings of a reader.
pub(super) struct Spec {
    pub client: Elasticsearch,
    pub index: Cow<'static, str>,
    /// Properties of every search, but the source filter.
    pub properties: Vec<(&'static str, Box<RawValue>)>,
    source: Value,
    include_vectors: bool,
    /// The server does not know the option to include vectors; it never excludes them.
    without_vector_option: AtomicBool,
    pub sorted: bool,
    pub page_size: u32,
    pub page_bytes: usize,
    pub keep_alive: Duration,
    pub slices: u32,
    pub allow_partial: bool,
    pub by_scroll: bool,
    pub retry: RetryConfig,
    pub resume: Option<ResumeToken>,
    pub leave_open: bool,
    /// Parameters that choose indices and shards.
    pub params: Vec<(&'static str, Cow<'static, str>)>,
}

impl Spec {
    /// Returns the source filter, which asks for vectors where the server knows
    /// how to leave them out.
    pub fn source_filter(&self) -> Cow<'_, Value> {
        if !self.include_vectors || self.without_vector_option.load(Ordering::Relaxed) {
            return Cow::Borrowed(&self.source);
        }
        Cow::Owned(match &self.source {
            Value::Bool(true) => json!({"exclude_vectors": false}),
            Value::Object(filter) if !filter.contains_key("exclude_vectors") => {
                let mut filter = filter.clone();
                filter.insert("exclude_vectors".to_owned(), Value::Bool(false));
                Value::Object(filter)
            }
            fields @ (Value::String(_) | Value::Array(_)) => {
                json!({"includes": fields, "exclude_vectors": false})
            }
            as_given => as_given.clone(),
        })
    }

    /// Returns whether a search failed because the server is older than the
    /// option to include vectors, and is to be retried without it.
    pub fn refuses_vectors(&self, error: &Error) -> bool {
        let refused = self.include_vectors
            && error.is_bad_request()
            && error
                .body()
                .is_some_and(|body| memchr::memmem::find(body, b"exclude_vectors").is_some());
        if refused {
            // Slices are refused at the same time: each is retried.
            self.without_vector_option.store(true, Ordering::Relaxed);
        }
        refused
    }

    /// Returns a hash of what determines the hits and their order, the same in every
    /// process (64-bit FNV-1a).
    pub fn search_hash(&self) -> u64 {
        let properties = self.properties.iter();
        let params = self.params.iter();
        let mut parts: Vec<(&str, &str)> = properties
            .map(|(name, value)| (*name, value.get()))
            .chain(params.map(|(name, value)| (*name, &**value)))
            .collect();
        parts.sort_unstable();
        let text = parts
            .iter()
            .flat_map(|(name, value)| [*name, "\0", *value, "\0"]);
        text.flat_map(str::bytes)
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            })
    }

    /// Returns where a slice begins.
    pub fn position(&self, slice: u32) -> Position {
        let token = self.resume.as_ref();
        let position = token.and_then(|token| token.slices.get(slice as usize));
        position.cloned().unwrap_or_default()
    }
}

impl<T> ReadAll<T> {
    pub(in crate::helpers) fn new(client: Elasticsearch, index: Cow<'static, str>) -> Self {
        let spec = Spec {
            client,
            index,
            properties: Vec::new(),
            source: Value::Bool(true),
            include_vectors: true,
            without_vector_option: AtomicBool::new(false),
            sorted: false,
            page_size: 1_000,
            page_bytes: 10 << 20,
            keep_alive: Duration::from_secs(300),
            slices: 1,
            allow_partial: false,
            by_scroll: false,
            retry: RetryConfig::default(),
            resume: None,
            leave_open: false,
            params: Vec::new(),
        };
        Self {
            spec,
            error: None,
            document: PhantomData,
        }
    }

    fn set(mut self, change: impl FnOnce(&mut Spec)) -> Self {
        change(&mut self.spec);
        self
    }

    fn property<V: Serialize + ?Sized>(mut self, name: &'static str, value: &V) -> Self {
        match to_raw_value(value) {
            Ok(value) => self.spec.properties.push((name, value)),
            Err(error) => {
                self.error.get_or_insert(Error::encode(name, error));
            }
        }
        self
    }

    /// Sets the query that documents must match. Default: all documents.
    pub fn query<Q: Serialize + ?Sized>(self, query: &Q) -> Self {
        self.property("query", query)
    }

    /// Sets the source filter: which fields of the documents are returned.
    /// Default: all, vectors included.
    ///
    /// Vectors are included unless the filter sets `exclude_vectors`.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// use futures_util::TryStreamExt;
    ///
    /// let book = serde_json::json!({"title": "Dune", "text": "In the week before…"});
    /// client.index("books").document(book).await?;
    /// let books = client.helpers().read_all::<serde_json::Value>("books").source(&["title"]);
    /// let books: Vec<_> = books.stream().try_collect().await?;
    /// assert_eq!(books[0].source()?, Some(&serde_json::json!({"title": "Dune"})));
    /// # Ok(()) }
    /// ```
    pub fn source<F: Serialize + ?Sized>(mut self, fields: &F) -> Self {
        match serde_json::to_value(fields) {
            Ok(fields) => self.spec.source = fields,
            Err(error) => {
                self.error.get_or_insert(Error::encode("_source", error));
            }
        }
        self
    }

    /// Sets whether documents include their vectors, which searches omit from `_source`
    /// since Elasticsearch 9.2. Default: `true`.
    ///
    /// Without them, an export is smaller, but documents that are indexed again lose
    /// their vectors.
    pub fn include_vectors(self, include: bool) -> Self {
        self.set(|spec| spec.include_vectors = include)
    }

    /// Sets the order of the hits. Sorting costs the cluster time and memory. Default:
    /// index order.
    pub fn sort<S: Serialize + ?Sized>(self, sort: &S) -> Self {
        self.property("sort", sort).set(|spec| spec.sorted = true)
    }

    /// Sets any other property of the search body, such as `fields` or
    /// `runtime_mappings`. A property that the helper sets (`size`, `from`, `pit`,
    /// `slice`, `search_after`, `scroll`, `track_total_hits`) is an error, and so
    /// are aggregations, which would be computed for every page.
    ///
    /// ```
    /// use es_client::Elasticsearch;
    /// use futures_util::TryStreamExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> es_client::Result<()> {
    /// let client = Elasticsearch::builder().node("http://localhost:9200").build()?;
    /// // The helper sets it: see `page_size`.
    /// let hits = client.helpers().read_all::<()>("books").search_property("size", &100);
    /// assert!(hits.stream().try_next().await.unwrap_err().is_invalid());
    /// # Ok(())
    /// # }
    /// ```
    pub fn search_property<V: Serialize + ?Sized>(mut self, name: &'static str, value: &V) -> Self {
        const OWN: [&str; 9] = [
            "size",
            "from",
            "pit",
            "slice",
            "search_after",
            "scroll",
            "track_total_hits",
            "aggs",
            "aggregations",
        ];
        match name {
            name if OWN.contains(&name) => {
                let message = format!("`{name}` cannot be set as a property of `read_all`");
                self.error.get_or_insert(Error::invalid(message));
                self
            }
            "query" => self.query(value),
            "sort" => self.sort(value),
            "_source" => self.source(value),
            name => self.property(name, value),
        }
    }

    /// Sets the maximum number of hits per page, at least 1. Default: 1,000. The
    /// server's limit is 10,000 unless the index has another `max_result_window`.
    pub fn page_size(mut self, hits: u32) -> Self {
        if hits == 0 {
            self.error
                .get_or_insert(Error::invalid("`page_size` must be at least 1"));
        }
        self.set(|spec| spec.page_size = hits.max(1))
    }

    /// Sets the target size of a page, in bytes of the response. Default: 10 MiB.
    ///
    /// The first page has at most 10 hits; the number of hits of later pages is based
    /// on the size of the previous page. All pages of a scroll have
    /// [`page_size`](Self::page_size) hits.
    pub fn page_bytes(self, bytes: usize) -> Self {
        self.set(|spec| spec.page_bytes = bytes.max(1))
    }

    /// Sets whether the point in time stays open at the end, after an error and when
    /// the stream is dropped, so that a token remains valid for
    /// [`keep_alive`](Self::keep_alive). Default: `false`.
    pub fn leave_open(self, leave: bool) -> Self {
        self.set(|spec| spec.leave_open = leave)
    }

    /// Resumes a stream at a token ([`ReadAllStream::resume_token`]), with its point in
    /// time and number of slices. A token of another index, query, sort or other property
    /// of the search is an error.
    ///
    /// The point in time expires after [`keep_alive`](Self::keep_alive) without a
    /// request; then the first item of the stream is an error (404).
    pub fn resume(self, token: ResumeToken) -> Self {
        self.set(|spec| {
            spec.slices = u32::try_from(token.slices.len()).unwrap_or(u32::MAX);
            spec.resume = Some(token);
        })
    }

    /// Sets the time for which the server keeps the point in time or scroll between two
    /// pages. Default: 5 minutes.
    ///
    /// It must be longer than the time to read a page, including pauses.
    pub fn keep_alive(self, time: Duration) -> Self {
        self.set(|spec| spec.keep_alive = time)
    }

    /// Sets the number of slices that are read concurrently. The number of shards of
    /// the index is best. Default: 1.
    pub fn slices(self, slices: u32) -> Self {
        self.set(|spec| spec.slices = slices.max(1))
    }

    /// Sets whether pages may lack the hits of shards that failed or timed out.
    /// Default: `false`; such a page is an error. If `true`, the stream ends at the first
    /// empty page, because a short page may lack hits.
    pub fn allow_partial_results(self, allow: bool) -> Self {
        self.set(|spec| spec.allow_partial = allow)
    }

    /// Sets whether to use a scroll even if the server has points in time. Default:
    /// `false`.
    pub fn by_scroll(self, scroll: bool) -> Self {
        self.set(|spec| spec.by_scroll = scroll)
    }

    /// Sets the maximum number of retries of a page. Default: 5.
    pub fn max_retries(self, retries: u32) -> Self {
        self.set(|spec| spec.retry.max_retries = retries)
    }

    /// Sets the wait before a retry: at most `first` before the first one, doubling up
    /// to `longest`; half of it is random. Default: 500 ms and 30 s.
    pub fn backoff(self, first: Duration, longest: Duration) -> Self {
        self.set(|spec| spec.retry.backoff = Backoff::new(first, longest))
    }

    /// Sets the routing value, which determines the shards to read.
    pub fn routing(self, routing: impl Param<[String]>) -> Self {
        self.param("routing", routing)
    }

    /// Sets whether indices that are missing or closed are ignored. Default: `false`.
    pub fn ignore_unavailable(self, ignore: impl Param<bool>) -> Self {
        self.param("ignore_unavailable", ignore)
    }

    fn param(self, name: &'static str, value: impl ToParam) -> Self {
        match value.to_param().into_text() {
            Some(value) => self.set(|spec| spec.params.push((name, value))),
            None => self,
        }
    }

    /// Returns the hits as a stream. If a setting is invalid, the first item is an error.
    pub fn stream(self) -> ReadAllStream<T>
    where
        T: DeserializeOwned + Send + 'static,
    {
        ReadAllStream::new(self.checked())
    }

    fn checked(self) -> Result<Spec> {
        if self.spec.resume.is_some() && self.spec.by_scroll {
            return Err(Error::invalid("a scroll cannot be resumed"));
        }
        if let Some(token) = &self.spec.resume {
            let (of, index) = (&token.index, &self.spec.index);
            if of != index {
                let message = format!("the resume token is of `{of}`, not of `{index}`");
                return Err(Error::invalid(message));
            }
            if token.search != self.spec.search_hash() {
                let message = "the resume token is of another query, sort or other property";
                return Err(Error::invalid(message));
            }
        }
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.spec),
        }
    }
}

impl<T> fmt::Debug for ReadAll<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadAll")
            .field("index", &self.spec.index)
            .finish_non_exhaustive()
    }
}
