//! One open connection, the guard of a request that uses it, and the body that gives it
//! back.

use std::{
    any::Any,
    fmt,
    future::{self, Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1},
    rt::{Read, Write},
};
use tokio::time::Instant;
use tokio_util::sync::ReusableBoxFuture;
use tower::{Service, ServiceExt};

use super::{
    host::{Connection, Member, Runtime, SharedHost},
    long_head::{self, Reread},
    settings::{ConnectionEvent, EventHook, Protocols},
};
use crate::{
    body::Body,
    connect::{ForwardProxy, Stream, error},
    error::{BoxError, Error, Result, is_too_large},
};

/// Time that an exchange may go on after its response was read: a server that refused a
/// request early (413) may never read the rest of it.
const MAX_DRAIN: Duration = Duration::from_secs(1);

/// Time that a request must have waited, when it is given up without a byte of a response,
/// to raise doubts about its connection.
const SILENCE: Duration = Duration::from_millis(100);

/// An open connection as hyper uses it.
///
/// It is implemented for every type with these bounds. Wrap a tokio stream in
/// `hyper_util::rt::TokioIo`.
pub trait Io: Read + Write + Unpin + Send + 'static {}

impl<T: Read + Write + Unpin + Send + 'static> Io for T {}

pub(super) type Exchange = Result<Response<Incoming>, TrySendError<Request<Body>>>;

/// A connection of hyper.
pub(super) struct HttpConnection {
    sender: Sender,
    /// hyper's future of an exchange has no name: it is kept in a box that lasts as long
    /// as the connection, instead of one per request.
    exchange: ReusableBoxFuture<'static, Exchange>,
    in_exchange: bool,
    /// The method of the last request.
    method: Method,
    /// Reads a response that has too many header lines for hyper once more.
    reread: Option<Reread>,
    /// Whether requests name the host in their target, as a forward proxy wants it.
    proxy: Option<ForwardProxy>,
    /// The same for all handles to one connection.
    opened: Arc<Opened>,
}

enum Sender {
    Http1(http1::SendRequest<Body>),
    #[cfg(feature = "http2")]
    Http2(hyper::client::conn::http2::SendRequest<Body>),
}

impl HttpConnection {
    fn new(
        sender: Sender,
        reread: Option<Reread>,
        proxy: Option<ForwardProxy>,
        opened: Arc<Opened>,
    ) -> Self {
        Self {
            sender,
            exchange: ReusableBoxFuture::new(future::pending()),
            in_exchange: false,
            method: Method::GET,
            reread,
            proxy,
            opened,
        }
    }

    /// Starts an exchange; the connection must be ready.
    fn send(&mut self, host: &SharedHost, mut request: Request<Body>) {
        self.method.clone_from(request.method());
        match (&mut self.sender, &self.proxy) {
            (Sender::Http1(sender), None) => {
                host.set_origin_form(&mut request);
                self.exchange.set(sender.try_send_request(request));
            }
            (Sender::Http1(sender), Some(proxy)) => {
                host.set_absolute_form(&mut request);
                proxy.authorize(&mut request);
                self.exchange.set(sender.try_send_request(request));
            }
            #[cfg(feature = "http2")]
            (Sender::Http2(sender), _) => {
                host.set_absolute_form(&mut request);
                *request.version_mut() = http::Version::HTTP_2;
                request.headers_mut().remove(http::header::HOST);
                self.exchange.set(sender.try_send_request(request));
            }
        }
        self.in_exchange = true;
    }

    fn poll_response(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<Incoming>, SendError>> {
        if !self.in_exchange {
            // Polled again after the response: none is to come.
            return Poll::Pending;
        }
        let exchange = self.exchange.poll(cx);
        if let Poll::Ready(Err(error)) = &exchange
            && is_too_large(error.error())
            && let Some(reread) = self.reread.take()
        {
            let exchange = reread.run(self.method.clone(), ready!(exchange));
            self.exchange.set(exchange);
            return self.poll_response(cx);
        }
        self.in_exchange = exchange.is_pending();
        exchange.map_err(SendError::from)
    }

    /// Waits until another request can be sent; `false` if that will never be.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        match &mut self.sender {
            Sender::Http1(sender) => sender.poll_ready(cx).map(|ready| ready.is_ok()),
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => sender.poll_ready(cx).map(|ready| ready.is_ok()),
        }
    }

    fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => sender.is_closed(),
        }
    }
}

