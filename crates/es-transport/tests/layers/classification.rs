//! The meaning of errors of other crates for retries and nodes, each as its crate creates it.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::{
    convert::Infallible,
    error::Error as StdError,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use es_transport::{
    BoxError, Error,
    error::FailureClass::{self, MaybeApplied, NotSent, RefusedByClient},
    node::NodeOutcome::{self, Failed, Suspect, Unknown},
};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full, LengthLimitError, Limited, StreamBody};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::{
    AlertDescription, CertificateError, ContentType, HandshakeType, InvalidMessage,
    PeerIncompatible, PeerMisbehaved,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

type RequestBody = http_body_util::combinators::BoxBody<Bytes, BoxError>;

/// Asserts the kind of a converted error, its class, and what it says about the node.
#[track_caller]
fn means(error: impl Into<BoxError>, kind: &str, class: FailureClass, outcome: NodeOutcome) {
    let error = Error::from_service(error);
    let found = (
        error.type_name(),
        error.class(),
        NodeOutcome::of_error(&error),
    );
    assert_eq!(found, (kind, class, outcome), "{error:?}");
    assert_eq!(error.is_not_sent(), class == NotSent, "{error:?}");
}

fn empty() -> RequestBody {
    Empty::new().map_err(|never| match never {}).boxed()
}

/// Sends a request to a server that reads its head, sends these bytes and closes.
async fn exchange(body: RequestBody, response: &'static [u8]) -> hyper::Error {
    let (client, mut server) = tokio::io::duplex(64 << 10);
    tokio::spawn(async move {
        let _ = server.read(&mut [0; 4096]).await;
        let _ = server.write_all(response).await;
    });
    let mut sender = connected(client).await;
    let response = match sender
        .send_request(Request::post("/").body(body).unwrap())
        .await
    {
        Err(error) => return error,
        Ok(response) => response,
    };
    response.into_body().collect().await.unwrap_err()
}

async fn connected(stream: tokio::io::DuplexStream) -> SendRequest<RequestBody> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

#[tokio::test]
async fn hyper_and_its_connections() {
    means(exchange(empty(), b"").await, "io", MaybeApplied, Failed);
    means(
        exchange(empty(), b"HTTP/1.1 200 OK\r\ncont").await,
        "io",
        MaybeApplied,
        Failed,
    );
    means(
        exchange(empty(), b"SSH-2.0-OpenSSH_9.6\r\n\r\n").await,
        "io",
        MaybeApplied,
        Failed,
    );

    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
    means(exchange(empty(), cut).await, "io", MaybeApplied, Failed);

    // The client refuses these, whichever node sent them.
    for head in [
        "content-length: 1\r\ncontent-length: 2",
        "content-length: -1",
        "a b: c",
    ] {
        let response = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n")
            .leak()
            .as_bytes();
        means(
            exchange(empty(), response).await,
            "body",
            RefusedByClient,
            Unknown,
        );
    }
    let chunks = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n";
    let error = exchange(empty(), chunks).await;
    means(error, "body", RefusedByClient, Unknown);
    let many = "x: y\r\n".repeat(200);
    let response = format!("HTTP/1.1 200 OK\r\n{many}\r\n").leak().as_bytes();
    means(
        exchange(empty(), response).await,
        "body",
        RefusedByClient,
        Unknown,
    );
}

#[tokio::test]
async fn hyper_and_the_body_of_the_request() {
    let pieces = futures_util::stream::iter([Err(BoxError::from("the file is gone"))]);
    let failing = BodyExt::boxed(StreamBody::new(pieces));
    means(
        exchange(failing, b"").await,
        "request",
        RefusedByClient,
        Unknown,
    );
}

#[tokio::test]
async fn hyper_and_a_body_that_is_too_short() {
    let pieces = futures_util::stream::iter([Ok(http_body::Frame::data(Bytes::from("half")))]);
    let short = Sized(StreamBody::new(pieces).boxed(), 9);
    let error = exchange(short.boxed(), b"").await;
    assert!(error.is_body_write_aborted(), "{error:?}");
    means(error, "request", RefusedByClient, Unknown);
}

/// A body that claims to have this size.
struct Sized(RequestBody, u64);

impl http_body::Body for Sized {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.1)
    }
}

#[tokio::test]
async fn hyper_and_a_runtime_that_ended() {
    let (client, mut server) = tokio::io::duplex(64 << 10);
    let (mut sender, connection) = http1::handshake(TokioIo::new(client)).await.unwrap();
    let driver = tokio::spawn(connection);
    let sent = tokio::spawn(async move { sender.send_request(Request::new(empty())).await });
    // The request has arrived when nobody drives its connection any more.
    assert!(server.read(&mut [0; 4096]).await.unwrap() > 0);
    driver.abort();
    let error = sent.await.unwrap().unwrap_err();
    means(error, "io", MaybeApplied, Failed);
}

#[tokio::test]
async fn hyper_and_bytes_before_the_request() {
    let (client, mut server) = tokio::io::duplex(64 << 10);
    let (mut sender, connection) = http1::handshake(TokioIo::new(client)).await.unwrap();
    server.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    means(connection.await.unwrap_err(), "io", MaybeApplied, Failed);
    let sent = sender.send_request(Request::new(empty())).await;
    means(sent.unwrap_err(), "io", NotSent, Failed);
}

/// A connection that is reset by the first write, or once the request was written.
#[derive(Default)]
struct Reset {
    takes_writes: bool,
    has_written: bool,
}

