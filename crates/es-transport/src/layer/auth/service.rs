use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, Request, Response, header};
use tower::Service;

use super::{
    future::{self, ResponseFuture, Retry},
    layer::Source,
};
use crate::{
    body::TryCloneBody,
    credentials::Credentials,
    error::{BoxError, Error, Result},
    options::{RequestAuth, RequestOptions},
};

/// The service of [`AuthLayer`](super::AuthLayer).
#[derive(Clone, Debug)]
pub struct Auth<S> {
    inner: S,
    source: Source,
}

impl<S> Auth<S> {
    pub(super) fn new(inner: S, source: Source) -> Self {
        Self { inner, source }
    }
}

impl<S, B, RB> Service<Request<B>> for Auth<S>
where
    S: Service<Request<B>, Response = Response<RB>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + 'static,
    S::Future: Send + 'static,
    B: TryCloneBody + Send + 'static,
    RB: Send + 'static,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = ResponseFuture<S, B, S::Future, RB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let mut retry = None;
        // The request's own options come first.
        let own = RequestOptions::of(&request).and_then(|options| options.auth.clone());
        match (own, &self.source) {
            (Some(RequestAuth::None), _) | (None, Source::None) => {
                mark_sensitive(request.headers_mut());
            }
            (Some(RequestAuth::Credentials(credentials)), _) => {
                authorize(request.headers_mut(), &credentials);
            }
            (None, Source::Fixed(credentials)) => authorize(request.headers_mut(), credentials),
            // A header of the caller's own stays, and nothing is fetched.
            (None, Source::Provider(_)) if mark_sensitive(request.headers_mut()) => {}
            (None, Source::Provider(cache)) => match cache.get() {
                Some(credentials) => {
                    retry = Retry::prepare(cache, &self.inner, &request, &credentials);
                    authorize(request.headers_mut(), &credentials);
                }
                None => {
                    let cache = Arc::clone(cache);
                    // The service that was polled ready goes with the request.
                    let clone = self.inner.clone();
                    let ready = std::mem::replace(&mut self.inner, clone);
                    return ResponseFuture::waiting(future::fetch_then_send(cache, ready, request));
                }
            },
        }
        ResponseFuture::sent(self.inner.call(request), retry)
    }
}

/// Marks an `Authorization` header of the caller as sensitive. Returns whether there is one.
fn mark_sensitive(headers: &mut HeaderMap) -> bool {
    let own = headers.get_mut(header::AUTHORIZATION);
    own.map(|value| value.set_sensitive(true)).is_some()
}

/// Writes the `Authorization` header, unless there is one.
pub(super) fn authorize(headers: &mut HeaderMap, credentials: &Credentials) {
    // Two lookups cost less than an `entry`.
    if !mark_sensitive(headers) {
        headers.insert(header::AUTHORIZATION, credentials.header().clone());
    }
}
