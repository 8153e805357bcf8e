//! The cluster without sockets.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use tower::Service;

use crate::assemble::Secrets;
use crate::builder::ClusterBuilder;
use crate::node::{Action, Node, NodeHandle, Welcome};
use crate::shared::Shared;
use crate::sync::lock;

/// A cluster without sockets, for simulations of up to some thousand nodes under a paused clock.
///
/// Its nodes behave as those of a [`Cluster`](crate::Cluster), faults, latencies, queues and
/// records included. The effect of a fault on the bytes of a response becomes the error that an HTTP
/// client would report. There is no TLS, and no connection that could be idle: each request is a
/// connection of its own in [`ConnectionCounts`](crate::ConnectionCounts).
///
/// With one [seed](ClusterBuilder::seed) and a runtime of one thread it does the same in every
/// run: latencies and the nodes' ids are drawn from it.
///
/// ```
/// use std::time::Duration;
/// use bytes::Bytes;
/// use es_testkit::{Cluster, Latency};
/// use http_body_util::Full;
/// use tower::ServiceExt as _;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = Cluster::builder()
///     .nodes(1_000)
///     .latency(Latency::Exponential { mean: Duration::from_millis(5) })
///     .simulated()?;
/// let service = cluster.service();
/// let request = http::Request::get(format!("{}/", cluster.node(17).url())).body(Full::<Bytes>::default())?;
/// let response = service.oneshot(request).await?;
/// assert_eq!(response.status(), 200);
/// assert_eq!(cluster.node(17).request_count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SimulatedCluster {
    settings: ClusterBuilder,
    shared: Arc<Shared>,
    secrets: Secrets,
    nodes: Mutex<Vec<NodeHandle>>,
    by_authority: Directory,
}

/// The nodes by host and port.
type Directory = Arc<Mutex<HashMap<String, Arc<Node>>>>;

impl SimulatedCluster {
    pub(crate) fn make(settings: ClusterBuilder) -> io::Result<Self> {
        let (shared, secrets) = settings.shared()?;
        let (nodes, by_authority) = (Mutex::default(), Directory::default());
        let cluster = Self {
            settings,
            shared,
            secrets,
            nodes,
            by_authority,
        };
        for _ in 0..cluster.settings.nodes {
            cluster.add_node()?;
        }
        Ok(cluster)
    }

