use std::{
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use tokio::time::Instant;
use tower::Service;

use super::future::ResponseFuture;
use crate::{
    attempt::Deadline,
    error::{BoxError, Error},
    options::RequestOptions,
};

/// The service of [`TotalTimeoutLayer`](super::TotalTimeoutLayer).
#[derive(Clone, Debug)]
pub struct TotalTimeout<S> {
    inner: S,
    timeout: Option<Duration>,
}

impl<S> TotalTimeout<S> {
    pub(super) fn new(inner: S, timeout: Option<Duration>) -> Self {
        Self { inner, timeout }
    }
}

impl<S, B, RB> Service<Request<B>> for TotalTimeout<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let own = RequestOptions::of(&request).and_then(|options| options.total_timeout);
        // A time that no clock can express never ends.
        let deadline = own.unwrap_or(self.timeout).and_then(|after| {
            let at = Instant::now().checked_add(after)?;
            Some(Deadline { at, after })
        });
        if let Some(deadline) = deadline {
            request.extensions_mut().insert(deadline);
        }
        ResponseFuture::new(self.inner.call(request), deadline)
    }
}
