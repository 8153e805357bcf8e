use std::{
    sync::{Arc, Mutex},
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
    body::Replay,
    error::{BoxError, Error},
    message::{AnyRequest, AnyResponse},
    options::RequestOptions,
};

/// The service of [`RetryLayer`](super::RetryLayer).
#[derive(Debug)]
pub struct Retry<S, P> {
    inner: S,
    policy: Arc<P>,
    /// Made by the first call that may be repeated.
    prototype: Option<Prototype<S>>,
}

/// Of what the services for other attempts are cloned: no request pays for one
/// before it needs it. The lock makes it `Sync`.
pub(super) type Prototype<S> = Arc<Mutex<S>>;

impl<S, P> Retry<S, P> {
    pub(super) fn new(inner: S, policy: Arc<P>) -> Self {
        Self { inner, policy, prototype: None }
    }
}

impl<S: Clone, P> Clone for Retry<S, P> {
    fn clone(&self) -> Self {
        let (policy, prototype) = (Arc::clone(&self.policy), self.prototype.clone());
        Self { inner: self.inner.clone(), policy, prototype }
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
    fn call(&mut self, request: R) -> Self::Future {
        let began = request.began().unwrap_or_else(Instant::now);
        let head = request.as_request();
        let facts = RequestFacts::new(head.method(), RequestOptions::of(head));
        let retries = self.policy.max_retries(&facts);
        let kept = if retries == 0 { None } else { Kept::of(head) };
        let again = kept.map(|kept| {
            let prototype = || Arc::new(Mutex::new(self.inner.clone()));
            let prototype = Arc::clone(self.prototype.get_or_insert_with(prototype));
            let policy = Arc::clone(&self.policy);
            Box::new(Again { prototype, policy, service: None, kept, retries })
        });
        // Called last, so that its future is made in its place.
        ResponseFuture::new(self.inner.call(request), again, began)
    }
}
