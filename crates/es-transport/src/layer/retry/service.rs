use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use tokio::time::Instant;
use tower::Service;

use super::{
    future::{Again, ResponseFuture},
    kept::Kept,
    policy::{RequestFacts, RetryPolicy},
};
use crate::{
    any_request::AnyRequest,
    any_response::AnyResponse,
    body::Replay,
    error::{BoxError, Error},
    options::RequestOptions,
};

/// The service of [`RetryLayer`](super::RetryLayer).
#[derive(Debug)]
pub struct Retry<S, P> {
    inner: S,
    shared: Arc<Shared<S, P>>,
}

/// What all requests share.
#[derive(Debug)]
pub(super) struct Shared<S, P> {
    pub(super) policy: Arc<P>,
    /// Of whom the services for other attempts are cloned: no request pays for
    /// one before it needs it. The lock makes it `Sync`.
    prototype: Mutex<S>,
}

impl<S: Clone, P> Shared<S, P> {
    pub(super) fn service(&self) -> S {
        self.prototype.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S: Clone, P> Retry<S, P> {
    pub(super) fn new(inner: S, policy: Arc<P>) -> Self {
        let prototype = Mutex::new(inner.clone());
        Self { inner, shared: Arc::new(Shared { policy, prototype }) }
    }
}

impl<S: Clone, P> Clone for Retry<S, P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<S, P, R> Service<R> for Retry<S, P>
where
    R: AnyRequest,
    R::Body: Replay,
    S: Service<R> + Clone,
    S::Response: AnyResponse,
    S::Error: Into<BoxError>,
    P: RetryPolicy,
{
    type Response = S::Response;
    type Error = Error;
    type Future = ResponseFuture<S, R, P>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, mut request: R) -> Self::Future {
        let began = request.began().unwrap_or_else(Instant::now);
        request.set_began(Some(began));
        let head = request.as_request();
        let facts = RequestFacts::new(head.method(), RequestOptions::of(head));
        let retries = self.shared.policy.max_retries(&facts);
        let kept = if retries == 0 { None } else { Kept::of(head) };
        let again = kept.map(|kept| Box::new(Again::new(Arc::clone(&self.shared), kept, retries)));
        // Called last, so that its future is made in its place.
        ResponseFuture::new(self.inner.call(request), again, began)
    }
}
