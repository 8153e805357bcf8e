//! The connector: TCP, then a proxy, then TLS, within one time limit.

use std::{
    fmt,
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio_rustls::TlsConnector;
use tower::{Service, ServiceExt};

use super::{
    error,
    pool::Io,
    proxy::{self, ForwardProxy, Proxy},
    tcp::{Resolve, SystemResolver, Tcp},
    tls::{self, TlsSettings},
};
use crate::error::{BoxError, Error, Result, TimeoutPhase};

/// An open connection, with or without TLS.
pub struct Stream {
    io: Box<dyn Io>,
    is_http2: bool,
    proxy: Option<ForwardProxy>,
}

impl Stream {
    /// Whether the server chose HTTP/2 in the TLS handshake.
    pub fn is_http2(&self) -> bool {
        self.is_http2
    }

    /// Returns the proxy at the other end, if requests have to name their node.
    pub(super) fn forward_proxy(&self) -> Option<&ForwardProxy> {
        self.proxy.as_ref()
    }
}

/// A service that opens a connection to the host of a URI: TCP, through a proxy if one is
/// set, and TLS for https.
///
/// It is a `Service<Uri>` and can be wrapped or replaced:
/// [`Connections`](super::Connections) accepts any service that opens a connection for a
/// URI.
///
/// ```
/// use es_transport::connect::{Connector, TlsSettings};
/// use http::Uri;
/// use tower::ServiceExt;
///
/// # async fn connect() -> es_transport::Result<()> {
/// let connector = Connector::builder()
///     .tls(TlsSettings::new().ca_certs("/etc/elasticsearch/certs/http_ca.crt"))
///     .build()?;
/// let stream = connector.oneshot(Uri::from_static("https://localhost:9200")).await?;
/// assert!(!stream.is_http2());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connector {
    tcp: SharedConnect,
    /// `None` without a crypto provider.
    tls: Option<Arc<ClientConfig>>,
    timeout: Duration,
    proxy: Option<Proxy>,
}

/// A TCP connector without its type.
type SharedConnect = Arc<dyn Fn(Uri) -> OpenFuture + Send + Sync>;

type OpenFuture = Pin<Box<dyn Future<Output = Result<Box<dyn Io>, BoxError>> + Send>>;

/// A builder of a [`Connector`].
#[derive(Clone)]
#[must_use = "settings do nothing until they are built"]
pub struct ConnectorBuilder {
    tls: TlsSettings,
    timeout: Option<Duration>,
    keepalive: Option<Option<Duration>>,
    resolver: Option<Arc<dyn Resolve>>,
    proxy: Option<Proxy>,
    tcp: Option<SharedConnect>,
    http2: bool,
}

impl Connector {
    /// Returns a builder with the default settings: Mozilla's roots, a connect timeout of 5
    /// s, no proxy.
    pub fn builder() -> ConnectorBuilder {
        ConnectorBuilder {
            tls: TlsSettings::new(),
            timeout: None,
            keepalive: None,
            resolver: None,
            proxy: None,
            tcp: None,
            http2: false,
        }
    }
}

impl ConnectorBuilder {
    /// Sets the TLS settings: the certificates to trust, and the client's own certificate.
    pub fn tls(mut self, settings: TlsSettings) -> Self {
        self.tls = settings;
        self
    }

    /// Sets the time limit for opening a connection: name resolution, TCP, proxy and
    /// TLS handshake together. Default: 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the time without traffic after which the operating system probes a
    /// connection (`SO_KEEPALIVE`); `None` disables it. Default: 60 s.
    pub fn tcp_keepalive(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.keepalive = Some(after.into());
        self
    }

