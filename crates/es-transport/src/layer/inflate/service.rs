use std::task::{Context, Poll};

use http::Method;
use tower::Service;

use super::{
    future::{ResponseFuture, Wanted},
    layer::InflateLayer,
};
use crate::{
    error::{BoxError, Error, Result},
    message::{AnyRequest, Erase},
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

impl<S, R> Service<R> for Inflate<S>
where
    R: AnyRequest,
    S: Service<R>,
    S::Response: Erase,
    S::Error: Into<BoxError>,
{
    type Response = <S::Response as Erase>::Erased;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, mut request: R) -> Self::Future {
        if !request.has_prepared_headers() {
            self.settings.prepare(request.as_request_mut().headers_mut());
        }
        let head = request.as_request();
        // A HEAD is answered with the headers of a body that does not come.
        let is_head = head.method() == Method::HEAD;
        let (wanted, limit) = self.settings.wanted_by(RequestOptions::of(head));
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
