use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body as HttpBody;
use tower::Service;

use super::{
    future::{ResponseFuture, Retained, Watch},
    negotiate::Shared,
};
use crate::{
    body::{ResponseBody, TryCloneBody, copy_of},
    error::{BoxError, Error, Result},
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

impl<S, B, RB> Service<Request<B>> for MediaType<S>
where
    S: Service<Request<B>, Response = Response<RB>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + 'static,
    S::Future: Send + 'static,
    B: HttpBody + TryCloneBody + Send + 'static,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = ResponseFuture<S, B, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let has_body = !request.body().is_end_stream();
        let negotiates = self
            .shared
            .negotiation
            .as_ref()
            .is_some_and(|known| !known.is_settled());
        let retained = negotiates.then(|| copy_of(&request)).flatten();
        let is_info = negotiates && request.method() == Method::GET && request.uri().path() == "/";
        let asked = self.shared.write(&mut request, has_body);
        let watch = asked.map(|asked| Watch {
            negotiation: self.shared.negotiation.clone(),
            asked,
            has_body,
            is_info,
            retained: retained.map(|request| {
                Box::new(Retained {
                    service: self.inner.clone(),
                    request,
                })
            }),
        });
        ResponseFuture::new(self.inner.call(request), watch)
    }
}
