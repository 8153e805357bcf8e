use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;

use super::{body::Inflated, decoder::gunzip};
use crate::{
    body::ResponseBody,
    error::{BoxError, Error, Result},
};

/// How the request wants its answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    /// Not at all: it is a HEAD.
    Head,
    Whole,
    Stream,
    /// As a stream without a limit, but for the answer of an error.
    Endless,
}

pin_project! {
    /// The future of [`Inflate`](super::Inflate).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        limit: usize,
        wanted: Wanted,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, limit: usize, wanted: Wanted) -> Self {
        Self { inner, limit, wanted }
    }
}

impl<F, RB, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answer =
            ready!(this.inner.poll(cx)).map_err(Error::from_service)?.map(ResponseBody::new);
        if !matches!(this.wanted, Wanted::Head)
            && is_gzip(answer.headers())
            && !answer.body().is_end_stream()
        {
            inflate(&mut answer, *this.limit, *this.wanted)?;
        }
        Poll::Ready(Ok(answer))
    }
}

fn is_gzip(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| {
        let encoding = encoding.as_bytes().trim_ascii();
        encoding.eq_ignore_ascii_case(b"gzip") || encoding.eq_ignore_ascii_case(b"x-gzip")
    })
}

#[cold]
fn inflate(response: &mut Response<ResponseBody>, limit: usize, wanted: Wanted) -> Result<()> {
    response.headers_mut().remove(header::CONTENT_ENCODING);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_stream = !is_error && matches!(wanted, Wanted::Stream | Wanted::Endless);
    let limit = if is_stream && matches!(wanted, Wanted::Endless) { usize::MAX } else { limit };
    let body = response.body_mut();
    match body.collected() {
        Some(bytes) if !is_stream => body.replace(gunzip(bytes.clone(), limit)?),
        _ => body.wrap(|body| Inflated::new(body, limit)),
    }
    Ok(())
}
