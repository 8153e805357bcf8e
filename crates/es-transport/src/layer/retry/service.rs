use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tokio::time::Instant;
use tower::Service;

use super::{
    future::{Again, ResponseFuture},
    kept::Kept,
    policy::{RequestFacts, RetryPolicy},
};
use crate::{
    body::TryCloneBody,
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

impl<S, P, B, RB> Service<Request<B>> for Retry<S, P>
where
    S: Service<Request<B>, Response = Response<RB>> + Clone,
    S::Error: Into<BoxError>,
    B: TryCloneBody,
    P: RetryPolicy,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = ResponseFuture<S, B, P, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let began = Instant::now();
        let facts = RequestFacts::new(request.method(), RequestOptions::of(&request));
        let retries = self.policy.max_retries(&facts);
        let kept = if retries == 0 { None } else { Kept::of(&request) };
        let again = kept.map(|kept| {
            let (service, policy) = (self.inner.clone(), Arc::clone(&self.policy));
            Box::new(Again { service, kept, retries, policy })
        });
        // Called last, so that its future is made in its place.
        ResponseFuture::new(self.inner.call(request), again, began)
    }
}
