//! Settings of connections, and services that replace them.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use hyper::client::conn::http1;
#[cfg(feature = "http2")]
use hyper::client::conn::http2;
#[cfg(feature = "http2")]
use hyper_util::rt::TokioExecutor;
use tower::Service;

use super::{HttpBackend, TransportBuilder, stack};
use crate::{
    Body,
    connect::{
        ConnectionEvent, ConnectionsBuilder, ConnectorBuilder, Io, Proxy, Resolve, SuspendDetector,
    },
    error::{BoxError, Result},
};

/// Connections.
impl<T> TransportBuilder<T> {
    /// Sets the time limit for opening a connection: name resolution, TCP, proxy and
    /// TLS handshake together. Default: 5 s.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .connect_timeout(Duration::from_secs(2))
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.connector_setting(|c| c.connect_timeout(timeout))
    }

    /// Sets the maximum number of connections to one node. If all are in use, a request waits
    /// (see [`acquire_timeout`](Self::acquire_timeout)). Default: 256.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .connections_per_node(10)
    ///     .max_idle_per_node(2)
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn connections_per_node(self, connections: usize) -> Self {
        self.connections("connections_per_node", |c| c.max_per_node(connections))
    }

    /// Sets the maximum number of idle connections to one node. Default: 256.
    pub fn max_idle_per_node(self, connections: usize) -> Self {
        self.connections("max_idle_per_node", |c| c.max_idle_per_node(connections))
    }

    /// Sets the time after which an idle connection is closed. Default: 60 s.
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        self.connections("idle_timeout", |c| c.idle_timeout(timeout))
    }

    /// Sets hyper's own HTTP/1 settings, including the limits on the size of response
    /// headers. See [`ConnectionsBuilder::http1_builder`].
    ///
    /// ```
    /// use hyper::client::conn::http1;
    /// use es_transport::Transport;
    ///
    /// let mut http1 = http1::Builder::new();
    /// http1.max_headers(200);
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     // Refuse responses with more than 200 header lines.
    ///     .http1_builder(http1)
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn http1_builder(self, builder: http1::Builder) -> Self {
        self.connections("http1_builder", |c| c.http1_builder(builder))
    }

    /// Sets the maximum time that a request waits for a connection to its node,
    /// including the time to open one. After that, the attempt fails as not sent, and
    /// the request is retried on another node. Default: 10 s, or half of the
    /// [`request_timeout`](Self::request_timeout) if that is shorter.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .acquire_timeout(Duration::from_secs(1))
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn acquire_timeout(self, timeout: Duration) -> Self {
        self.set(|settings| settings.acquire_timeout = Some(timeout))
    }

    /// Sets the maximum age of a connection; `None` means no limit. See
    /// [`ConnectionsBuilder::max_age`]. Default: 10 minutes.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use es_transport::Transport;
    /// // Follow DNS changes within a minute.
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .max_connection_age(Duration::from_secs(60))
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn max_connection_age(self, age: impl Into<Option<Duration>>) -> Self {
        self.connections("max_connection_age", |c| c.max_age(age))
    }

    /// Sets the clock that detects a suspension of the process, such as that of a
    /// serverless function between two invocations. After a suspension, idle
    /// connections are closed, and the nodes are sniffed again if sniffing is enabled.
    /// Default: the system clock.
    pub fn suspend_detector(self, detector: impl SuspendDetector) -> Self {
        self.connections("suspend_detector", |c| c.suspend_detector(detector))
    }

    /// Sets the time without traffic after which the operating system probes a
    /// connection (`SO_KEEPALIVE`); `None` disables it. Default: 60 s.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .tcp_keepalive(None)
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn tcp_keepalive(self, after: impl Into<Option<Duration>>) -> Self {
        self.connector_setting(|c| c.tcp_keepalive(after))
    }

    /// Sets the DNS resolver. Default: the operating system's. See
    /// [`ConnectorBuilder::resolver`].
    pub fn resolver(self, resolver: impl Resolve) -> Self {
        self.connector_setting(|c| c.resolver(resolver))
    }

    /// Replaces TCP with another service, such as one for SOCKS5 or Unix sockets. The
    /// connect timeout, the proxy and TLS apply as they do over TCP. See
    /// [`ConnectorBuilder::tcp_connector`].
    pub fn tcp_connector<C>(self, connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Io,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        self.connector_setting(|c| c.tcp_connector(connector))
    }

    /// Sets whether HTTP/2 is offered to https nodes. With HTTP/2, the requests to a node
    /// share one connection. Default: `false`.
    #[cfg(feature = "http2")]
    pub fn http2(self, http2: bool) -> Self {
        self.connector_setting(|c| c.http2(http2))
    }

    /// Sets hyper's own HTTP/2 settings. See [`ConnectionsBuilder::http2_builder`].
    #[cfg(feature = "http2")]
    pub fn http2_builder(self, builder: http2::Builder<TokioExecutor>) -> Self {
        self.connections("http2_builder", |c| c.http2_builder(builder))
    }

    /// Adds a hook that is called after a connection was opened or closed. See
    /// [`ConnectionsBuilder::on_event`].
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
    /// use es_transport::{Transport, connect::ConnectionEvent};
    ///
    /// let opened = Arc::new(AtomicU64::new(0));
    /// let counter = Arc::clone(&opened);
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .on_connection_event(move |event| {
    ///         if let ConnectionEvent::Opened { .. } = event {
    ///             counter.fetch_add(1, Ordering::Relaxed);
    ///         }
    ///     })
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn on_connection_event(
        self,
        hook: impl Fn(&ConnectionEvent) + Send + Sync + 'static,
    ) -> Self {
        self.connections("on_connection_event", |c| c.on_event(hook))
    }

    /// Sets a proxy for all connections: `http://[user:password@]host:port`. Default: none.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .proxy("http://user:password@proxy.example:3128")
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn proxy(self, url: &str) -> Self {
        self.try_proxy(Proxy::new(url))
    }

    /// Uses the proxy of the environment variables `HTTPS_PROXY`, `HTTP_PROXY` and
    /// `ALL_PROXY`, except for the hosts in `NO_PROXY`. Default: the environment is not read.
    ///
    /// ```
    /// # use es_transport::Transport;
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .proxy_from_env()
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn proxy_from_env(self) -> Self {
        self.try_proxy(Ok(Proxy::from_env()))
    }

    /// Replaces the built-in connector with another service, which is responsible for TLS,
    /// proxies and timeouts. See [`tcp_connector`](Self::tcp_connector) to replace only TCP.
    pub fn connector<C>(self, connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Io,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        let make = move |settings: ConnectionsBuilder| settings.build(connector);
        self.set(|settings| settings.backend = HttpBackend::Connector(Box::new(make)))
    }

    /// Sends requests with another HTTP client instead of the built-in connections. The URI
    /// of each request is absolute and names the node. `build` returns an error if
    /// connection or TLS settings are set as well.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use es_transport::{Body, Transport};
    /// use http::{Request, Response};
    ///
    /// let backend = tower::service_fn(|request: Request<Body>| async move {
    ///     assert_eq!(request.uri().host(), Some("localhost"));
    ///     Ok::<_, Infallible>(Response::new(Body::from("{}")))
    /// });
    /// let transport = Transport::builder()
    ///     .node("https://localhost:9200")
    ///     .http_service(backend)
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn http_service<S, B>(self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let compose = move |settings| stack::over_service(settings, service);
        self.set(|settings| {
            settings.backend = HttpBackend::Service(Box::new(compose));
            settings.reads_extensions = true;
        })
    }

    /// Changes a setting of the pool.
    fn connections(
        self,
        name: &'static str,
        change: impl FnOnce(ConnectionsBuilder) -> ConnectionsBuilder,
    ) -> Self {
        self.set(|settings| {
            settings.connections = change(settings.connections.clone());
            settings.connections_given.get_or_insert(name);
        })
    }

    /// Changes a setting of the built-in connector.
    fn connector_setting(self, change: impl FnOnce(ConnectorBuilder) -> ConnectorBuilder) -> Self {
        self.set(|settings| settings.connector = change(settings.connector.clone()))
    }

    fn try_proxy(self, proxy: Result<Proxy>) -> Self {
        self.try_set(|settings| {
            settings.connector = settings.connector.clone().proxy(proxy?);
            Ok(())
        })
    }
}
