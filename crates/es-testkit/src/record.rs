//! Records of the requests that a node received.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::time::Instant;

use crate::sync::lock;

/// A request as a node received it.
///
/// ```
/// use es_testkit::Cluster;
/// use tower::ServiceExt as _;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = Cluster::builder().simulated()?;
/// let request = http::Request::put(format!("{}/books/_doc/1", cluster.node(0).url()))
///     .header("content-type", "application/json")
///     .body(String::from(r#"{"title": "Dune"}"#))?;
/// cluster.service().oneshot(request).await?;
/// let received = &cluster.node(0).requests()[0];
/// assert_eq!(received.method, "PUT");
/// assert_eq!(received.body, r#"{"title": "Dune"}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// Path and query as they were sent.
    pub target: String,
    /// The headers as they were sent, `Authorization` included.
    pub headers: HeaderMap,
    /// The body after `Content-Encoding: gzip`; as sent where that is not declared or not true.
    pub body: Bytes,
    /// The body as sent; empty where it was refused unread with 413.
    pub raw_body: Bytes,
    /// The number of the connection among those of its node, counted from 1; 0 without sockets.
    pub connection: u64,
    /// When the whole request was there, by tokio's clock.
    pub at: Instant,
    /// When there was a response, or the fault that replaced it.
    pub(crate) responded: Arc<OnceLock<Instant>>,
}

impl Recorded {
    /// The path without the query.
    ///
    /// ```
    /// use es_testkit::Cluster;
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// let url = format!("{}/_cluster/health?timeout=1s", cluster.node(0).url());
    /// cluster.service().oneshot(http::Request::get(url).body(String::new())?).await?;
    /// let requests = cluster.node(0).requests();
    /// assert_eq!(requests[0].path(), "/_cluster/health");
    /// assert_eq!(requests[0].target, "/_cluster/health?timeout=1s");
    /// # Ok(())
    /// # }
    /// ```
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&self.target, |(path, _)| path)
    }

    /// Returns the time that the node took to respond, delays and faults included; `None` while the
    /// request is under way.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_testkit::{Cluster, Latency};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().start().await?;
    /// cluster.node(0).set_latency(Latency::Constant(Duration::from_millis(5)));
    /// // .. requests ..
    /// for slow in cluster.slow_requests(Duration::from_millis(5)) {
    ///     println!("{:?} {} {}", slow.took(), slow.method, slow.target);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn took(&self) -> Option<Duration> {
        let responded = self.responded.get()?;
        Some(responded.saturating_duration_since(self.at))
    }

    /// A header's value, if it is there and is text.
    ///
    /// ```
    /// use es_testkit::Cluster;
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// let request = http::Request::get(cluster.node(0).url()).header("x-opaque-id", "42");
    /// cluster.service().oneshot(request.body(String::new())?).await?;
    /// assert_eq!(cluster.node(0).requests()[0].header("X-Opaque-Id"), Some("42"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl std::fmt::Debug for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorded")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("body_bytes", &self.body.len())
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

/// Counts of a node's connections since it started or since
/// [`clear_records`](crate::NodeHandle::clear_records).
///
/// ```
/// use es_testkit::Cluster;
/// use tower::ServiceExt as _;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = Cluster::builder().simulated()?;
/// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
/// cluster.service().oneshot(request).await?;
/// let counts = cluster.node(0).connections();
/// assert_eq!((counts.accepted, counts.open), (1, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionCounts {
    /// TCP connections accepted; in a simulation each request is one.
    pub accepted: usize,
    /// Connections open at present.
    pub open: usize,
    /// TLS handshakes completed.
    pub handshakes: usize,
    /// Of those, the ones that resumed an earlier session.
    pub resumed: usize,
    /// TLS handshakes that failed, by whoever's fault.
    pub failed_handshakes: usize,
    /// Connections refused, in a simulation; over sockets the system refuses them.
    pub refused: usize,
}

/// Counts of the shard operations of a node as the coordinator of requests, since it started or
/// since [`clear_records`](crate::NodeHandle::clear_records).
///
/// A shard operation is one document of a write or read, or one shard of a search.
///
/// ```
/// use es_testkit::Cluster;
/// use tower::ServiceExt as _;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = Cluster::builder().nodes(3).simulated()?;
/// let url = format!("{}/books/_doc/1", cluster.node(0).url());
/// let request = http::Request::put(url)
///     .header("content-type", "application/json")
///     .body(String::from("{}"))?;
/// cluster.service().oneshot(request).await?;
/// let operations = cluster.node(0).shard_operations();
/// assert_eq!(operations.local + operations.forwarded, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShardOperations {
    /// Operations on a shard that the node holds itself.
    pub local: usize,
    /// Operations that the node forwarded to another node.
    pub forwarded: usize,
}

