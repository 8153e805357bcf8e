//! The one place where the stack's type is erased.
//!
//! It costs one allocation per request, the future's. tower's boxed services cost two:
//! they clone into a box before they can be called.

use std::{
    fmt,
    future::{Future, poll_fn, ready},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tower::{Service, ServiceExt};

use crate::{
    Body, ResponseBody,
    body::with_response_body,
    error::{BoxError, Error, Result, TimeoutPhase},
    extensions::Deadline,
    timer::sleep_until,
};

/// The boxed future of a service whose type is erased.
pub(crate) type BoxFuture = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>>> + Send>>;

/// A service of any type that concurrent callers share.
pub(crate) trait SharedService: Send + Sync + 'static {
    /// Calls a clone of the service as soon as it is ready, and not after the deadline.
    fn send(
        &self,
        request: Request<Body>,
        deadline: Option<Deadline>,
        cx: &mut Context<'_>,
    ) -> BoxFuture;

    /// Calls a clone of the service as soon as it is ready.
    fn oneshot(&self, request: Request<Body>) -> BoxFuture;
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
    fn send(
        &self,
        request: Request<Body>,
        deadline: Option<Deadline>,
        cx: &mut Context<'_>,
    ) -> BoxFuture {
        let mut service = self.clone();

        match (service.poll_ready(cx), deadline) {
            (Poll::Ready(Ok(())), _) => Box::pin(service.call(request)),
            (Poll::Ready(Err(error)), _) => Box::pin(ready(Err(error))),
            (Poll::Pending, None) => Box::pin(ServiceExt::oneshot(service, request)),
            (Poll::Pending, Some(deadline)) => Box::pin(call_before(service, request, deadline)),
        }
    }

    fn oneshot(&self, request: Request<Body>) -> BoxFuture {
        Box::pin(ServiceExt::oneshot(self.clone(), request))
    }
}

/// Waits for readiness until the deadline.
async fn call_before<S>(
    mut service: S,
    request: Request<Body>,
    deadline: Deadline,
) -> Result<Response<ResponseBody>>
where
    S: Service<Request<Body>, Response = Response<ResponseBody>, Error = Error>,
{
    let mut sleep = pin!(sleep_until(deadline.at)?);
    poll_fn(|cx| match service.poll_ready(cx) {
        Poll::Pending => sleep
            .as_mut()
            .poll(cx)
            .map(|()| Err(Error::timeout(TimeoutPhase::Total, deadline.after))),
        ready => ready,
    })
    .await?;
    service.call(request).await
}

/// The part of the built-in stack below a seam: the inner service of a custom layer.
///
/// It is always ready: its future waits for the readiness of the stack below, so this
/// time counts towards every time limit. Clones share one stack.
#[derive(Clone)]
pub struct StackService(Arc<dyn SharedService>);

impl StackService {
    pub(crate) fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let service = service
            .map_response(with_response_body::<B>)
            .map_err(Error::from_service);
        Self(Arc::new(service))
    }
}

impl Service<Request<Body>> for StackService {
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = BoxFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> BoxFuture {
        self.0.oneshot(request)
    }
}

impl fmt::Debug for StackService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackService").finish_non_exhaustive()
    }
}
