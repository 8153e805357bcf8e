//! The service over all hosts, and the future from a request to the head of its response.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use arc_swap::ArcSwap;
use http::{Request, Response, StatusCode, Uri, header, uri::Scheme};
use http_body::Body as _;
use hyper::body::Incoming;
use rustc_hash::FxBuildHasher;
use tower::Service;

use super::{
    connection::{Io, PooledBody, PooledConnection, SendError},
    host::{Acquired, SharedHost},
    settings::{ConnectionsBuilder, Settings},
};
use crate::{
    body::Body,
    connect::error,
    error::{BoxError, Error, Result},
};

/// A pool of connections, with a separate limit and queue for each host.
///
/// It is a [`Service`] for requests with absolute URIs. Clones share the pool; cloning
/// is cheap. The connections are closed when the last clone and the last unread
/// response have been dropped.
///
/// ```
/// use std::time::Duration;
/// use es_transport::{Body, connect::{Connections, Connector}};
/// use http::Request;
/// use tower::{Service, ServiceExt};
///
/// # async fn send() -> es_transport::Result<()> {
/// let mut connections = Connections::builder()
///     .idle_timeout(Duration::from_secs(30))
///     .build(Connector::builder().build()?);
///
/// let request = Request::get("http://localhost:9200/").body(Body::empty()).unwrap();
/// let response = connections.ready().await?.call(request).await?;
/// println!("{}", response.status());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connections(Arc<Pool>);

struct Pool {
    settings: Arc<Settings>,
    hosts: ArcSwap<Hosts>,
    /// Held while the snapshot is replaced.
    writing: Mutex<()>,
    closed: AtomicBool,
}

impl Connections {
    /// Creates a pool with the default settings over any connector. See
    /// [`ConnectionsBuilder::build`] for the requirements on the connector.
    pub fn with_connector<C>(connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Io,
        C::Error: Into<BoxError>,
        C::Future: Send,
    {
        Self::builder().build(connector)
    }

    /// Returns the default settings.
    pub fn builder() -> ConnectionsBuilder {
        ConnectionsBuilder::new()
    }

    pub(super) fn from_settings(settings: Settings) -> Self {
        Self(Arc::new(Pool {
            settings: Arc::new(settings),
            hosts: ArcSwap::default(),
            writing: Mutex::new(()),
            closed: AtomicBool::new(false),
        }))
    }

    /// Adds a hook that is called after a suspension of the process was detected, when
    /// other state about the cluster may be outdated as well. It is called once for each
    /// node that has idle connections, by the request or timer that detects the
    /// suspension.
    ///
    /// ```
    /// use es_transport::sniff::{SniffOptions, Sniffer};
    /// # use es_transport::{Node, NodePool, layer::SelectNodeLayer, node::RoundRobin};
    /// # use es_transport::connect::{Connections, Connector};
    /// # use tower::Layer;
    /// # let pool = NodePool::new(["http://localhost:9200".parse::<Node>()?])?;
    /// # let connections = Connections::with_connector(Connector::builder().build()?);
    /// # let nodes = SelectNodeLayer::new(pool.clone(), RoundRobin::default());
    /// # let service = nodes.layer(connections.clone());
    ///
    /// let sniffer = Sniffer::new(pool, service, SniffOptions::default());
    /// connections.on_resume(sniffer.invalidate_hook());
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn on_resume(&self, hook: impl Fn() + Send + Sync + 'static) {
        self.0.settings.on_resume(Arc::new(hook));
    }

    /// Removes all hosts (scheme, host name and port, with the path `/`) for which
    /// `keep` returns `false`. Their idle connections are closed immediately;
    /// connections in use are closed once their response has been read.
    ///
    /// ```
    /// use es_transport::connect::{Connections, Connector};
    ///
    /// let connections = Connections::with_connector(Connector::builder().build()?);
    /// // The servers in this zone are about to be stopped.
    /// connections.retain(|host| !host.host().unwrap_or_default().ends_with(".zone-a"));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn retain(&self, keep: impl FnMut(&Uri) -> bool) {
        for host in self.0.remove(keep) {
            host.retire();
        }
    }

    /// Removes the host of `target`, as [`retain`](Self::retain) does.
    pub fn close_host(&self, target: &Uri) {
        self.retain(|host| {
            host.scheme() != target.scheme() || host.authority() != target.authority()
        });
    }