impl hyper::rt::Read for Reset {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.has_written {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl hyper::rt::Write for Reset {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.takes_writes {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        self.has_written = true;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn hyper_and_a_connection_that_is_reset() {
    for takes_writes in [true, false] {
        let stream = Reset {
            takes_writes,
            ..Reset::default()
        };
        let (mut sender, connection) = http1::handshake(stream).await.unwrap();
        let sent = sender.send_request(Request::new(empty()));
        let (_, sent) = tokio::join!(connection, sent);
        means(sent.unwrap_err(), "io", MaybeApplied, Failed);
    }
}

#[tokio::test]
async fn hyper_and_a_closed_connection() {
    let (client, server) = tokio::io::duplex(64);
    let mut sender = connected(client).await;
    drop(server);
    while !sender.is_closed() {
        tokio::task::yield_now().await;
    }
    let error = sender
        .send_request(Request::new(empty()))
        .await
        .unwrap_err();
    assert!(error.is_canceled(), "{error}");
    means(error, "io", NotSent, Failed);
}

#[test]
fn rustls() {
    use rustls::Error as E;
    let within_io = |error: rustls::Error| io::Error::new(io::ErrorKind::InvalidData, error);
    for error in [
        CertificateError::UnknownIssuer.into(),
        CertificateError::Expired.into(),
        CertificateError::Revoked.into(),
        E::NoCertificatesPresented,
        E::NoApplicationProtocol,
        PeerIncompatible::NoCipherSuitesInCommon.into(),
    ] {
        means(error.clone(), "tls", NotSent, Failed);
        means(within_io(error), "tls", NotSent, Failed);
    }
    // These may end a connection that was used.
    for error in [
        E::DecryptError,
        E::EncryptError,
        E::PeerSentOversizedRecord,
        E::AlertReceived(AlertDescription::InternalError),
        InvalidMessage::InvalidContentType.into(),
        PeerMisbehaved::TooManyEmptyFragments.into(),
        E::InappropriateMessage {
            expect_types: Vec::new(),
            got_type: ContentType::Heartbeat,
        },
        E::InappropriateHandshakeMessage {
            expect_types: Vec::new(),
            got_type: HandshakeType::Finished,
        },
        E::General("plain text".into()),
    ] {
        means(within_io(error), "io", MaybeApplied, Failed);
    }
}

#[test]
fn input_and_output() {
    use io::ErrorKind::*;
    for kind in [ConnectionRefused, AddrNotAvailable] {
        means(io::Error::from(kind), "connect", NotSent, Failed);
    }
    for kind in [
        ConnectionReset,
        ConnectionAborted,
        BrokenPipe,
        UnexpectedEof,
        TimedOut,
    ] {
        means(io::Error::from(kind), "io", MaybeApplied, Failed);
    }
    // Decoders, such as those of tower-http, report so what they cannot read.
    for kind in [InvalidData, InvalidInput] {
        means(io::Error::from(kind), "body", RefusedByClient, Unknown);
    }
}

async fn never<B>(_: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn time_limits() {
    const LIMIT: Duration = Duration::from_millis(1);
    let slow = ServiceBuilder::new().timeout(LIMIT).service_fn(never::<()>);
    let error = slow.oneshot(Request::default()).await.unwrap_err();
    means(error, "timeout.attempt", MaybeApplied, Suspect);

    let elapsed = tokio::time::timeout(LIMIT, std::future::pending::<()>())
        .await
        .unwrap_err();
    means(elapsed, "timeout.attempt", MaybeApplied, Suspect);

    let pieces = futures_util::stream::pending::<Result<http_body::Frame<Bytes>, Infallible>>();
    let stalled = tower_http::timeout::TimeoutBody::new(LIMIT, StreamBody::new(pieces));
    let error = std::pin::pin!(stalled).collect().await.unwrap_err();
    means(error, "timeout.attempt", MaybeApplied, Suspect);
}

#[tokio::test]
async fn rejections_and_limits_of_tower() {
    let busy = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1)
        .service_fn(never::<()>);
    let (mut first, mut second) = (busy.clone(), busy);
    let pending = first.ready().await.unwrap().call(Request::default());
    let error = second
        .ready()
        .await
        .unwrap()
        .call(Request::default())
        .await
        .unwrap_err();
    means(error, "rejected", NotSent, Unknown);
    drop(pending);

    let error = Limited::new(Full::<Bytes>::from("too long"), 3)
        .collect()
        .await
        .unwrap_err();
    assert!(error.is::<LengthLimitError>());
    means(error, "body", RefusedByClient, Unknown);
}

#[tokio::test]
async fn errors_that_layers_wrap() {
    // A buffer returns the error of its service behind an `Arc` of its own.
    let failing = service_fn(|_: Request<()>| async {
        Err::<Response<()>, _>(Error::connect_message("refused"))
    });
    let mut buffered = ServiceBuilder::new().buffer(1).service(failing);
    let error = buffered.ready().await.unwrap().call(Request::default());
    means(error.await.unwrap_err(), "connect", NotSent, Failed);

    // One whose worker ended does not say what became of the request.
    let panicking = service_fn(
        |_: Request<()>| -> std::future::Ready<Result<(), BoxError>> {
            panic!("the service of a buffer")
        },
    );
    let mut buffered = ServiceBuilder::new().buffer(1).service(panicking);
    let error = buffered.ready().await.unwrap().call(Request::default());
    let error = error.await.unwrap_err();
    assert!(error.is::<tower::buffer::error::Closed>(), "{error:?}");
    means(error, "_OTHER", MaybeApplied, Unknown);

    #[derive(Debug, Clone)]
    struct Wrapped(Arc<Error>);
    impl std::fmt::Display for Wrapped {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a layer of another crate")
        }
    }
    impl StdError for Wrapped {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&*self.0)
        }
    }
    means(
        Wrapped(Arc::new(Error::rejected("full"))),
        "rejected",
        NotSent,
        Unknown,
    );
    means("a text", "_OTHER", MaybeApplied, Unknown);
}
