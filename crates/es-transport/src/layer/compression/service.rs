use std::task::{Context, Poll};

use http::{HeaderValue, Request, header};
use http_body::Body as _;
use tower::Service;

use super::{body::GzipBody, encoder::gzip, layer::CompressionLayer};
use crate::body::Body;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// The service of [`CompressionLayer`].
///
/// It does not wait, so it has the future and the error of the inner service.
#[derive(Clone, Debug)]
pub struct Compression<S> {
    inner: S,
    settings: CompressionLayer,
}

impl<S> Compression<S> {
    pub(super) fn new(inner: S, settings: CompressionLayer) -> Self {
        Self { inner, settings }
    }
}

impl<S> Service<Request<Body>> for Compression<S>
where
    S: Service<Request<Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<Body>) -> S::Future {
        self.settings.apply(&mut request);
        self.inner.call(request)
    }
}

impl CompressionLayer {
    fn apply(&self, request: &mut Request<Body>) {
        if self.wants(request) {
            self.compress(request);
        }
    }

    fn wants(&self, request: &Request<Body>) -> bool {
        let body = request.body();
        self.enabled
            && !body.is_end_stream()
            && body.len().is_none_or(|len| len >= self.threshold as u64)
            && !request.headers().contains_key(header::CONTENT_ENCODING)
    }

    fn compress(&self, request: &mut Request<Body>) {
        let body = std::mem::take(request.body_mut());
        let Some(pieces) = body.pieces() else {
            *request.body_mut() = Body::stream(GzipBody::new(body, self.level));
            return mark(request);
        };
        let size = pieces.iter().map(|piece| piece.len()).sum();
        match gzip(pieces.iter().map(|piece| &piece[..]), size, self.level) {
            Ok(smaller) if smaller.len() < size => {
                *request.body_mut() = Body::from(smaller);
                mark(request);
            }
            // Not worth it, or the compressor failed: the body itself is good.
            _ => *request.body_mut() = body,
        }
    }
}

fn mark(request: &mut Request<Body>) {
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_ENCODING, GZIP);
    // It was the length of the plain body.
    headers.remove(header::CONTENT_LENGTH);
}
