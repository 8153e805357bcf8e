use std::task::{Context, Poll};

use http::{HeaderValue, Request, header};
use http_body::Body as _;
use tower::Service;

use super::{body::GzipBody, encoder::gzip, layer::CompressLayer};
use crate::{
    body::Body,
    message::{AnyRequest, Notes, Outgoing},
};

const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// The service of [`CompressLayer`].
///
/// It takes every body that becomes a [`Body`], and waits for nothing, so the
/// inner service's future and error are its own.
#[derive(Clone, Debug)]
pub struct Compress<S> {
    inner: S,
    settings: CompressLayer,
}

impl<S> Compress<S> {
    pub(super) fn new(inner: S, settings: CompressLayer) -> Self {
        Self { inner, settings }
    }
}

impl<S, B> Service<Request<B>> for Compress<S>
where
    S: Service<Request<Body>>,
    B: Into<Body>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> S::Future {
        let mut request = request.map(Into::into);
        self.settings.apply(&mut request);
        self.inner.call(request)
    }
}

impl<S> Service<Outgoing<Body>> for Compress<S>
where
    S: Service<Outgoing<Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Outgoing<Body>) -> S::Future {
        if self.settings.apply(request.as_request_mut()) {
            request.forget_began();
        }
        self.inner.call(request)
    }
}

impl CompressLayer {
    /// Says whether there was something to do.
    fn apply(&self, request: &mut Request<Body>) -> bool {
        let wants = self.wants(request);
        if wants {
            self.compress(request);
        }
        wants
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tokio::time::Instant;
    use tower::{Layer, ServiceExt, service_fn};

    use super::*;

    #[test]
    fn the_attempt_begins_after_the_work() {
        let below =
            service_fn(async |request: Outgoing<Body>| Ok::<_, Infallible>(request.began()));
        let began = |body: String| {
            let request = Request::new(Body::from(body));
            let request = Outgoing::from(request).begun_at(Instant::now());
            let service = CompressLayer::new().layer(below);
            tokio_test::block_on(service.oneshot(request)).unwrap()
        };
        assert!(began("small".to_owned()).is_some());
        assert!(began("large".repeat(1_000)).is_none());
    }
}
