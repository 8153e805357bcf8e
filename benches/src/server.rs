//! The local server: fixed answers over plain HTTP/1.1 on loopback, several
//! ports for the several nodes of one cluster.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

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

use crate::answers::Answers;

/// Length of the answer to `GET /_stream`: 1 GiB.
pub const STREAM_LENGTH: u64 = 1 << 30;
const PIECE: &[u8] = &[b' '; 64 * 1024];

/// Listens on a number of free ports of loopback and answers for as long as the
/// runtime lives.
///
/// # Errors
/// When no port can be had.
pub async fn start(nodes: usize) -> std::io::Result<Vec<SocketAddr>> {
    let answers = Arc::new(Answers::new());
    let mut addresses = Vec::with_capacity(nodes);
    for _ in 0..nodes {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        addresses.push(listener.local_addr()?);
        tokio::spawn(accept(listener, Arc::clone(&answers)));
    }
    Ok(addresses)
}

async fn accept(listener: TcpListener, answers: Arc<Answers>) {
    while let Ok((stream, _)) = listener.accept().await {
        // Without it, an answer in two writes waits for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let answers = Arc::clone(&answers);
        let service = service_fn(move |request| {
            let answers = Arc::clone(&answers);
            async move { answer(request, &answers).await }
        });
        tokio::spawn(async move {
            // A client that goes away is the end of a connection, no failure.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

type AnswerBody = Either<Full<Bytes>, Pieces>;

async fn answer(
    request: Request<Incoming>,
    answers: &Answers,
) -> Result<Response<AnswerBody>, Infallible> {
    let head = request.method() == Method::HEAD;
    let path = request.uri().path().to_owned();
    // Read to its end, or the connection could not be used again.
    let _ = request.into_body().collect().await;
    let mut status = StatusCode::OK;
    let body = match path.as_str() {
        "/" => answers.info.clone(),
        "/products/_search" => answers.search.clone(),
        "/products-large/_search" => answers.large_search.clone(),
        "/_bulk" | "/products/_bulk" => answers.bulk.clone(),
        "/_stream" => return Ok(stream(head)),
        path if path.contains("/_doc") => {
            status = StatusCode::CREATED;
            answers.indexed.clone()
        }
        _ => {
            status = StatusCode::NOT_FOUND;
            Bytes::from_static(br#"{"error":"no such answer","status":404}"#)
        }
    };
    let mut response = Response::new(Either::Left(Full::new(body)));
    *response.status_mut() = status;
    add_headers(&mut response);
    Ok(response)
}

fn stream(head: bool) -> Response<AnswerBody> {
    let left = if head { 0 } else { STREAM_LENGTH };
    let mut response = Response::new(Either::Right(Pieces { left }));
    add_headers(&mut response);
    response
}

fn add_headers(response: &mut Response<AnswerBody>) {
    const TYPE: HeaderValue =
        HeaderValue::from_static("application/vnd.elasticsearch+json;compatible-with=9");
    let headers = response.headers_mut();
    headers.insert("x-elastic-product", HeaderValue::from_static("Elasticsearch"));
    headers.insert(header::CONTENT_TYPE, TYPE);
}

/// A long answer out of one piece that is sent again and again.
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
