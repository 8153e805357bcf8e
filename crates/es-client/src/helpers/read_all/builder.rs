use std::{borrow::Cow, fmt, marker::PhantomData, time::Duration};

use es_transport::Backoff;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};

use super::stream::ReadAllStream;
use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::request::Patience,
    params::IntoParam,
    path::push_query,
};

/// Reads every document that matches; see the [module](super). Made by
/// [`Helpers::read_all`](crate::helpers::Helpers::read_all).
#[must_use = "nothing is read until its stream is"]
pub struct ReadAll<T> {
    spec: Spec,
    error: Option<Error>,
    document: PhantomData<fn() -> T>,
}

/// What is read, and how.
pub(super) struct Spec {
    pub(super) client: Elasticsearch,
    pub(super) index: Cow<'static, str>,
    /// Properties of every search.
    pub(super) properties: Vec<(&'static str, Box<RawValue>)>,
    pub(super) sorted: bool,
    pub(super) page_size: u32,
    pub(super) keep_alive: Duration,
    pub(super) slices: u32,
    pub(super) allow_partial: bool,
    pub(super) by_scroll: bool,
    pub(super) patience: Patience,
    /// Parameters that choose indices and shards.
    pub(super) query: String,
}

impl<T> ReadAll<T> {
    pub(in crate::helpers) fn new(client: Elasticsearch, index: Cow<'static, str>) -> Self {
        let spec = Spec {
            client,
            index,
            properties: Vec::new(),
            sorted: false,
            page_size: 1_000,
            keep_alive: Duration::from_secs(300),
            slices: 1,
            allow_partial: false,
            by_scroll: false,
            patience: Patience::default(),
            query: String::new(),
        };
        Self { spec, error: None, document: PhantomData }
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

    /// What must match, in Elasticsearch's query DSL. Default: everything.
    pub fn query<Q: Serialize + ?Sized>(self, query: &Q) -> Self {
        self.property("query", query)
    }

    /// Which fields of the documents to give. Default: all.
    pub fn source<F: Serialize + ?Sized>(self, fields: &F) -> Self {
        self.property("_source", fields)
    }

    /// The order of the hits, which costs the cluster time and memory. Default:
    /// as they lie in the index.
    pub fn sort<S: Serialize + ?Sized>(self, sort: &S) -> Self {
        self.property("sort", sort).set(|spec| spec.sorted = true)
    }

    /// Any other property of a search's body, such as `fields` or
    /// `runtime_mappings`.
    pub fn property_of_search<V: Serialize + ?Sized>(self, name: &'static str, value: &V) -> Self {
        self.property(name, value)
    }

    /// How many hits are read at once. Default: 1,000; the server's limit is
    /// 10,000, unless the index says otherwise.
    pub fn page_size(self, hits: u32) -> Self {
        self.set(|spec| spec.page_size = hits.max(1))
    }

    /// How long the server keeps what is read between two pages. Default: 5 min.
    ///
    /// It must be longer than the reading of a page takes, pauses included.
    pub fn keep_alive(self, time: Duration) -> Self {
        self.set(|spec| spec.keep_alive = time)
    }

    /// Reads so many slices at once. Default: 1. As many as the index has
    /// shards is best.
    pub fn slices(self, slices: u32) -> Self {
        self.set(|spec| spec.slices = slices.max(1))
    }

    /// Whether failed shards and time-outs within the server are no errors.
    /// Default: they are.
    pub fn allow_partial_results(self, allow: bool) -> Self {
        self.set(|spec| spec.allow_partial = allow)
    }

    /// Reads by scroll even where there are points in time.
    pub fn by_scroll(self, scroll: bool) -> Self {
        self.set(|spec| spec.by_scroll = scroll)
    }

    /// How often a page is asked for again. Default: 5.
    pub fn max_retries(self, retries: u32) -> Self {
        self.set(|spec| spec.patience.max_retries = retries)
    }

    /// The wait before a page is asked for again: at most `first` at first,
    /// twice as long each time, and never longer than `longest`; half of it is
    /// random. Default: 500 ms and 30 s.
    pub fn backoff(self, first: Duration, longest: Duration) -> Self {
        self.set(|spec| spec.patience.backoff = Backoff::new(first, longest))
    }

    /// The value that decides on the shards to read.
    pub fn routing(self, routing: impl IntoParam) -> Self {
        let routing = routing.into_param();
        self.set(|spec| push_query(&mut spec.query, "routing", &routing))
    }

    /// Whether indices that do not exist or are closed are passed over.
    pub fn ignore_unavailable(self, ignore: bool) -> Self {
        let ignore = ignore.into_param();
        self.set(|spec| push_query(&mut spec.query, "ignore_unavailable", &ignore))
    }

    /// The hits. What is wrong with the settings is the stream's first item.
    pub fn stream(self) -> ReadAllStream<T>
    where
        T: DeserializeOwned + Send + 'static,
    {
        ReadAllStream::new(self.checked())
    }

    fn checked(self) -> Result<Spec> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.spec),
        }
    }
}

impl<T> fmt::Debug for ReadAll<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadAll").field("index", &self.spec.index).finish_non_exhaustive()
    }
}
