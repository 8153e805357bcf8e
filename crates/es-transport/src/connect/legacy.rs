//! Another bottom: hyper-util's pooling client, which speaks HTTP/2.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connect, Connection},
    },
    rt::TokioExecutor,
};
use tower::Service;

use super::{connections::Io, failure};
use crate::{
    body::Body,
    error::{BoxError, Error, Result},
};

/// hyper-util's client as the bottom of the stack. With the feature `http2` and
/// a connector that offers it, requests to one https node share a connection.
///
/// It costs about 10,000 instructions per request more than
/// [`Connections`](super::Connections).
pub fn http_client<C>(connector: C) -> HttpClient<C>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Io + Connection,
    C::Error: Into<BoxError>,
    C::Future: Send + Unpin + 'static,
    C: Connect,
{
    HttpClient(Client::builder(TokioExecutor::new()).build(connector))
}

/// What [`http_client`] makes.
#[derive(Clone)]
pub struct HttpClient<C>(Client<C, Body>);

/// The future of an [`HttpClient`].
#[must_use = "futures do nothing unless polled"]
pub struct HttpClientFuture(hyper_util::client::legacy::ResponseFuture);

/// The body of an answer of an [`HttpClient`].
pub struct HttpClientBody(Incoming);

impl<C> Service<Request<Body>> for HttpClient<C>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    type Response = Response<HttpClientBody>;
    type Error = Error;
    type Future = HttpClientFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> HttpClientFuture {
        HttpClientFuture(self.0.request(request))
    }
}

impl Future for HttpClientFuture {
    type Output = Result<Response<HttpClientBody>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(answer.map(|answer| answer.map(HttpClientBody)).map_err(failure::client))
    }
}

impl HttpBody for HttpClientBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(failure::body)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl<C> fmt::Debug for HttpClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpClientFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientFuture").finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpClientBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientBody").finish_non_exhaustive()
    }
}
