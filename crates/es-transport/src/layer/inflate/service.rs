use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body::Body;
use tower::Service;

use super::{body::ResponseBody, future::ResponseFuture, layer::InflateLayer};
use crate::{
    error::{BoxError, Error, Result},
    options::RequestOptions,
};

const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// The service of [`InflateLayer`].
#[derive(Clone, Debug)]
pub struct Inflate<S> {
    inner: S,
    settings: InflateLayer,
}

impl<S> Inflate<S> {
    pub(super) fn new(inner: S, settings: InflateLayer) -> Self {
        Self { inner, settings }
    }
}

impl<S, B, RB> Service<Request<B>> for Inflate<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
    RB: Body<Data = Bytes> + Unpin,
    RB::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<RB>>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, RB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // A HEAD is answered with the headers of a body that does not come.
        let is_head = request.method() == Method::HEAD;
        if self.settings.ask && !is_head {
            request.headers_mut().entry(header::ACCEPT_ENCODING).or_insert(GZIP);
        }
        let options = (!request.extensions().is_empty()).then(|| RequestOptions::of(&request));
        let limit = self.settings.limit_for(options.flatten());
        ResponseFuture::new(self.inner.call(request), limit, is_head)
    }
}

impl InflateLayer {
    fn limit_for(&self, options: Option<&RequestOptions>) -> usize {
        let limit = match options {
            None => self.limit,
            Some(RequestOptions { max_response_size: Some(own), .. }) => *own,
            // Nobody has to hold all of a stream.
            Some(options) => self.limit.filter(|_| !options.stream),
        };
        limit.unwrap_or(usize::MAX)
    }
}
