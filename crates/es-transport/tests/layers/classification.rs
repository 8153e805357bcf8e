//! The meaning of errors of other crates for retries and nodes, each as its crate creates it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{convert::Infallible, error::Error as StdError, io, sync::Arc, time::Duration};

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
use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};
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
    let within_io = |error: rustls::Error| io::Error::new(io::ErrorKind::InvalidData, error);
    for error in [
        CertificateError::UnknownIssuer.into(),
        CertificateError::Expired.into(),
        CertificateError::Revoked.into(),
        rustls::Error::NoCertificatesPresented,
        PeerIncompatible::NoCipherSuitesInCommon.into(),
    ] {
        means(error.clone(), "tls", NotSent, Failed);
        means(within_io(error), "tls", NotSent, Failed);
    }
    // These may end a connection that was used.
    for error in [
        rustls::Error::DecryptError,
        rustls::Error::AlertReceived(AlertDescription::InternalError),
        InvalidMessage::InvalidContentType.into(),
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
    let buffered = ServiceBuilder::new().buffer(1).service(failing);
    let error = buffered.oneshot(Request::default()).await.unwrap_err();
    means(error, "connect", NotSent, Failed);

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
