//! The number of requests that a node processes at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A limit of the requests that a node processes at a time and of those that wait; more are
/// refused with 429 and `es_rejected_execution_exception`, as Elasticsearch's thread pools do.
///
/// Requests for `/_nodes` and `/_cluster` get responses in any case: the genuine server has a pool
/// of its own for them. A request whose caller has gone gives its place to the next one.
///
/// ```
/// use std::time::Duration;
/// use es_testkit::{Capacity, Cluster, Latency};
///
/// # fn main() -> std::io::Result<()> {
/// // 4 at a time, each for 20 ms: 200 requests a second, and 100 of them may wait.
/// let cluster = Cluster::builder()
///     .nodes(3)
///     .latency(Latency::Constant(Duration::from_millis(20)))
///     .capacity(Capacity::new(4, 100))
///     .simulated()?;
/// cluster.node(0).set_capacity(Capacity::new(1, 0));
/// cluster.node(1).set_capacity(None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    workers: usize,
    queue: usize,
}

impl Capacity {
    /// Creates a limit of `workers` requests (at least 1) at a time, with at most `queue` others waiting.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_testkit::{Capacity, Cluster, Latency};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder()
    ///     .latency(Latency::Constant(Duration::from_millis(20)))
    ///     .capacity(Capacity::new(1, 0))
    ///     .simulated()?;
    /// let search = || {
    ///     let url = format!("{}/_search", cluster.node(0).url());
    ///     http::Request::get(url).body(String::new()).map(|request| cluster.service().oneshot(request))
    /// };
    /// let (first, second) = tokio::join!(search()?, search()?);
    /// assert_eq!(first?.status(), 200);
    /// assert_eq!(second?.status(), 429);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(workers: usize, queue: usize) -> Self {
        Self {
            workers: workers.clamp(1, Semaphore::MAX_PERMITS),
            queue,
        }
    }
}

/// The workers of one node.
#[derive(Debug)]
pub(crate) struct Workers {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
}

/// A worker, until it is dropped.
pub(crate) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

/// A place in the queue, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Workers {
    pub fn new(capacity: Capacity) -> Self {
        Self {
            free: Arc::new(Semaphore::new(capacity.workers)),
            waiting: AtomicUsize::new(0),
            queue: capacity.queue,
        }
    }

    /// Waits for a worker; `None` when too many others wait.
    pub async fn turn(&self, request: &Request<Bytes>) -> Option<Turn> {
        let path = request.uri().path();
        if path.starts_with("/_nodes") || path.starts_with("/_cluster") {
            return Some(Turn { _permit: None });
        }
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(Turn {
                _permit: Some(permit),
            });
        }
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if waiting >= self.queue {
            return None;
        }
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        Some(Turn {
            _permit: Some(permit),
        })
    }
}

/// The response of a node that is full.
pub(crate) fn rejected() -> Response<Bytes> {
    let cause = serde_json::json!({
        "type": "es_rejected_execution_exception",
        "reason": "rejected execution: all workers are busy and the queue is full",
    });
    let mut error = cause.clone();
    if let Some(error) = error.as_object_mut() {
        error.insert("root_cause".to_owned(), serde_json::json!([cause]));
    }
    let body = serde_json::json!({"error": error, "status": 429}).to_string();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    let length = response.body().len();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(
        "x-elastic-product",
        HeaderValue::from_static("Elasticsearch"),
    );
    response
}
