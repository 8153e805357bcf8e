use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body::Body as HttpBody;
use tower::Service;

use super::{future::ResponseFuture, layer::DecompressionLayer};
use crate::{
    body::ResponseBody,
    error::{BoxError, Error, Result},
    options::{Reading, RequestOptions},
};

/// The service of [`DecompressionLayer`].
#[derive(Clone, Debug)]
pub struct Decompression<S> {
    inner: S,
    settings: DecompressionLayer,
}

impl<S> Decompression<S> {
    pub(super) fn new(inner: S, settings: DecompressionLayer) -> Self {
        Self { inner, settings }
    }
}

impl<S, B, RB> Service<Request<B>> for Decompression<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
    S::Error: Into<BoxError> + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let accepts_other = request
            .headers()
            .get(header::ACCEPT_ENCODING)
            .is_some_and(|value| value.as_bytes() != b"gzip");
        self.settings.write_accept_encoding(request.headers_mut());

        let is_head = request.method() == Method::HEAD;
        let reading = Reading::of(RequestOptions::of(&request), self.settings.limit);
        let reading = (!is_head).then_some(reading);
        ResponseFuture::new(self.inner.call(request), reading, accepts_other)
    }
}
