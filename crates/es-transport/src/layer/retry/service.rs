use std::{
    sync::Arc,
    task::{Context, Poll},
};

use tower::Service;

use super::{
    future::{Again, ResponseFuture},
    kept::Kept,
    policy::{RequestFacts, RetryPolicy},
};
use crate::{
    any_request::AnyRequest,
    body::Replay,
    error::{BoxError, Error},
    options::RequestOptions,
};

/// The service of [`RetryLayer`](super::RetryLayer).
#[derive(Debug)]
pub struct Retry<S, P> {
    inner: S,
    policy: Arc<P>,
}

impl<S, P> Retry<S, P> {
    pub(super) fn new(inner: S, policy: Arc<P>) -> Self {
        Self { inner, policy }
    }
}

impl<S: Clone, P> Clone for Retry<S, P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), policy: Arc::clone(&self.policy) }
    }
}

impl<S, P, R, RB> Service<R> for Retry<S, P>
where
    R: AnyRequest,
    R::Body: Replay,
    S: Service<R, Response = http::Response<RB>> + Clone,
    S::Error: Into<BoxError>,
    P: RetryPolicy,
{
    type Response = http::Response<RB>;
    type Error = Error;
    type Future = ResponseFuture<S, R, P>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, request: R) -> Self::Future {
        let head = request.as_request();
        let facts = RequestFacts::new(head.method(), RequestOptions::of(head));
        let retries = self.policy.max_retries(&facts);
        let kept = if retries == 0 { None } else { Kept::of(head) };
        let first = self.inner.call(request);
        let again = kept.map(|kept| {
            let (service, policy) = (self.inner.clone(), Arc::clone(&self.policy));
            Box::new(Again { service, kept, retries, policy })
        });
        ResponseFuture::new(first, again)
    }
}