    /// Sets the DNS resolver. Default: the operating system's.
    pub fn resolver(mut self, resolver: impl Resolve) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// Sets a proxy. Default: none. The environment is read only by
    /// [`Proxy::from_env`].
    ///
    /// ```
    /// use es_transport::connect::{Connector, Proxy};
    ///
    /// let proxy = Proxy::new("http://proxy.example:3128")?;
    /// let connector = Connector::builder().proxy(proxy).build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Replaces TCP with another service, such as one for SOCKS5 or Unix sockets. It is
    /// called with the scheme, host and port of the node, or those of the proxy. The
    /// connect timeout, the proxy and TLS apply as they do over TCP; `tcp_keepalive` and
    /// `resolver` have no effect.
    ///
    /// ```
    /// use es_transport::connect::Connector;
    /// use hyper_util::rt::TokioIo;
    /// use tokio::net::UnixStream;
    ///
    /// let connector = Connector::builder()
    ///     .tcp_connector(tower::service_fn(|_node: http::Uri| async {
    ///         UnixStream::connect("/run/elasticsearch.sock").await.map(TokioIo::new)
    ///     }))
    ///     .build()?;
    /// # let _ = connector;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    pub fn tcp_connector<C>(mut self, connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Io,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        self.tcp = Some(shared(connector));
        self
    }

    /// Sets whether HTTP/2 is offered to https nodes. It requires
    /// [`Connections`](super::Connections) with
    /// [`may_share`](super::ConnectionsBuilder::may_share). Default: `false`.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, http2: bool) -> Self {
        self.http2 = http2;
        self
    }

    /// Returns the TLS settings.
    pub(crate) fn tls_settings(&self) -> &TlsSettings {
        &self.tls
    }

    /// Whether HTTP/2 is offered.
    pub(crate) fn offers_http2(&self) -> bool {
        self.http2
    }

    /// Returns the name of a setting that was given, if any was.
    pub(crate) fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("proxy", self.proxy.is_some()),
            ("connect_timeout", self.timeout.is_some()),
            ("tcp_keepalive", self.keepalive.is_some()),
            ("resolver", self.resolver.is_some()),
            ("tcp_connector", self.tcp.is_some()),
            ("http2", self.http2),
        ];
        let given = given
            .into_iter()
            .find_map(|(setting, given)| given.then_some(setting));
        given.or_else(|| self.tls.first_given())
    }

    /// Checks the settings. Does no network I/O and needs no runtime.
    ///
    /// # Errors
    /// Returns the errors of [`TlsSettings::build`], and an error if a setting is set
    /// that has no effect with [`tcp_connector`](Self::tcp_connector).
    pub fn build(self) -> Result<Connector> {
        let tls = match self.tls.first_given() {
            None if !tls::has_provider() => None,
            _ => Some(self.build_tls()?),
        };
        let timeout = self.timeout.unwrap_or(Duration::from_secs(5));
        let tcp = match self.tcp {
            None => shared(Tcp {
                resolver: self.resolver.unwrap_or_else(|| Arc::new(SystemResolver)),
                keepalive: self.keepalive.unwrap_or(Some(Duration::from_secs(60))),
                timeout,
                count: Arc::default(),
            }),
            Some(_) if self.resolver.is_some() => {
                return Err(Error::config(
                    "resolver",
                    "it has no effect beside `tcp_connector`",
                ));
            }
            Some(_) if self.keepalive.is_some() => {
                let message = "it has no effect beside `tcp_connector`";
                return Err(Error::config("tcp_keepalive", message));
            }
            Some(tcp) => tcp,
        };
        Ok(Connector {
            tcp,
            tls,
            timeout,
            proxy: self.proxy,
        })
    }

    fn build_tls(&self) -> Result<Arc<ClientConfig>> {
        let mut config = ClientConfig::clone(&*self.tls.build()?);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if self.http2 {
            config.alpn_protocols.insert(0, b"h2".to_vec());
        }
        Ok(Arc::new(config))
    }
}

impl fmt::Debug for ConnectorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorBuilder")
            .field("tls", &self.tls)
            .field("connect_timeout", &self.timeout)
            .field("tcp_keepalive", &self.keepalive)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

fn shared<C>(connector: C) -> SharedConnect
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Io,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    Arc::new(move |target| {
        let connecting = connector.clone().oneshot(target);
        Box::pin(async move {
            let io = connecting.await.map_err(Into::into)?;
            Ok(Box::new(io) as Box<dyn Io>)
        })
    })
}

/// The future of a [`Connector`].
pub type ConnectFuture = Pin<Box<dyn Future<Output = Result<Stream>> + Send>>;

impl Connector {
    async fn open(self, target: &Uri) -> Result<Stream, BoxError> {
        let is_https = target.scheme() == Some(&Scheme::HTTPS);
        let (io, proxy) = match self
            .proxy
            .as_ref()
            .and_then(|proxy| proxy.for_target(target))
        {
            None => ((self.tcp)(target.clone()).await?, None),
            Some(via) if via.uri().scheme() != Some(&Scheme::HTTP) => {
                let message = format!("{}: only http proxies are supported", via.uri());
                return Err(Error::connect_message(message).into());
            }
            Some(via) => {
                let opened = async {
                    let io = (self.tcp)(via.uri().clone()).await?;
                    if !is_https {
                        return Ok((io, Some(ForwardProxy::new(&via))));
                    }
                    let tunnel = proxy::tunnel(io, target, via.basic_auth()).await?;
                    Ok::<_, BoxError>((tunnel, None))
                };
                opened
                    .await
                    .map_err(|error| through_proxy(via.uri(), error))?
            }
        };
        if !is_https {
            return Ok(Stream {
                io,
                is_http2: false,
                proxy,
            });
        }

        let host = target.host().unwrap_or_default();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let name = ServerName::try_from(bare.to_owned())?;
        let config = self
            .tls
            .ok_or_else(|| Error::tls_message(tls::NO_PROVIDER))?;
        let tls = TlsConnector::from(config)
            .connect(name, TokioIo::new(io))
            .await?;
        let is_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Stream {
            io: Box::new(TokioIo::new(tls)),
            is_http2,
            proxy,
        })
    }
}

/// Names the proxy that a connect failed at.
fn through_proxy(proxy: &Uri, error: BoxError) -> BoxError {
    let address = proxy
        .authority()
        .map(ToString::to_string)
        .unwrap_or_default();
    Error::connect_message(format!("through the proxy {address}: {error}"))
        .with_source(error)
        .into()
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Error;
    type Future = ConnectFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> ConnectFuture {
        let connector = self.clone();
        let timeout = self.timeout;
        Box::pin(async move {
            match tokio::time::timeout(timeout, connector.open(&target)).await {
                Ok(opened) => opened.map_err(|error| error::connect(&target, error)),
                Err(_elapsed) => Err(Error::timeout(TimeoutPhase::Connect, timeout)),
            }
        })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("connect_timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, buffers)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("is_http2", &self.is_http2)
            .finish_non_exhaustive()
    }
}