    /// Closes all idle connections.
    pub fn close_idle(&self) {
        self.0.hosts.load().iter().for_each(SharedHost::clear_idle);
    }

    /// Closes the pool: idle connections are closed immediately, connections in use
    /// once their response has been read. Waiting and later requests fail with
    /// [`Error::is_closed`].
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        for host in self.0.remove(|_| false) {
            host.close();
        }
    }

    /// Returns the number of connections to the host of `target` that are open or being
    /// opened, and the number of idle ones among them.
    ///
    /// ```
    /// use es_transport::connect::{Connections, Connector};
    /// use http::Uri;
    ///
    /// let connections = Connections::with_connector(Connector::builder().build()?);
    /// let (open, idle) = connections.counts(&Uri::from_static("http://localhost:9200"));
    /// assert_eq!((open, idle), (0, 0));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn counts(&self, target: &Uri) -> (usize, usize) {
        self.0
            .hosts
            .load()
            .get(target)
            .map_or((0, 0), |host| host.counts())
    }
}

impl Pool {
    fn host(&self, uri: &Uri) -> Result<Arc<SharedHost>> {
        match self.hosts.load().get(uri) {
            Some(host) => Ok(Arc::clone(host)),
            None => self.new_host(uri),
        }
    }

    #[cold]
    fn new_host(&self, uri: &Uri) -> Result<Arc<SharedHost>> {
        match (uri.scheme_str(), uri.authority()) {
            (Some("http" | "https"), Some(_)) => {}
            (Some("http" | "https") | None, _) => {
                return Err(Error::request("its URI names no node"));
            }
            (Some(_), _) => return Err(Error::request("its URI is neither http nor https")),
        }
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::closed());
        }
        let mut hosts = Hosts::clone(&self.hosts.load());
        if let Some(host) = hosts.get(uri) {
            return Ok(Arc::clone(host));
        }
        let host = Arc::new(SharedHost::new(Arc::clone(&self.settings), uri)?);
        hosts.insert(uri, Arc::clone(&host));
        self.hosts.store(Arc::new(hosts));
        Ok(host)
    }

    fn remove(&self, keep: impl FnMut(&Uri) -> bool) -> Vec<Arc<SharedHost>> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hosts = Hosts::clone(&self.hosts.load());
        let removed = hosts.remove_unless(keep);
        if !removed.is_empty() {
            self.hosts.store(Arc::new(hosts));
        }
        removed
    }
}

/// The hosts by scheme and authority: a snapshot that readers share.
///
/// The text of the authority is the key: hashing it in one piece is several times cheaper
/// than the hash of an `Authority`, which folds case byte by byte.
#[derive(Clone, Default)]
struct Hosts {
    http: HostMap,
    https: HostMap,
}

type HostMap = HashMap<Box<str>, Arc<SharedHost>, FxBuildHasher>;

impl Hosts {
    fn get(&self, uri: &Uri) -> Option<&Arc<SharedHost>> {
        let map = if *uri.scheme()? == Scheme::HTTPS {
            &self.https
        } else {
            &self.http
        };
        map.get(uri.authority()?.as_str())
    }

    fn insert(&mut self, uri: &Uri, host: Arc<SharedHost>) {
        let is_https = uri.scheme() == Some(&Scheme::HTTPS);
        let map = if is_https {
            &mut self.https
        } else {
            &mut self.http
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        map.insert(authority.into(), host);
    }

    fn iter(&self) -> impl Iterator<Item = &Arc<SharedHost>> {
        self.http.values().chain(self.https.values())
    }

    fn remove_unless(&mut self, mut keep: impl FnMut(&Uri) -> bool) -> Vec<Arc<SharedHost>> {
        let maps = [&mut self.http, &mut self.https].into_iter();
        maps.flat_map(|map| {
            map.extract_if(|_, host| !keep(host.uri()))
                .collect::<Vec<_>>()
        })
        .map(|(_, host)| host)
        .collect()
    }
}

impl Service<Request<Body>> for Connections {
    type Response = Response<PooledBody>;
    type Error = Error;
    type Future = ResponseFuture;

