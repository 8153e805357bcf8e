use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;

use super::body::{DecompressedBody, decompress_all};
use crate::{
    body::{ResponseBody, poll_response},
    error::{BoxError, Error, Result},
    options::Reading,
};

pin_project! {
    /// The future of [`Decompression`](super::Decompression).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // `None` for HEAD, whose headers describe a body that does not come.
        reading: Option<Reading>,
        accepts_other: bool,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, reading: Option<Reading>, accepts_other: bool) -> Self {
        Self {
            inner,
            reading,
            accepts_other,
        }
    }
}

impl<F, RB, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError> + 'static,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        poll_response(this.inner, cx, |response| match *this.reading {
            Some(reading) => decode(response, reading, *this.accepts_other),
            None => Ok(()),
        })
    }
}

#[inline]
fn decode(
    response: &mut Response<ResponseBody>,
    reading: Reading,
    accepts_other: bool,
) -> Result<()> {
    let Some(encoding) = response.headers().get(header::CONTENT_ENCODING) else {
        return Ok(());
    };
    if response.body().is_end_stream() {
        return Ok(());
    }
    match Encoding::of(encoding) {
        Encoding::Gzip => decompress(response, reading),
        Encoding::Other if !accepts_other => Err(unknown(encoding)),
        Encoding::Identity | Encoding::Other => Ok(()),
    }
}

enum Encoding {
    Gzip,
    Identity,
    Other,
}

impl Encoding {
    fn of(value: &HeaderValue) -> Self {
        let value = value.as_bytes().trim_ascii();
        let is = |name: &[u8]| value.eq_ignore_ascii_case(name);
        if is(b"gzip") || is(b"x-gzip") {
            Self::Gzip
        } else if value.is_empty() || is(b"identity") {
            Self::Identity
        } else {
            Self::Other
        }
    }
}

#[cold]
fn unknown(encoding: &HeaderValue) -> Error {
    let encoding = String::from_utf8_lossy(encoding.as_bytes());
    Error::body(format!(
        "its `Content-Encoding` is `{encoding}`, and only gzip is supported"
    ))
}

#[cold]
fn decompress(response: &mut Response<ResponseBody>, reading: Reading) -> Result<()> {
    response.headers_mut().remove(header::CONTENT_ENCODING);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    let (is_stream, limit) = reading.resolve(response.status());

    let body = response.body_mut();
    match body.collected() {
        Some(bytes) if !is_stream => body.replace(decompress_all(bytes.clone(), limit)?),
        _ => body.wrap(|body| DecompressedBody::new(body, limit)),
    }
    Ok(())
}