impl Connection for HttpConnection {
    fn is_ready(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => !self.in_exchange && sender.is_ready(),
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => sender.is_ready(),
        }
    }

    fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => Some(Self::new(
                Sender::Http2(sender.clone()),
                None,
                self.proxy.clone(),
                Arc::clone(&self.opened),
            )),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.opened, &other.opened)
    }
}

/// Reports that a connection was opened and, when the last handle is dropped, closed.
struct Opened {
    target: Uri,
    hook: Option<EventHook>,
}

impl Opened {
    fn report(target: Uri, hook: Option<EventHook>) -> Arc<Self> {
        if let Some(hook) = &hook {
            hook(&ConnectionEvent::Opened {
                target: target.clone(),
            });
        }
        Arc::new(Self { target, hook })
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(hook) = &self.hook {
            hook(&ConnectionEvent::Closed {
                target: self.target.clone(),
            });
        }
    }
}

/// A connector without its type.
pub(super) type Connect = Box<dyn Fn(Uri) -> Connecting + Send + Sync>;

type Connecting = Pin<Box<dyn Future<Output = Result<HttpConnection>> + Send>>;

/// Makes HTTP connections of what a connector opens.
pub(super) fn connect<C>(connector: C, protocols: Protocols, hook: Option<EventHook>) -> Connect
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Io,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    let protocols = Arc::new(protocols);
    Box::new(move |target| {
        let connector = connector.clone();
        let (protocols, hook) = (Arc::clone(&protocols), hook.clone());
        Box::pin(async move {
            let io = connector
                .oneshot(target.clone())
                .await
                .map_err(|error| error::connect(&target, error.into()))?;
            let stream = (&io as &dyn Any).downcast_ref::<Stream>();
            let proxy = stream.and_then(Stream::forward_proxy).cloned();
            let is_http2 = stream.is_some_and(Stream::is_http2);

            let (sender, reread) = protocols.handshake(io, is_http2).await?;
            let opened = Opened::report(target, hook);
            Ok(HttpConnection::new(sender, reread, proxy, opened))
        })
    })
}

impl Protocols {
    /// Starts HTTP on an open connection, and waits until it takes requests: one that is
    /// kept for later would be removed as not ready otherwise. An error of the connection
    /// goes to the request that is on it; an idle one that breaks is merely gone.
    async fn handshake(&self, io: impl Io, is_http2: bool) -> Result<(Sender, Option<Reread>)> {
        #[cfg(feature = "http2")]
        if is_http2 {
            let handshake = self.http2.handshake(io);
            let (sender, connection) = handshake.await.map_err(Error::connect)?;
            tokio::spawn(async move { drop(connection.await) });
            return Ok((Sender::Http2(sender), None));
        }
        let _ = is_http2;
        let (mut sender, connection) = self.http1.handshake(io).await.map_err(Error::connect)?;
        let reread = match &self.spacious_http1 {
            Some(spacious) => {
                let (reread, driver) = long_head::drive(connection, spacious.clone());
                tokio::spawn(driver);
                Some(reread)
            }
            None => {
                tokio::spawn(async move { drop(connection.await) });
                None
            }
        };
        // The first request on it tells why it is not.
        drop(sender.ready().await);
        Ok((Sender::Http1(sender), reread))
    }
}

/// A connection while a request uses it. It goes back to its host, or is closed there,
/// whatever happens to the request.
pub(super) struct PooledConnection {
    host: Arc<SharedHost>,
    /// `None` once it went back.
    member: Option<Box<Member<HttpConnection, Runtime>>>,
    since: Instant,
    has_response: bool,
}

/// Why an exchange has no response.
pub(super) enum SendError {
    /// No byte was taken; the request comes back.
    NotTaken(Box<Request<Body>>, hyper::Error),
    /// The request was taken, at least in part.
    Taken(hyper::Error),
}

impl PooledConnection {
    pub fn new(
        host: Arc<SharedHost>,
        member: Box<Member<HttpConnection, Runtime>>,
        now: Instant,
    ) -> Self {
        Self {
            host,
            member: Some(member),
            since: now,
            has_response: false,
        }
    }

