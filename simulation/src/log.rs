//! Every attempt that left the transport, noted between it and the nodes.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use es_testkit::{SimulatedError, SimulatedService};
use es_transport::{Body, Error};
use http::{Request, Response};
use http_body_util::Full;
use tokio::time::Instant;
use tower::Service;

/// One attempt at one node.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// The node's number in its cluster.
    pub node: usize,
    /// Whether it asked for the cluster's nodes.
    pub is_sniff: bool,
    /// When it began, from the beginning of the log.
    pub began: Duration,
    /// When it ended.
    pub ended: Duration,
    /// Where its beginning stands among all beginnings and ends: times are the same for many.
    pub began_as: u64,
    /// Where its end stands among them.
    pub ended_as: u64,
    /// How it ended.
    pub end: End,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Not at all: it is under way.
    UnderWay,
    /// With a response.
    Status(u16),
    /// No connection came about.
    NoConnection,
    /// The connection broke.
    Broken,
    /// The transport dropped it: its time was over.
    Dropped,
}

impl End {
    /// Whether a node dies of it: no connection, a broken one, 502, 503, 504.
    pub fn is_failure(self) -> bool {
        matches!(
            self,
            Self::NoConnection | Self::Broken | Self::Status(502..=504)
        )
    }
}

/// The attempts of one transport, in the order in which they began.
#[derive(Clone, Debug)]
pub struct Log {
    begun: Instant,
    entries: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    attempts: Vec<Attempt>,
    /// Number of starts and ends.
    moments: u64,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            entries: Arc::default(),
        }
    }

    /// The time since the log was begun.
    pub fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The entries so far.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.lock().attempts.clone()
    }

    /// The nodes, with what is noted here.
    pub(crate) fn over(&self, nodes: SimulatedService) -> Logged {
        Logged {
            nodes,
            log: self.clone(),
        }
    }

    fn begin(&self, node: usize, is_sniff: bool) -> Entry {
        let began = self.now();
        let mut entries = self.lock();
        entries.moments += 1;
        let began_as = entries.moments;
        entries.attempts.push(Attempt {
            node,
            is_sniff,
            began,
            ended: began,
            began_as,
            ended_as: u64::MAX,
            end: End::UnderWay,
        });
        Entry {
            log: self.clone(),
            index: entries.attempts.len() - 1,
            end: End::Dropped,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt under way; its end is noted when it is dropped.
struct Entry {
    log: Log,
    index: usize,
    end: End,
}

impl Entry {
    fn ends(mut self, end: End) {
        self.end = end;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let now = self.log.now();
        let mut entries = self.log.lock();
        entries.moments += 1;
        let ended_as = entries.moments;
        let attempt = &mut entries.attempts[self.index];
        (attempt.ended, attempt.ended_as, attempt.end) = (now, ended_as, self.end);
    }
}

/// The number that a simulated cluster gives the node of this address (`10.0.x.y:9200`).
fn number(authority: &str) -> usize {
    let parts = authority.trim_end_matches(":9200").rsplit('.');
    let mut parts = parts.map(|part| part.parse::<usize>().expect("an address of a node"));
    let (low, high) = (parts.next().unwrap_or(1), parts.next().unwrap_or(0));
    high * 250 + low - 1
}

/// Simulated nodes whose attempts are noted.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    nodes: SimulatedService,
    log: Log,
}

impl Service<Request<Body>> for Logged {
    type Response = Response<Full<Bytes>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let node = number(
            request
                .uri()
                .authority()
                .expect("a node was chosen")
                .as_str(),
        );
        let entry = self.log.begin(node, request.uri().path() == "/_nodes/http");
        let response = self.nodes.call(request);
        Box::pin(async move {
            let response = response.await;
            entry.ends(match &response {
                Ok(response) => End::Status(response.status().as_u16()),
                Err(error) if error.is_connect() => End::NoConnection,
                Err(_) => End::Broken,
            });
            response.map_err(failure)
        })
    }
}

/// The error that the transport's own connections would return.
fn failure(error: SimulatedError) -> Error {
    if error.is_connect() {
        Error::connect(error)
    } else {
        Error::from_service(error)
    }
}
