use std::{
    task::{Context, Poll},
    time::Duration,
};

use tower::Service;

use super::future::{Limit, ResponseFuture};
use crate::{
    attempt::Deadline,
    error::{BoxError, Error},
    message::{AnyRequest, Erase},
    options::RequestOptions,
};

/// The service of [`AttemptTimeoutLayer`](super::AttemptTimeoutLayer).
#[derive(Clone, Debug)]
pub struct AttemptTimeout<S> {
    inner: S,
    timeout: Option<Duration>,
}

impl<S> AttemptTimeout<S> {
    pub(super) fn new(inner: S, timeout: Option<Duration>) -> Self {
        Self { inner, timeout }
    }
}

impl<S, R> Service<R> for AttemptTimeout<S>
where
    R: AnyRequest,
    S: Service<R>,
    S::Response: Erase,
    S::Error: Into<BoxError>,
{
    type Response = <S::Response as Erase>::Erased;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, request: R) -> Self::Future {
        let own =
            RequestOptions::of(request.as_request()).and_then(|options| options.request_timeout);
        let timeout = own.unwrap_or(self.timeout);
        let deadline = request.as_request().extensions().get::<Deadline>().copied();
        let limit = Limit::of(timeout, deadline, request.began());
        ResponseFuture::new(self.inner.call(request), limit, timeout)
    }
}
