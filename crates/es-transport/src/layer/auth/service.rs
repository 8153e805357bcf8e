use std::task::{Context, Poll};

use http::{HeaderMap, Request, header};
use tower::Service;

use super::{
    future::{self, Resend, ResponseFuture},
    layer::Source,
};
use crate::{
    body::Replay,
    credentials::Credentials,
    error::{BoxError, Error, Result},
    message::{AnyRequest, AnyResponse},
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

impl<S, R> Service<R> for Auth<S>
where
    R: AnyRequest + Send + 'static,
    R::Body: Replay,
    S: Service<R> + Clone + Send + 'static,
    S::Response: AnyResponse + Send + 'static,
    S::Error: Into<BoxError> + 'static,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = Error;
    type Future = ResponseFuture<S, R, S::Future, S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, mut request: R) -> Self::Future {
        let mut resend = None;
        let is_prepared = request.has_prepared_headers();
        let head = request.as_request_mut();
        match self.source_for(head) {
            Source::None | Source::Fixed(_) if is_prepared => {}
            Source::None => {
                mark(head.headers_mut());
            }
            Source::Fixed(credentials) => authorize(head.headers_mut(), &credentials),
            Source::Provider(cache) => match cache.get() {
                Some(credentials) => {
                    resend = Resend::prepare(&cache, &self.inner, head, &credentials);
                    authorize(head.headers_mut(), &credentials);
                }
                None => {
                    // The service that was polled ready goes with the request.
                    let clone = self.inner.clone();
                    let ready = std::mem::replace(&mut self.inner, clone);
                    return ResponseFuture::waiting(future::ask_then_send(cache, ready, request));
                }
            },
        }
        ResponseFuture::sent(self.inner.call(request), resend)
    }
}

impl<S> Auth<S> {
    /// Who vouches for a request: its own options come first.
    fn source_for<B>(&self, request: &mut Request<B>) -> Source {
        if !request.extensions().is_empty() {
            match RequestOptions::of(request).and_then(|options| options.auth.clone()) {
                Some(RequestAuth::Credentials(credentials)) => return Source::fixed(credentials),
                Some(RequestAuth::None) => return Source::None,
                None => {}
            }
        }
        match &self.source {
            // A header of the caller's own stays, and nobody is asked for another.
            Source::Provider(_) if mark(request.headers_mut()) => Source::None,
            source => source.clone(),
        }
    }
}

/// Makes a header that the caller wrote nobody's business from here on; says
/// whether there is one.
fn mark(headers: &mut HeaderMap) -> bool {
    let own = headers.get_mut(header::AUTHORIZATION);
    own.map(|value| value.set_sensitive(true)).is_some()
}

/// A header that is there stays.
pub(super) fn authorize(headers: &mut HeaderMap, credentials: &Credentials) {
    // An entry would make room first, needed or not.
    if !mark(headers) {
        headers.insert(header::AUTHORIZATION, credentials.header().clone());
    }
}