    /// Adds a node to the running cluster; it appears in `_nodes/http`. Nodes leave by
    /// [`kill`](NodeHandle::kill) or [`set_listed`](NodeHandle::set_listed).
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).simulated()?;
    /// let node = cluster.add_node()?;
    /// assert_eq!(cluster.urls().last().map(String::as_str), Some(node.url()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for creating the cluster.
    pub fn add_node(&self) -> io::Result<NodeHandle> {
        let mut nodes = lock(&self.nodes);
        let number = nodes.len();
        let address = format!("10.0.{}.{}:9200", number / 250, number % 250 + 1);
        let node = self
            .settings
            .node(number, &self.shared, address.clone(), None, None)?;
        lock(&self.by_authority).insert(address, Arc::clone(&node));
        let handle = NodeHandle(node);
        nodes.push(handle.clone());
        Ok(handle)
    }

    /// Returns the cluster as a service: the authority of the URI selects the node.
    ///
    /// ```
    /// use es_testkit::Cluster;
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().nodes(3).simulated()?;
    /// for node in cluster.nodes() {
    ///     let request = http::Request::get(node.url()).body(String::new())?;
    ///     assert_eq!(cluster.service().oneshot(request).await?.status(), 200);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn service(&self) -> SimulatedService {
        SimulatedService {
            nodes: Arc::clone(&self.by_authority),
            connect_timeout: Duration::from_secs(5),
        }
    }

    /// Returns the URLs of all nodes, in order; the addresses are made up.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(2).simulated()?;
    /// assert_eq!(cluster.urls(), ["http://10.0.0.1:9200", "http://10.0.0.2:9200"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn urls(&self) -> Vec<String> {
        lock(&self.nodes)
            .iter()
            .map(|node| node.url().to_owned())
            .collect()
    }

    /// Returns the handles of all nodes, in order.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let cluster = Cluster::builder().nodes(3).simulated()?;
    /// for node in cluster.nodes() {
    ///     node.set_attribute("rack", "r1");
    /// }
    /// assert_eq!(cluster.node(2).attribute("rack").as_deref(), Some("r1"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn nodes(&self) -> Vec<NodeHandle> {
        lock(&self.nodes).clone()
    }

    /// Returns the handle of one node, counted from 0.
    ///
    /// ```
    /// use es_testkit::Cluster;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().nodes(3).simulated()?;
    /// cluster.node(2).kill().await;
    /// assert_eq!(cluster.node(2).request_count(), 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// There is no such node.
    #[track_caller]
    #[allow(clippy::expect_used, reason = "documented, as indexing a slice is")]
    pub fn node(&self, node: usize) -> NodeHandle {
        let found = lock(&self.nodes).get(node).cloned();
        found.expect("the cluster has fewer nodes")
    }

    /// The handles of the nodes of one zone, in order: of those whose attribute `zone` says so.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let cluster = es_testkit::Cluster::builder().nodes(30).zones(["a", "b", "c"]).simulated()?;
    /// // The whole zone is lost.
    /// for node in cluster.zone("b") {
    ///     node.kill().await;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn zone(&self, name: &str) -> Vec<NodeHandle> {
        let nodes = lock(&self.nodes);
        nodes
            .iter()
            .filter(|node| node.attribute("zone").as_deref() == Some(name))
            .cloned()
            .collect()
    }

    /// Returns the name of the user with all privileges.
    pub fn username(&self) -> &str {
        &self.secrets.username
    }

    /// Returns the password of that user.
    ///
    /// ```
    /// use base64::Engine as _;
    /// use es_testkit::Cluster;
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().security(true).simulated()?;
    /// let credentials = format!("{}:{}", cluster.username(), cluster.password());
    /// let credentials = base64::engine::general_purpose::STANDARD.encode(credentials);
    /// let request = http::Request::get(cluster.node(0).url())
    ///     .header("authorization", format!("Basic {credentials}"))
    ///     .body(String::new())?;
    /// assert_eq!(cluster.service().oneshot(request).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn password(&self) -> &str {
        &self.secrets.password
    }
}

/// The nodes of a [`SimulatedCluster`] as one service for requests with an absolute URI.
///
/// ```
/// use es_testkit::{Cluster, SimulatedError};
/// use tower::ServiceExt as _;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = Cluster::builder().simulated()?;
/// // It is a tower service, so that layers go around it.
/// let service = tower::util::MapErr::new(cluster.service(), |error: SimulatedError| {
///     error.to_string()
/// });
/// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
/// assert_eq!(service.oneshot(request).await?.status(), 200);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SimulatedService {
    nodes: Directory,
    connect_timeout: Duration,
}

impl SimulatedService {
    /// Sets how long a connect to a node that accepts nothing
    /// ([`hang_connections`](NodeHandle::hang_connections)) takes to fail. Default: 5 s.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_testkit::Cluster;
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).hang_connections();
    /// let service = cluster.service().connect_timeout(Duration::from_secs(1));
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// assert!(service.oneshot(request).await.unwrap_err().is_connect());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }
}

/// The error of a request without a response. Its source is a [`std::io::Error`] of the kind
/// that a socket would have returned.
///
/// ```
/// use es_testkit::Cluster;
/// use tower::ServiceExt as _;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = Cluster::builder().simulated()?;
/// cluster.node(0).kill().await;
/// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
/// let error = cluster.service().oneshot(request).await.unwrap_err();
/// assert!(error.is_connect());
/// assert_eq!(error.io_kind(), Some(std::io::ErrorKind::ConnectionRefused));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SimulatedError {
    connect: bool,
    source: Box<dyn StdError + Send + Sync>,
}