    pub fn host(&self) -> &Arc<SharedHost> {
        &self.host
    }

    pub fn is_reused(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.is_reused)
    }

    pub fn send(&mut self, request: Request<Body>) {
        if let Some(member) = &mut self.member {
            member.connection.send(&self.host, request);
        }
    }

    pub fn poll_response(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<Incoming>, SendError>> {
        let Some(member) = &mut self.member else {
            return Poll::Pending;
        };
        let response = member.connection.poll_response(cx);
        match &response {
            Poll::Ready(Ok(_)) => self.has_response = true,
            Poll::Ready(Err(SendError::Taken(_))) if member.is_reused => {
                // The others of its age are most likely dead too.
                self.host.distrust(member.good_at);
            }
            _ => {}
        }
        response
    }

    /// Whether a forward proxy is at the other end.
    pub fn is_proxied(&self) -> bool {
        self.member
            .as_ref()
            .is_some_and(|member| member.connection.proxy.is_some())
    }

    /// Closes the connection, whatever state it is in.
    pub fn close(mut self) {
        if let Some(member) = self.member.take() {
            self.host.discard(member);
        }
    }

    fn is_ready(&self) -> bool {
        self.member
            .as_ref()
            .is_some_and(|member| member.connection.is_ready())
    }

    /// Gives the connection back after a response that was read to its end.
    ///
    /// hyper may still be finishing the exchange in another task; it is then waited for,
    /// up to a second.
    fn finish(mut self) {
        let Some(member) = &self.member else { return };
        if member.connection.is_ready() || member.connection.is_closed() {
            return;
        }
        let runtime = member.runtime.clone();
        runtime.spawn(async move {
            let ready = poll_fn(|cx| match &mut self.member {
                Some(member) => member.connection.poll_ready(cx),
                None => Poll::Ready(false),
            });
            // Dropped at the end, the guard does what is right for its state.
            let _ = tokio::time::timeout(MAX_DRAIN, ready).await;
        });
    }
}

impl Drop for PooledConnection {
    /// A connection whose response has passed, be it unread, can be used again. Any other
    /// exchange that is given up closes it.
    fn drop(&mut self) {
        let Some(mut member) = self.member.take() else {
            return;
        };
        let now = Instant::now();
        let is_silent = !self.has_response && now.duration_since(self.since) >= SILENCE;
        if is_silent && member.is_reused {
            self.host.distrust(member.good_at);
        }
        if is_silent || !member.connection.is_ready() {
            return self.host.discard(member);
        }
        if self.has_response {
            member.good_at = now;
        }
        member.is_reused = true;
        self.host.release(member, now);
    }
}

impl From<TrySendError<Request<Body>>> for SendError {
    #[cold]
    fn from(mut error: TrySendError<Request<Body>>) -> Self {
        match error.take_message() {
            Some(request) => Self::NotTaken(Box::new(request), error.into_error()),
            None => Self::Taken(error.into_error()),
        }
    }
}

/// The body of a response of [`Connections`](super::Connections).
///
/// Once the body has been read to its end, the connection serves the next request. If
/// the body is dropped earlier, the connection is closed, unless the whole body has
/// already arrived.
pub struct PooledBody {
    incoming: Incoming,
    /// `None` once it went back.
    connection: Option<PooledConnection>,
}

impl PooledBody {
    pub(super) fn new(incoming: Incoming, connection: PooledConnection) -> Self {
        let mut body = Self {
            incoming,
            connection: Some(connection),
        };
        // A short body came with the head, so that the connection is free already.
        if body.incoming.is_end_stream()
            || body
                .connection
                .as_ref()
                .is_some_and(PooledConnection::is_ready)
        {
            body.finish();
        }
        body
    }

    fn finish(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.finish();
        }
    }
}

impl HttpBody for PooledBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        match frame {
            Some(Ok(frame)) => {
                if self.incoming.is_end_stream() {
                    self.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            None => {
                self.finish();
                Poll::Ready(None)
            }
            Some(Err(error)) => {
                self.connection = None;
                Poll::Ready(Some(Err(error::body(error))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl fmt::Debug for PooledBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledBody")
            .field("holds_connection", &self.connection.is_some())
            .finish_non_exhaustive()
    }
}
