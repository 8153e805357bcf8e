//! Connections, and what may stand in their place.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use hyper::client::conn::http1;
use tower::Service;

use super::{Bottom, TransportBuilder, stack};
use crate::{
    Body,
    connect::{ConnectionsBuilder, Io, Proxy, SuspendDetector},
    error::{BoxError, Result},
};

/// Connections.
impl<T> TransportBuilder<T> {
    /// How long name resolution, TCP, proxy and TLS handshake may take together. Default 5 s.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.set(|settings| settings.connect_timeout = Some(timeout))
    }

    /// How many connections to one node are open at the same time; further
    /// requests wait. Default 256.
    pub fn connections_per_node(self, connections: usize) -> Self {
        self.connections(|c| c.max_per_node(connections))
    }

    /// How many idle connections to one node are kept. Default 256.
    pub fn max_idle_per_node(self, connections: usize) -> Self {
        self.connections(|c| c.max_idle_per_node(connections))
    }

    /// How long an idle connection is kept. Default 60 s.
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        self.connections(|c| c.idle_timeout(timeout))
    }

    /// Sets hyper's own settings of HTTP/1 connections, among them the limits on the
    /// heads of responses. See [`ConnectionsBuilder::http1_builder`].
    pub fn http1_builder(self, builder: http1::Builder) -> Self {
        self.connections(|c| c.http1_builder(builder))
    }

    /// Sets how long a request waits for a connection to its node, opening one included,
    /// before it fails as not sent and goes on to another node. Default: 10 s, or half of
    /// the [`request_timeout`](Self::request_timeout) if that is shorter.
    pub fn acquire_timeout(self, timeout: Duration) -> Self {
        self.set(|settings| settings.acquire_timeout = Some(timeout))
    }

    /// Sets the maximum age of a connection, or none. See
    /// [`ConnectionsBuilder::max_age`]. Default: 10 minutes.
    pub fn max_connection_age(self, age: impl Into<Option<Duration>>) -> Self {
        self.connections(|c| c.max_age(age))
    }

    /// Sets the clock by which a suspension of the process is detected, as functions are
    /// suspended between calls: idle connections are then dropped, and the nodes are
    /// sniffed again where sniffing is on. Default: the system's.
    pub fn suspend_detector(self, detector: impl SuspendDetector) -> Self {
        self.connections(|c| c.suspend_detector(detector))
    }

    /// After how long without traffic the system asks whether the other side is
    /// still there (`SO_KEEPALIVE`); `None` for never. Default 60 s.
    pub fn tcp_keepalive(self, after: impl Into<Option<Duration>>) -> Self {
        let after = after.into();
        self.set(|settings| settings.tcp_keepalive = Some(after))
    }

    /// Connects through a proxy: `http://[user:password@]host:port`.
    pub fn proxy(self, url: &str) -> Self {
        self.try_proxy(Proxy::new(url))
    }

    /// Connects through the proxy that the environment names (`HTTPS_PROXY`,
    /// `HTTP_PROXY`, `ALL_PROXY`), but for the hosts of `NO_PROXY`. Default: the
    /// environment is not asked.
    pub fn proxy_from_env(self) -> Self {
        self.try_proxy(Ok(Proxy::from_env()))
    }

    /// Opens connections by a service of the caller's own: TLS, proxy and
    /// timeout are then its business.
    pub fn connector<C>(self, connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Io,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        let make = move |settings: ConnectionsBuilder| settings.build(connector);
        self.set(|settings| settings.bottom = Bottom::Connector(Box::new(make)))
    }

    /// Sends requests by a service of the caller's own in place of the
    /// connections. Their URIs name the node.
    ///
    /// [`http_client`](crate::connect::http_client) is one, for HTTP/2.
    pub fn http_service<S, B>(self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let compose = move |settings| stack::over_service(settings, service);
        self.set(|settings| settings.bottom = Bottom::Service(Box::new(compose)))
    }

    fn connections(self, change: impl FnOnce(ConnectionsBuilder) -> ConnectionsBuilder) -> Self {
        self.set(|settings| settings.connections = change(settings.connections.clone()))
    }

    fn try_proxy(self, proxy: Result<Proxy>) -> Self {
        self.try_set(|settings| {
            settings.proxy = Some(proxy?);
            Ok(())
        })
    }
}
