//! The one place where the stack's type is erased.
//!
//! It costs one allocation per request, the future's. tower's boxed services
//! cost two, and a clone of the stack: they clone into a box before they can be
//! called.

use std::{
    future::{Future, ready},
    mem,
    pin::Pin,
    sync::{Mutex, MutexGuard, TryLockError},
    task::{Context, Poll},
};

use http::Response;
use tokio::time::Instant;
use tower::{Service, ServiceExt};

use crate::{
    Body, ResponseBody,
    error::{Error, Result},
    message::Outgoing,
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
/// instance serves them in turn; who finds it taken makes a clone. After a panic,
/// an error of readiness, or when somebody waits for readiness, a new one takes
/// its place.
pub(crate) struct Lent<S> {
    prototype: S,
    instance: Mutex<S>,
}

impl<S: Clone> Lent<S> {
    pub(crate) fn new(service: S) -> Self {
        Self { prototype: service.clone(), instance: Mutex::new(service) }
    }

    /// The instance, unless another caller has it.
    fn borrow(&self) -> Option<MutexGuard<'_, S>> {
        match self.instance.try_lock() {
            Ok(instance) => Some(instance),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Poisoned(poisoned)) => {
                // A service panicked, and nobody knows what is left of it.
                let mut instance = poisoned.into_inner();
                *instance = self.prototype.clone();
                self.instance.clear_poison();
                Some(instance)
            }
        }
    }
}

impl<S> Erased for Lent<S>
where
    S: Service<Outgoing<Body>, Response = Answer, Error = Error> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    fn send(&self, request: Outgoing<Body>, now: Instant, cx: &mut Context<'_>) -> ErasedFuture {
        let mut clone;
        let mut lent = self.borrow();
        let service = if let Some(instance) = &mut lent {
            &mut **instance
        } else {
            clone = self.prototype.clone();
            &mut clone
        };
        match service.poll_ready(cx) {
            Poll::Ready(Ok(())) => Box::pin(service.call(request.begun_at(now))),
            Poll::Ready(Err(error)) => {
                if let Some(mut instance) = lent {
                    // One that failed is not to be asked again.
                    *instance = self.prototype.clone();
                }
                Box::pin(ready(Err(error)))
            }
            Poll::Pending => {
                // Readiness is the instance's own, so who waits takes it along.
                let waiting = mem::replace(service, self.prototype.clone());
                drop(lent);
                Box::pin(waiting.oneshot(request))
            }
        }
    }
}

#[cfg(test)]
mod tests;
