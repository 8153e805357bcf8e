use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::Service;

use super::future::ResponseFuture;
use crate::{
    body::ResponseBody,
    error::{BoxError, Error},
    options::{Reading, RequestOptions},
};

/// The service of [`CollectLayer`](super::CollectLayer).
#[derive(Clone, Debug)]
pub struct Collect<S> {
    inner: S,
    limit: Option<usize>,
}

impl<S> Collect<S> {
    pub(super) fn new(inner: S, limit: Option<usize>) -> Self {
        Self { inner, limit }
    }
}

impl<S, B, RB> Service<Request<B>> for Collect<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
    RB: Body<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, RB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let reading = Reading::of(RequestOptions::of(&request), self.limit);
        ResponseFuture::new(self.inner.call(request), reading)
    }
}
