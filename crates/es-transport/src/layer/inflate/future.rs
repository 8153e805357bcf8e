use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use http_body::Body;
use pin_project_lite::pin_project;

use super::{body::ResponseBody, decoder::gunzip};
use crate::error::{BoxError, Error, Result};

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
    pub struct ResponseFuture<F, RB> {
        #[pin]
        inner: F,
        limit: usize,
        wanted: Wanted,
        body: std::marker::PhantomData<fn() -> RB>,
    }
}

impl<F, RB> ResponseFuture<F, RB> {
    pub(super) fn new(inner: F, limit: usize, wanted: Wanted) -> Self {
        Self { inner, limit, wanted, body: std::marker::PhantomData }
    }
}

impl<F, RB, E> Future for ResponseFuture<F, RB>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
    RB: Body<Data = Bytes> + Unpin,
    RB::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<RB>>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = this.inner.poll(cx);
        match &polled {
            Poll::Ready(Ok(response))
                if !matches!(this.wanted, Wanted::Head) && is_inflated(response) => {}
            _ => {
                let plain = |response: Response<RB>| response.map(ResponseBody::plain);
                return polled.map_ok(plain).map_err(Error::from_service);
            }
        }
        let response = ready!(polled).map_err(Error::from_service)?;
        Poll::Ready(inflate(response, *this.limit, *this.wanted))
    }
}

/// Whether there is something to inflate.
fn is_inflated<RB: Body>(response: &Response<RB>) -> bool {
    is_gzip(response.headers()) && !response.body().is_end_stream()
}

fn is_gzip(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| {
        let encoding = encoding.as_bytes().trim_ascii();
        encoding.eq_ignore_ascii_case(b"gzip") || encoding.eq_ignore_ascii_case(b"x-gzip")
    })
}

#[cold]
fn inflate<RB>(
    response: Response<RB>,
    limit: usize,
    wanted: Wanted,
) -> Result<Response<ResponseBody<RB>>>
where
    RB: Body<Data = Bytes> + Unpin,
    RB::Error: Into<BoxError>,
{
    let (mut parts, mut body) = response.into_parts();
    parts.headers.remove(header::CONTENT_ENCODING);
    parts.headers.remove(header::CONTENT_LENGTH);
    let is_error = parts.status.is_client_error() || parts.status.is_server_error();
    if !is_error && matches!(wanted, Wanted::Stream | Wanted::Endless) {
        let limit = if matches!(wanted, Wanted::Endless) { usize::MAX } else { limit };
        return Ok(Response::from_parts(parts, ResponseBody::gzip(body, Bytes::new(), limit)));
    }
    // What is not ready now is polled again by the body's reader, with its own waker.
    let mut cx = Context::from_waker(Waker::noop());
    let first = match Pin::new(&mut body).poll_frame(&mut cx) {
        Poll::Ready(Some(frame)) => {
            frame.map_err(Error::from_service)?.into_data().unwrap_or_default()
        }
        Poll::Ready(None) | Poll::Pending => Bytes::new(),
    };
    let body = if body.is_end_stream() && !first.is_empty() {
        ResponseBody::whole(body, gunzip(first, limit)?)
    } else {
        ResponseBody::gzip(body, first, limit)
    };
    Ok(Response::from_parts(parts, body))
}
