//! TCP: from a name to a connection with one of its addresses.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use hyper_util::rt::TokioIo;
use socket2::{SockRef, TcpKeepalive};
use tokio::{net::TcpStream, task::JoinSet, time::timeout};
use tower::Service;

use crate::error::BoxError;

/// The future of a [`Resolve`]: the addresses of a host name.
pub type ResolveFuture = Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, BoxError>> + Send>>;

/// A DNS resolver.
///
/// It is called for each new connection to a node with a host name. The addresses are
/// tried in order, alternating between IPv6 and IPv4. A closure that takes a host name and
/// returns a future is a resolver.
///
/// ```
/// use std::net::IpAddr;
/// use es_transport::{BoxError, connect::Connector};
///
/// let connector = Connector::builder()
///     .resolver(async |name: String| match name.as_str() {
///         "es.example" => Ok(vec![IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2])]),
///         _ => Err(BoxError::from("no such name")),
///     })
///     .build()?;
/// # let _ = connector;
/// # Ok::<(), es_transport::Error>(())
/// ```
pub trait Resolve: Send + Sync + 'static {
    /// Returns the addresses of a host name.
    fn resolve(&self, name: &str) -> ResolveFuture;
}

impl<F, Fut> Resolve for F
where
    F: Fn(String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<IpAddr>, BoxError>> + Send + 'static,
{
    fn resolve(&self, name: &str) -> ResolveFuture {
        Box::pin(self(name.to_owned()))
    }
}

/// The system's resolver.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> ResolveFuture {
        let name = name.to_owned();
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name, 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// Opens TCP connections.
#[derive(Clone)]
pub(super) struct Tcp {
    pub resolver: Arc<dyn Resolve>,
    pub keepalive: Option<Duration>,
    /// The time that all of it may take, which the addresses share.
    pub timeout: Duration,
    /// Counts connects, so that the next one starts with another address.
    pub count: Arc<AtomicUsize>,
}

/// Time for which one address is tried alone before the next is tried beside it (RFC 8305,
/// section 5).
const STAGGER: Duration = Duration::from_millis(250);

impl Tcp {
    async fn open(self, target: Uri) -> Result<TcpStream, BoxError> {
        let host = target.host().unwrap_or_default();
        let is_https = target.scheme() == Some(&Scheme::HTTPS);
        let port = target.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);

        let stream = match bare.parse::<IpAddr>() {
            Ok(ip) => connect(SocketAddr::new(ip, port)).await?,
            Err(_) => {
                let ips = self.resolver.resolve(host).await?;
                let addresses = self.in_turn(ips, port);
                race(addresses, self.timeout).await?
            }
        };
        stream.set_nodelay(true)?;
        if let Some(after) = self.keepalive {
            SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(after))?;
        }
        Ok(stream)
    }

    /// Orders addresses: alternating between the families, and each time with another
    /// one first.
    fn in_turn(&self, ips: Vec<IpAddr>, port: u16) -> Vec<SocketAddr> {
        let starts_with_ipv6 = ips.first().is_some_and(IpAddr::is_ipv6);
        let (first, second): (Vec<_>, Vec<_>) = ips
            .into_iter()
            .partition(|ip| ip.is_ipv6() == starts_with_ipv6);
        let (mut first, mut second) = (first.into_iter(), second.into_iter());
        let mut addresses = Vec::with_capacity(first.len() + second.len());
        while first.len() + second.len() > 0 {
            addresses.extend(first.next().into_iter().chain(second.next()));
        }
        if addresses.len() > 1 {
            let turn = self.count.fetch_add(1, Ordering::Relaxed) % addresses.len();
            addresses.rotate_left(turn);
        }
        addresses
            .into_iter()
            .map(|ip| SocketAddr::new(ip, port))
            .collect()
    }
}

/// Tries one address after the other, and the next one at the latest when its share of the
/// time is over: the first connection that is open wins.
async fn race(addresses: Vec<SocketAddr>, time: Duration) -> io::Result<TcpStream> {
    let share = u32::try_from(addresses.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    let stagger = STAGGER.min(time / share);
    let mut attempts = JoinSet::new();
    let mut error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        attempts.spawn(connect(address));
        while let Ok(Some(attempt)) = timeout(stagger, attempts.join_next()).await {
            match attempt.unwrap_or_else(|error| Err(io::Error::other(error))) {
                Ok(stream) => return Ok(stream),
                Err(failed) => error = failed,
            }
        }
    }
    while let Some(attempt) = attempts.join_next().await {
        match attempt.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(stream) => return Ok(stream),
            Err(failed) => error = failed,
        }
    }
    Err(error)
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await;
    stream.map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let opening = self.clone().open(target);
        Box::pin(async move { opening.await.map(TokioIo::new) })
    }
}
