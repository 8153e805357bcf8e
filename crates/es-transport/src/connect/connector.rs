//! TCP, then TLS, within one time.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower::Service;

use super::{failure, proxy::Proxy, tcp::Tcp, tls::TlsSettings};
use crate::error::{Error, Result, TimeoutPhase};

/// An open connection, with TLS or without.
pub type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Opens a connection to the host of a URI: TCP, through a proxy if there is
/// one, and TLS for https.
///
/// It is a `Service<Uri>`, so that it can be wrapped or replaced: whatever makes
/// an open connection of a URI fits [`Connections`](super::Connections).
#[derive(Clone)]
pub struct Connector {
    https: HttpsConnector<Tcp>,
    timeout: Duration,
}

/// Builds a [`Connector`].
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until they are built"]
pub struct ConnectorBuilder {
    tls: Trust,
    timeout: Duration,
    keepalive: Option<Duration>,
    proxy: Option<Proxy>,
    #[cfg(feature = "http2")]
    http2: bool,
}

#[derive(Clone, Debug)]
enum Trust {
    Settings(Box<TlsSettings>),
    Config(Arc<ClientConfig>),
}

impl Connector {
    /// The defaults: Mozilla's roots, 5 s to connect, no proxy.
    pub fn builder() -> ConnectorBuilder {
        ConnectorBuilder {
            tls: Trust::Settings(Box::default()),
            timeout: Duration::from_secs(5),
            keepalive: Some(Duration::from_secs(60)),
            proxy: None,
            #[cfg(feature = "http2")]
            http2: false,
        }
    }
}

impl ConnectorBuilder {
    /// Whom to trust, and who we are.
    pub fn tls(mut self, settings: TlsSettings) -> Self {
        self.tls = Trust::Settings(Box::new(settings));
        self
    }

    /// A configuration of rustls as it is, in the place of [`TlsSettings`]. Its
    /// ALPN must not offer `h2` to [`Connections`](super::Connections).
    pub fn rustls_config(mut self, config: impl Into<Arc<ClientConfig>>) -> Self {
        self.tls = Trust::Config(config.into());
        self
    }

    /// How long name resolution, TCP, the proxy and the TLS handshake may take
    /// together. Default 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// After how long without traffic the system asks whether the other side is
    /// still there (`SO_KEEPALIVE`). Default 60 s; `None` for never.
    pub fn tcp_keepalive(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.keepalive = after.into();
        self
    }

    /// Connects through a proxy. Default none; the environment is asked only by
    /// [`Proxy::from_env`].
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Offers HTTP/2 to https nodes, for [`http_client`](super::http_client)
    /// only. Default `false`.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, http2: bool) -> Self {
        self.http2 = http2;
        self
    }

    /// Checks the settings. Does no network I/O and needs no runtime.
    ///
    /// # Errors
    /// As [`TlsSettings::build`].
    pub fn build(self) -> Result<Connector> {
        let config = match &self.tls {
            Trust::Settings(settings) => settings.build()?,
            Trust::Config(config) => Arc::clone(config),
        };
        #[cfg(feature = "http2")]
        let config = if self.http2 { with_http2(&config) } else { config };
        let tcp = Tcp::new(self.keepalive, self.proxy);
        Ok(Connector { https: HttpsConnector::from((tcp, config)), timeout: self.timeout })
    }
}

#[cfg(feature = "http2")]
fn with_http2(config: &ClientConfig) -> Arc<ClientConfig> {
    let mut config = config.clone();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// The future of a [`Connector`].
pub type ConnectFuture = Pin<Box<dyn Future<Output = Result<Stream>> + Send>>;

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Error;
    type Future = ConnectFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.https.poll_ready(cx).map_err(Error::connect)
    }

    fn call(&mut self, target: Uri) -> ConnectFuture {
        let connecting = self.https.call(target.clone());
        let timeout = self.timeout;
        Box::pin(async move {
            match tokio::time::timeout(timeout, connecting).await {
                Ok(opened) => opened.map_err(|error| failure::dial(&target, error)),
                Err(_elapsed) => Err(Error::timeout(TimeoutPhase::Connect, timeout)),
            }
        })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("connect_timeout", &self.timeout).finish_non_exhaustive()
    }
}