    /// Always ready: a request that has to wait for a connection waits in its future.
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, request: Request<Body>) -> ResponseFuture {
        ResponseFuture(match self.0.host(request.uri()) {
            Ok(host) => send(host, request),
            Err(error) => State::Failed(error),
        })
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("limits", &self.0.settings.limits)
            .field("hosts", &self.0.hosts.load().iter().count())
            .finish_non_exhaustive()
    }
}

/// The future of [`Connections`].
///
/// It does not allocate if a connection is idle. If it is dropped before it is ready,
/// the connection is closed.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture(State);

enum State {
    /// The request is on a connection.
    Sent(PooledConnection),
    /// No connection was idle; the future sends the request on the one that it gets.
    Waiting(Pin<Box<dyn Future<Output = Result<PooledConnection>> + Send>>),
    Failed(Error),
    Done,
}

/// Sends a request on an idle connection, or waits for one.
fn send(host: Arc<SharedHost>, request: Request<Body>) -> State {
    match host.acquire() {
        Ok(Acquired::Idle(mut connection)) => {
            connection.send(request);
            State::Sent(connection)
        }
        Ok(Acquired::Waiting(waiting)) => {
            let limit = waiting.host.acquire_timeout(&request);
            State::Waiting(Box::pin(async move {
                let mut connection = waiting.connection(limit).await?;
                connection.send(request);
                Ok(connection)
            }))
        }
        Err(error) => State::Failed(error),
    }
}

/// Sends a request of which no byte was taken on another connection, as long as it was an
/// idle one that turned out to be dead: each such try removes one. A new connection that
/// takes nothing is an error.
#[cold]
fn resend(connection: PooledConnection, error: SendError) -> State {
    match error {
        SendError::NotTaken(request, _) if connection.is_reused() => {
            let host = Arc::clone(connection.host());
            drop(connection);
            send(host, *request)
        }
        SendError::NotTaken(_, error) => State::Failed(error::exchange(error, false).not_sent()),
        SendError::Taken(error) => {
            let is_plain = connection.host().is_plain() && !connection.is_proxied();
            State::Failed(error::exchange(error, is_plain && !connection.is_reused()))
        }
    }
}

/// Whether a response states a length and is not framed by it: a proxy on the way may go
/// by it, and take the rest for another response (RFC 9112, section 6.3).
fn is_ambiguous(response: &Response<Incoming>) -> bool {
    response.body().size_hint().exact().is_none()
        && response.headers().contains_key(header::CONTENT_LENGTH)
}

/// Whether a proxy asks for credentials: a node never does so by this status.
fn is_refusal_of_proxy(response: &Response<Incoming>, connection: &PooledConnection) -> bool {
    response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED && connection.is_proxied()
}

impl Future for ResponseFuture {
    type Output = Result<Response<PooledBody>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = match &mut self.0 {
                State::Sent(connection) => {
                    let result = ready!(connection.poll_response(cx));
                    let State::Sent(connection) = std::mem::replace(&mut self.0, State::Done)
                    else {
                        return Poll::Pending;
                    };
                    match result {
                        Ok(response) if is_ambiguous(&response) => {
                            connection.close();
                            State::Failed(error::ambiguous())
                        }
                        Ok(response) if is_refusal_of_proxy(&response, &connection) => {
                            connection.close();
                            State::Failed(error::proxy_refused(response.status()))
                        }
                        Ok(response) => {
                            let response = response.map(|body| PooledBody::new(body, connection));
                            return Poll::Ready(Ok(response));
                        }
                        Err(error) => resend(connection, error),
                    }
                }
                State::Waiting(waiting) => match ready!(waiting.as_mut().poll(cx)) {
                    Ok(connection) => State::Sent(connection),
                    Err(error) => State::Failed(error),
                },
                State::Failed(_) => {
                    let State::Failed(error) = std::mem::replace(&mut self.0, State::Done) else {
                        return Poll::Pending;
                    };
                    return Poll::Ready(Err(error));
                }
                State::Done => return Poll::Pending,
            };
            self.0 = next;
        }
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            State::Sent(_) => "ResponseFuture(sent)",
            State::Waiting(_) => "ResponseFuture(waiting for a connection)",
            State::Failed(_) => "ResponseFuture(failed)",
            State::Done => "ResponseFuture(done)",
        })
    }
}
