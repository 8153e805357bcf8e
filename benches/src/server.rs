//! The local server: fixed responses over plain HTTP/1.1 on loopback, several
//! ports for the several nodes of one cluster. Of a bulk request it counts the
//! operations and keeps nothing.

use std::{
    collections::VecDeque,
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Either, Full};
use hyper::{
    body::{Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::responses::Responses;

/// Length of the response to `GET /_stream`: 1 GiB.
pub const STREAM_LENGTH: u64 = 1 << 30;
const PIECE: &[u8] = &[b' '; 64 * 1024];

/// Listens on a number of free ports of loopback and serves for as long as the
/// runtime lives.
///
/// # Errors
/// When no port can be had.
pub async fn start(nodes: usize) -> std::io::Result<Vec<SocketAddr>> {
    let responses = Arc::new(Responses::new());
    let mut addresses = Vec::with_capacity(nodes);
    for _ in 0..nodes {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        addresses.push(listener.local_addr()?);
        tokio::spawn(accept(listener, Arc::clone(&responses)));
    }
    Ok(addresses)
}

async fn accept(listener: TcpListener, responses: Arc<Responses>) {
    while let Ok((stream, _)) = listener.accept().await {
        // Without it, a response in two writes waits for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let responses = Arc::clone(&responses);
        let service = service_fn(move |request| {
            let responses = Arc::clone(&responses);
            async move { respond(request, &responses).await }
        });
        tokio::spawn(async move {
            // A client that goes away is the end of a connection, no failure.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

type ServerBody = Either<Full<Bytes>, Either<Pieces, List>>;

/// The operations of bulk requests since they were last asked for.
static OPERATIONS: AtomicU64 = AtomicU64::new(0);

async fn respond(
    request: Request<Incoming>,
    responses: &Responses,
) -> Result<Response<ServerBody>, Infallible> {
    let head = request.method() == Method::HEAD;
    let path = request.uri().path().to_owned();
    // Read to its end, or the connection could not be used again.
    let lines = count_lines(request.into_body()).await;
    let mut status = StatusCode::OK;
    let body = match path.as_str() {
        "/" => responses.info.clone(),
        "/products/_search" => responses.search.clone(),
        "/products-large/_search" => responses.large_search.clone(),
        "/_bulk" | "/products/_bulk" => match responses.bulk.to(lines / 2) {
            Ok(pieces) => {
                OPERATIONS.fetch_add(lines as u64 / 2, Ordering::Relaxed);
                return Ok(ok(Either::Right(Either::Right(List(pieces.into())))));
            }
            Err(error) => {
                status = StatusCode::PAYLOAD_TOO_LARGE;
                error.to_string().into()
            }
        },
        "/_operations" => OPERATIONS.swap(0, Ordering::Relaxed).to_string().into(),
        "/_stream" => return Ok(stream(head)),
        path if path.contains("/_doc") => {
            status = StatusCode::CREATED;
            responses.indexed.clone()
        }
        _ => {
            status = StatusCode::NOT_FOUND;
            Bytes::from_static(br#"{"error":"no such response","status":404}"#)
        }
    };
    let mut response = ok(Either::Left(Full::new(body)));
    *response.status_mut() = status;
    Ok(response)
}

/// The lines of a body; those of one that is cut off are counted by its client.
async fn count_lines(mut body: Incoming) -> usize {
    let mut lines = 0;
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            lines += memchr::memchr_iter(b'\n', data).count();
        }
    }
    lines
}

fn stream(head: bool) -> Response<ServerBody> {
    let left = if head { 0 } else { STREAM_LENGTH };
    ok(Either::Right(Either::Left(Pieces { left })))
}

fn ok(body: ServerBody) -> Response<ServerBody> {
    const TYPE: HeaderValue =
        HeaderValue::from_static("application/vnd.elasticsearch+json;compatible-with=9");
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        "x-elastic-product",
        HeaderValue::from_static("Elasticsearch"),
    );
    headers.insert(header::CONTENT_TYPE, TYPE);
    response
}

/// A long response out of one piece that is sent repeatedly.
struct Pieces {
    left: u64,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.left.min(PIECE.len() as u64);
        self.left -= length;
        let piece = &PIECE[..length as usize];
        std::task::Poll::Ready((length > 0).then(|| Ok(Frame::data(Bytes::from_static(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// A response in pieces that are there.
struct List(VecDeque<Bytes>);

impl hyper::body::Body for List {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|piece| piece.len() as u64).sum())
    }
}