/// Bytes that arrived on one connection.
pub(crate) type Wiretap = Arc<Mutex<Vec<u8>>>;

#[derive(Debug, Default)]
pub(crate) struct Records {
    keeping: bool,
    requests: Mutex<Vec<Recorded>>,
    request_count: AtomicUsize,
    taps: Mutex<BTreeMap<u64, Wiretap>>,
    failures: Mutex<Vec<String>>,
    pub accepted: AtomicUsize,
    pub open: AtomicUsize,
    pub handshakes: AtomicUsize,
    pub resumed: AtomicUsize,
    pub failed_handshakes: AtomicUsize,
    pub refused: AtomicUsize,
}

impl Records {
    pub fn new(keeping: bool) -> Self {
        Self {
            keeping,
            ..Self::default()
        }
    }

    /// Records a request and returns the place for the time of its response.
    pub fn request(&self, make: impl FnOnce() -> Recorded) -> Option<Arc<OnceLock<Instant>>> {
        self.request_count.fetch_add(1, Ordering::Relaxed);
        if !self.keeping {
            return None;
        }
        let recorded = make();
        let responded = Arc::clone(&recorded.responded);
        lock(&self.requests).push(recorded);
        Some(responded)
    }

    /// Somewhere for a connection's bytes, unless nothing is kept.
    pub fn tap(&self, connection: u64) -> Option<Wiretap> {
        self.keeping
            .then(|| Arc::clone(lock(&self.taps).entry(connection).or_default()))
    }

    pub fn handshake_failed(&self, why: String) {
        self.failed_handshakes.fetch_add(1, Ordering::Relaxed);
        lock(&self.failures).push(why);
    }

    pub fn failures(&self) -> Vec<String> {
        lock(&self.failures).clone()
    }

    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.requests).clone()
    }

    pub fn request_count(&self) -> usize {
        self.request_count.load(Ordering::Relaxed)
    }

    pub fn counts(&self) -> ConnectionCounts {
        let read = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        ConnectionCounts {
            accepted: read(&self.accepted),
            open: read(&self.open),
            handshakes: read(&self.handshakes),
            resumed: read(&self.resumed),
            failed_handshakes: read(&self.failed_handshakes),
            refused: read(&self.refused),
        }
    }

    /// Forgets everything but the connections that are open.
    pub fn clear(&self) {
        lock(&self.requests).clear();
        lock(&self.failures).clear();
        for tap in lock(&self.taps).values() {
            lock(tap).clear();
        }
        for counter in [
            &self.request_count,
            &self.accepted,
            &self.handshakes,
            &self.resumed,
            &self.failed_handshakes,
            &self.refused,
        ] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// Whether the text arrived on any connection, in any request, plain or in base64.
    pub fn received(&self, secret: &str) -> bool {
        let forms = forms_of(secret);
        let holds = |bytes: &[u8]| forms.iter().any(|form| contains(bytes, form));
        let on_wire = lock(&self.taps).values().any(|tap| holds(&lock(tap)));
        let in_request = |request: &Recorded| {
            holds(&request.body)
                || holds(request.target.as_bytes())
                || request
                    .headers
                    .values()
                    .any(|value| holds(value.as_bytes()))
        };
        on_wire || lock(&self.requests).iter().any(in_request)
    }
}

/// The text itself, and the parts of its base64 forms that do not depend on what stands around it:
/// base64 of `user:secret` has the secret at one of three offsets.
fn forms_of(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.as_bytes().to_vec()];
    for offset in 0..3_usize {
        let mut padded = vec![0_u8; offset];
        padded.extend_from_slice(secret.as_bytes());
        let encoded = STANDARD_NO_PAD.encode(&padded);
        // Characters that share bits with the neighbours are cut off on both sides.
        let first = (offset * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        if let Some(core) = encoded.get(first..last).filter(|core| core.len() >= 4) {
            forms.push(core.as_bytes().to_vec());
        }
    }
    forms
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    !wanted.is_empty() && bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn finds_a_secret_behind_any_user_name() {
        for user in ["", "a", "ab", "abc", "elastic"] {
            let header = STANDARD.encode(format!("{user}:correct horse:tail"));
            let forms = forms_of("correct horse");
            assert!(
                forms.iter().any(|form| contains(header.as_bytes(), form)),
                "{user}"
            );
            assert!(
                !forms_of("battery staple")
                    .iter()
                    .any(|form| contains(header.as_bytes(), form)),
                "{user}"
            );
        }
    }
}