impl SimulatedError {
    fn io(connect: bool, kind: io::ErrorKind) -> Self {
        Self {
            connect,
            source: io::Error::from(kind).into(),
        }
    }

    /// Whether no connection was opened, so that nothing of the request was sent.
    ///
    /// ```
    /// use es_testkit::{Cluster, Fault};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).inject(Fault::reset());
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// // The node may have carried out the request: only idempotent ones may be repeated.
    /// assert!(!cluster.service().oneshot(request).await.unwrap_err().is_connect());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_connect(&self) -> bool {
        self.connect
    }

    /// Returns the kind of the I/O error, if it was one.
    ///
    /// ```
    /// use es_testkit::Cluster;
    /// use tower::ServiceExt as _;
    /// use std::io::ErrorKind;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = Cluster::builder().simulated()?;
    /// cluster.node(0).hang_connections();
    /// let request = http::Request::get(cluster.node(0).url()).body(String::new())?;
    /// let error = cluster.service().oneshot(request).await.unwrap_err();
    /// assert_eq!(error.io_kind(), Some(ErrorKind::TimedOut));
    /// # Ok(())
    /// # }
    /// ```
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        self.source.downcast_ref::<io::Error>().map(io::Error::kind)
    }
}

impl fmt::Display for SimulatedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.connect {
            "no connection to the simulated node"
        } else {
            "no response from the simulated node"
        })
    }
}

impl StdError for SimulatedError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

type Outcome = Result<Response<Full<Bytes>>, SimulatedError>;

impl<B> Service<Request<B>> for SimulatedService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = SimulatedError;
    type Future = Pin<Box<dyn Future<Output = Outcome> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let authority = request.uri().authority();
        let node = authority.and_then(|name| lock(&self.nodes).get(name.as_str()).cloned());
        let connect_timeout = self.connect_timeout;
        Box::pin(async move {
            let open = connect(node, connect_timeout).await?;
            let mut falls = open.0.falls.subscribe();
            tokio::select! {
                // In one order always, so that a run repeats itself.
                biased;
                response = exchange(&open.0, request) => response,
                _ = falls.changed() => Err(SimulatedError::io(false, io::ErrorKind::ConnectionReset)),
            }
        })
    }
}

/// A connection, which is open until this is dropped.
struct Open(Arc<Node>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.records.open.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn connect(node: Option<Arc<Node>>, timeout: Duration) -> Result<Open, SimulatedError> {
    let refused = || SimulatedError::io(true, io::ErrorKind::ConnectionRefused);
    let node = node.ok_or_else(refused)?;
    if node.is_down() {
        node.records.refused.fetch_add(1, Ordering::Relaxed);
        return Err(refused());
    }
    let welcome = *lock(&node.welcome);
    match welcome {
        Welcome::Serve => {
            node.records.accepted.fetch_add(1, Ordering::Relaxed);
            node.records.open.fetch_add(1, Ordering::Relaxed);
            Ok(Open(node))
        }
        Welcome::Silent => {
            tokio::time::sleep(timeout).await;
            Err(SimulatedError::io(true, io::ErrorKind::TimedOut))
        }
        Welcome::Reset => Err(SimulatedError::io(false, io::ErrorKind::ConnectionReset)),
    }
}

async fn exchange<B>(node: &Node, request: Request<B>) -> Outcome
where
    B: Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|error| SimulatedError {
        connect: false,
        source: error.into(),
    })?;
    match node
        .decide(Request::from_parts(head, body.to_bytes()), 0)
        .await
    {
        Action::Respond(response) | Action::Last(response) => Ok(response.map(Full::new)),
        Action::Silence => pending().await,
        Action::Script(script) => match script.error {
            Some(kind) => Err(SimulatedError::io(false, kind)),
            None => pending().await,
        },
    }
}
