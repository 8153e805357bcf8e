use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body as HttpBody;
use tower::Service;

use super::{
    future::{ResponseFuture, Wanted},
    layer::InflateLayer,
};
use crate::{
    body::ResponseBody,
    error::{BoxError, Error, Result},
    options::RequestOptions,
};

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
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
    S::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        self.settings.ask_for_gzip(request.headers_mut());
        // A HEAD is answered with the headers of a body that does not come.
        let is_head = request.method() == Method::HEAD;
        let (wanted, limit) = self.settings.wanted_by(RequestOptions::of(&request));
        let wanted = if is_head { Wanted::Head } else { wanted };
        ResponseFuture::new(self.inner.call(request), limit, wanted)
    }
}

impl InflateLayer {
    /// How the answer is wanted, and its limit.
    fn wanted_by(&self, options: Option<&RequestOptions>) -> (Wanted, usize) {
        let (wanted, limit) = match options {
            None => (Wanted::Whole, self.limit),
            Some(options) => {
                let own = options.max_response_size;
                let wanted = match (options.stream, own.flatten()) {
                    (false, _) => Wanted::Whole,
                    (true, Some(_)) => Wanted::Stream,
                    // Nobody has to hold all of a stream.
                    (true, None) => Wanted::Endless,
                };
                (wanted, own.unwrap_or(self.limit))
            }
        };
        (wanted, limit.unwrap_or(usize::MAX))
    }
}
