//! The cluster without sockets.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use tower::Service;

use crate::assemble::Secrets;
use crate::builder::ClusterBuilder;
use crate::node::{Node, NodeHandle, Verdict};

/// A cluster without sockets, for simulations of up to some thousand nodes under a paused clock.
///
/// Its nodes behave as those of a [`Cluster`](crate::Cluster), faults, latencies and records
/// included. What a fault does to the bytes of an answer becomes the error that an HTTP client
/// would report. There is no TLS, and no connection that could be idle.
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
/// let answer = service.oneshot(request).await?;
/// assert_eq!(answer.status(), 200);
/// assert_eq!(cluster.node(17).request_count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SimulatedCluster {
    nodes: Vec<NodeHandle>,
    by_authority: Arc<HashMap<String, Arc<Node>>>,
    secrets: Secrets,
}

impl SimulatedCluster {
    pub(crate) fn make(settings: ClusterBuilder) -> io::Result<Self> {
        let (shared, secrets) = settings.shared()?;
        let mut nodes = Vec::with_capacity(settings.nodes);
        let mut by_authority = HashMap::with_capacity(settings.nodes);
        for number in 0..settings.nodes {
            let address = format!("10.0.{}.{}:9200", number / 250, number % 250 + 1);
            let node = settings.node(number, &shared, address.clone(), None, None)?;
            by_authority.insert(address, Arc::clone(&node));
            nodes.push(NodeHandle(node));
        }
        Ok(Self { nodes, by_authority: Arc::new(by_authority), secrets })
    }

    /// The cluster as a service: the URI's authority tells the node.
    pub fn service(&self) -> SimulatedService {
        SimulatedService { nodes: Arc::clone(&self.by_authority) }
    }

    /// The URLs of all nodes, in order; the addresses are made up.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.url().to_owned()).collect()
    }

    /// The handles of all nodes, in order.
    pub fn nodes(&self) -> &[NodeHandle] {
        &self.nodes
    }

    /// The handle of one node, counted from 0.
    ///
    /// # Panics
    /// When there is no such node.
    #[track_caller]
    #[allow(clippy::expect_used, reason = "documented, as indexing a slice is")]
    pub fn node(&self, node: usize) -> &NodeHandle {
        self.nodes.get(node).expect("the cluster has fewer nodes")
    }

    /// The name of the user who may do everything.
    pub fn username(&self) -> &str {
        &self.secrets.username
    }

    /// That user's password.
    pub fn password(&self) -> &str {
        &self.secrets.password
    }
}

/// The nodes of a [`SimulatedCluster`] as one service for requests with an absolute URI.
#[derive(Clone, Debug)]
pub struct SimulatedService {
    nodes: Arc<HashMap<String, Arc<Node>>>,
}

/// Why there was no answer. Its source is a [`std::io::Error`] of the kind that a socket would
/// have given.
#[derive(Debug)]
pub struct SimulatedError {
    connect: bool,
    source: Box<dyn StdError + Send + Sync>,
}

impl SimulatedError {
    fn io(connect: bool, kind: io::ErrorKind) -> Self {
        Self { connect, source: io::Error::from(kind).into() }
    }

    /// No connection came about, so nothing of the request was sent.
    pub fn is_connect(&self) -> bool {
        self.connect
    }

    /// The kind of the I/O error, if it was one.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        self.source.downcast_ref::<io::Error>().map(io::Error::kind)
    }
}

impl fmt::Display for SimulatedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.connect {
            "no connection to the simulated node"
        } else {
            "no answer from the simulated node"
        })
    }
}

impl StdError for SimulatedError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

type Answer = Result<Response<Full<Bytes>>, SimulatedError>;

impl<B> Service<Request<B>> for SimulatedService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = SimulatedError;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let node = request
            .uri()
            .authority()
            .and_then(|authority| self.nodes.get(authority.as_str()))
            .cloned();
        Box::pin(async move {
            let node = node.filter(|node| !node.is_down());
            let node =
                node.ok_or_else(|| SimulatedError::io(true, io::ErrorKind::ConnectionRefused))?;
            let mut falls = node.falls.subscribe();
            tokio::select! {
                answer = exchange(&node, request) => answer,
                _ = falls.changed() => Err(SimulatedError::io(false, io::ErrorKind::ConnectionReset)),
            }
        })
    }
}

async fn exchange<B>(node: &Node, request: Request<B>) -> Answer
where
    B: Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|error| SimulatedError { connect: false, source: error.into() })?;
    match node.decide(Request::from_parts(head, body.to_bytes()), 0).await {
        Verdict::Answer(response) | Verdict::Last(response) => Ok(response.map(Full::new)),
        Verdict::Silence => pending().await,
        Verdict::Script(script) => match script.error {
            Some(kind) => Err(SimulatedError::io(false, kind)),
            None => pending().await,
        },
    }
}
