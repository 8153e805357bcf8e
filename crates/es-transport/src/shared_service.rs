//! The one place where the stack's type is erased.
//!
//! It costs one allocation per request, the future's. tower's boxed services
//! cost two: they clone into a box before they can be called.

use std::{
    future::{Future, ready},
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::{Service, ServiceExt};

use crate::{
    Body, ResponseBody,
    error::{Error, Result},
};

pub(crate) type BoxFuture = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>>> + Send>>;

/// A service of any type that concurrent callers share.
pub(crate) trait SharedService: Send + Sync + 'static {
    /// Calls a clone of the service as soon as it is ready.
    fn send(&self, request: Request<Body>, cx: &mut Context<'_>) -> BoxFuture;
}

impl<S> SharedService for S
where
    S: Service<Request<Body>, Response = Response<ResponseBody>, Error = Error>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    fn send(&self, request: Request<Body>, cx: &mut Context<'_>) -> BoxFuture {
        let mut service = self.clone();

        match service.poll_ready(cx) {
            Poll::Ready(Ok(())) => Box::pin(service.call(request)),
            Poll::Ready(Err(error)) => Box::pin(ready(Err(error))),
            Poll::Pending => Box::pin(service.oneshot(request)),
        }
    }
}
