use std::{
    borrow::Cow,
    fmt,
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, oneshot},
    time::timeout,
};

use super::batch::{Batch, SearchResult};
use crate::{
    client::Elasticsearch,
    error::{Error, Result},
    helpers::spawn,
    params::{Param, ToParam},
    types::SearchResponse,
};

/// A queue of searches that are sent together; see the [module](super). Created by
/// [`Helpers::msearch`](crate::helpers::Helpers::msearch).
///
/// Clones share the queue: create one per program and keep it.
#[derive(Clone)]
pub struct Msearch {
    client: Elasticsearch,
    index: Cow<'static, str>,
    max_searches: usize,
    max_wait: Duration,
    queue: Arc<Queue>,
}

struct Queue {
    waiting: Mutex<Waiting>,
    permits: Arc<Semaphore>,
}

/// The searches that wait, and the number of batches before them.
#[derive(Default)]
struct Waiting {
    batch: Batch,
    sent: u64,
}

impl Queue {
    fn new(in_flight: usize) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(in_flight.clamp(1, Semaphore::MAX_PERMITS)));
        Arc::new(Self {
            waiting: Mutex::default(),
            permits,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // The state is consistent after every line.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn take(&mut self) -> Batch {
        self.sent += 1;
        std::mem::take(&mut self.batch)
    }
}

impl Msearch {
    pub(in crate::helpers) fn new(client: Elasticsearch, index: Cow<'static, str>) -> Self {
        let max_wait = Duration::from_millis(5);
        Self {
            client,
            index,
            max_searches: 50,
            max_wait,
            queue: Queue::new(5),
        }
    }

    /// Sets the maximum number of searches per request. Default: 50.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// client.indices().create("products").await?;
    /// use serde_json::{Value, json};
    ///
    /// let searches = client.helpers().msearch("products").max_searches(2);
    /// let search = || searches.search::<Value>(&json!({"size": 0})).into_future();
    /// tokio::try_join!(search(), search(), search(), search())?;
    /// let requests = cluster.requests();
    /// assert_eq!(requests.iter().filter(|r| r.target.contains("_msearch")).count(), 2);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn max_searches(mut self, searches: usize) -> Self {
        self.max_searches = searches.max(1);
        self
    }

    /// Sets the maximum time that a search waits for others. Default: 5 ms.
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// Sets the maximum number of requests in flight; further ones wait. Default: 5.
    ///
    /// Existing clones keep their own limit.
    #[must_use]
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.queue = Queue::new(requests);
        self
    }

    /// Returns a search with the body of a search request, which is sent when it is
    /// awaited. `T` is the type of the documents.
    pub fn search<T>(&self, body: &(impl Serialize + ?Sized)) -> QueuedSearch<T> {
        let body = serde_json::to_vec(body).map_err(|error| Error::encode("body", error));
        QueuedSearch {
            msearch: self.clone(),
            header: Header::default(),
            body,
            document: PhantomData,
        }
    }

    /// Adds a search to those that wait, and sends them if the batch is full. Returns
    /// the receiver of its response, and the number of its batch.
    fn enqueue(&self, lines: &[u8]) -> (oneshot::Receiver<SearchResult>, u64) {
        let mut waiting = self.queue.lock();
        let number = waiting.sent;
        let receiver = waiting.batch.push(lines);
        if waiting.batch.len() >= self.max_searches {
            let batch = waiting.take();
            drop(waiting);
            self.send(batch);
        }
        (receiver, number)
    }

    /// Sends a batch that was not sent yet.
    fn flush(&self, number: u64) {
        let mut waiting = self.queue.lock();
        if waiting.sent == number {
            let batch = waiting.take();
            drop(waiting);
            self.send(batch);
        }
    }

    /// Sends a batch on a separate task: the others still wait when one caller drops
    /// its future.
    fn send(&self, batch: Batch) {
        let (client, index) = (self.client.clone(), self.index.clone());
        let permits = Arc::clone(&self.queue.permits);
        let sending = async move {
            // The semaphore is never closed, so this cannot fail.
            let _permit = permits.acquire_owned().await;
            batch.send(client, index).await;
        };
        spawn(&Handle::current(), Box::pin(sending));
    }
}

/// A search in a queue. Created by [`Msearch::search`].
#[must_use = "a search is sent when it is awaited"]
pub struct QueuedSearch<T> {
    msearch: Msearch,
    header: Header,
    body: Result<Vec<u8>>,
    document: PhantomData<fn() -> T>,
}

/// The first line of a search.
#[derive(Debug, Default, Serialize)]
struct Header {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preference: Option<Cow<'static, str>>,
}

fn text(value: impl ToParam) -> Option<Cow<'static, str>> {
    value.to_param().into_text()
}

impl<T> QueuedSearch<T> {
    /// Sets the index to search instead of the helper's.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cluster = es_testkit::Cluster::builder().start().await?;
    /// # let client = es_client::Elasticsearch::builder().nodes(cluster.urls()).build()?;
    /// client.index("books").document(serde_json::json!({"title": "Dune"})).refresh(true).await?;
    /// let searches = client.helpers().msearch("products");
    /// let body = serde_json::json!({"query": {"match": {"title": "dune"}}});
    /// let found = searches.search::<serde_json::Value>(&body).index("books").await?;
    /// assert_eq!(found.total(), Some(1));
    /// # Ok(()) }
    /// ```
    pub fn index(mut self, index: impl Param<[String]>) -> Self {
        self.header.index = text(index).or(self.header.index);
        self
    }

    /// Sets the routing value, which determines the shards to search.
    pub fn routing(mut self, routing: impl Param<[String]>) -> Self {
        self.header.routing = text(routing).or(self.header.routing);
        self
    }

    /// Sets the preference of shard copies, such as a session ID.
    pub fn preference(mut self, preference: impl Param<String>) -> Self {
        self.header.preference = text(preference).or(self.header.preference);
        self
    }

    /// # Errors
    /// The body cannot be written, or the index is one that would have the server search
    /// all indices.
    fn lines(&mut self) -> Result<Vec<u8>> {
        if self.header.index.as_deref() == Some("") {
            return Err(Error::invalid("the index of a search is empty"));
        }
        let header = serde_json::to_vec(&self.header);
        let mut lines = header.map_err(|error| Error::encode("header", error))?;
        lines.push(b'\n');
        let body = std::mem::replace(&mut self.body, Ok(Vec::new()))?;
        // A `RawValue` may have line breaks between its parts.
        let in_line = |byte| {
            if matches!(byte, b'\n' | b'\r') {
                b' '
            } else {
                byte
            }
        };
        lines.extend(body.into_iter().map(in_line));
        lines.push(b'\n');
        Ok(lines)
    }

    async fn run(mut self) -> Result<SearchResponse<T>>
    where
        T: DeserializeOwned,
    {
        let lines = self.lines()?;
        let (mut receiver, number) = self.msearch.enqueue(&lines);
        let received = match timeout(self.msearch.max_wait, &mut receiver).await {
            Ok(received) => received,
            Err(_elapsed) => {
                self.msearch.flush(number);
                receiver.await
            }
        };
        received.map_err(|_| Error::runtime_ended())??.read()
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for QueuedSearch<T> {
    type Output = Result<SearchResponse<T>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Msearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Msearch")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for QueuedSearch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuedSearch")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}
