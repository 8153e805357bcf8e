//! The one place where the stack's type is erased.
//!
//! It costs one allocation per request, the future's. tower's boxed services
//! cost two, and a clone of the stack: they clone into a box before they can be
//! called.

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll},
};

use http::Response;
use tokio::time::Instant;
use tower::{Service, ServiceExt};

use crate::{
    Body, ResponseBody,
    any_request::{AnyRequest, Outgoing},
    error::{Error, Result},
};

/// An answer, in its box.
pub(crate) type Answer = Box<Response<ResponseBody>>;

pub(crate) type ErasedFuture = Pin<Box<dyn Future<Output = Result<Answer>> + Send>>;

/// A service of any type that takes requests from many callers at once.
pub(crate) trait Erased: Send + Sync + 'static {
    /// Calls the service as soon as it is ready.
    fn send(&self, request: Outgoing<Body>, now: Instant, cx: &mut Context<'_>) -> ErasedFuture;
}

/// A service that callers lend each other.
///
/// tower's services are called by `&mut self`, for which every caller would
/// clone the whole stack, and drop it again. Calls do not wait, so that one
/// instance serves them in turn; who finds it taken makes a clone.
pub(crate) struct Lent<S> {
    prototype: S,
    instance: Mutex<S>,
}

impl<S: Clone> Lent<S> {
    pub(crate) fn new(service: S) -> Self {
        Self { prototype: service.clone(), instance: Mutex::new(service) }
    }
}

impl<S> Erased for Lent<S>
where
    S: Service<Outgoing<Body>, Response = Answer, Error = Error> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    fn send(
        &self,
        mut request: Outgoing<Body>,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> ErasedFuture {
        let Ok(mut instance) = self.instance.try_lock() else {
            return Box::pin(self.prototype.clone().oneshot(request));
        };
        match instance.poll_ready(cx) {
            Poll::Ready(Ok(())) => {
                request.set_began(Some(now));
                return Box::pin(instance.call(request));
            }
            // Whoever waits takes the instance along, because readiness is its own.
            Poll::Pending => {}
            // One that failed is not to be asked again.
            Poll::Ready(Err(error)) => {
                *instance = self.prototype.clone();
                return Box::pin(ready(Err(error)));
            }
        }
        let waiting = std::mem::replace(&mut *instance, self.prototype.clone());
        drop(instance);
        Box::pin(waiting.oneshot(request))
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
    use tower_test::mock;

    use super::*;
    use crate::Transport;

    fn request() -> Request<Body> {
        Request::new(Body::empty())
    }

    #[test]
    fn nothing_is_sent_before_somebody_waits_and_until_the_service_is_ready() {
        let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
        handle.allow(0);
        let mut sending = task::spawn(Transport::from_service(service).send(request()));
        assert_pending!(sending.poll());
        let mut arrived = task::spawn(async { handle.next_request().await.unwrap() });
        assert_pending!(arrived.poll());
        drop(arrived);
        handle.allow(1);
        assert!(sending.is_woken());
        assert_pending!(sending.poll());
        let (_, answer) = tokio_test::block_on(handle.next_request()).unwrap();
        answer.send_response(Response::new(Body::empty()));
        assert_ready_ok!(sending.poll());
    }

    #[test]
    fn a_service_that_fails_to_become_ready_is_the_error() {
        let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
        handle.send_error("broken");
        let mut sending = task::spawn(Transport::from_service(service).send(request()));
        assert!(assert_ready_err!(sending.poll()).is_foreign());
    }
}
