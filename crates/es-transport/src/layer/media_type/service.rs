use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Method, header};
use http_body::Body;
use tower::Service;

use super::{
    future::{Kept, ResponseFuture, Watch},
    negotiate::Shared,
};
use crate::{
    body::{Replay, copy_of},
    error::{BoxError, Error, Result},
    message::{AnyRequest, Erase},
};

/// The service of [`MediaTypeLayer`](super::MediaTypeLayer).
#[derive(Clone, Debug)]
pub struct MediaType<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> MediaType<S> {
    pub(super) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, R> Service<R> for MediaType<S>
where
    R: AnyRequest + Send + 'static,
    R::Body: Body + Replay,
    S: Service<R> + Clone + Send + 'static,
    S::Response: Erase<Erased: Send> + Send + 'static,
    S::Error: Into<BoxError> + 'static,
    S::Future: Send + 'static,
{
    type Response = <S::Response as Erase>::Erased;
    type Error = Error;
    type Future = ResponseFuture<S, R, S::Future, <S::Response as Erase>::Erased>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, mut request: R) -> Self::Future {
        let is_prepared = request.has_prepared_headers();
        let head = request.as_request_mut();
        let has_body = !head.body().is_end_stream();
        let negotiates = self.shared.negotiation.as_ref().is_some_and(|known| !known.is_settled());
        let kept = negotiates.then(|| copy_of(head)).flatten();
        let is_info = negotiates && head.method() == Method::GET && head.uri().path() == "/";
        let asked = if is_prepared && !has_body && self.shared.negotiation.is_none() {
            self.shared.types.major
        } else {
            if is_prepared {
                // It was for a request without a body, and is no word of the caller's.
                head.headers_mut().remove(header::ACCEPT);
            }
            self.shared.write(head, has_body)
        };
        let watch = asked.map(|asked| Watch {
            shared: Arc::clone(&self.shared),
            asked,
            has_body,
            is_info,
            kept: kept.map(|request| {
                Box::new(Kept { service: self.inner.clone(), request: request.into() })
            }),
        });
        ResponseFuture::new(self.inner.call(request), watch)
    }
}
