use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};
use tower::Service;

use super::{
    kept::Kept,
    policy::{Ended, RetryPlan, RetryPolicy},
    trail::Trail,
};
use crate::{
    attempt::{AnsweredBy, Attempt},
    body::Replay,
    error::{BoxError, Error, Result},
};

pin_project! {
    /// The future of [`Retry`](super::Retry).
    pub struct ResponseFuture<S, B, P>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S::Future>,
        trail: Trail,
        // `None` where no retry is possible.
        again: Option<Again<S, B, P>>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Attempt { #[pin] future: F },
        // Boxed, since it is rare and would make every future larger.
        Wait { sleep: Pin<Box<Sleep>> },
        Ready,
    }
}

/// What another attempt needs.
pub(super) struct Again<S, B, P> {
    pub(super) service: S,
    pub(super) kept: Kept<B>,
    pub(super) retries: u32,
    pub(super) policy: Arc<P>,
}

impl<S, B, P> ResponseFuture<S, B, P>
where
    S: Service<Request<B>>,
{
    #[inline]
    pub(super) fn new(future: S::Future, again: Option<Again<S, B, P>>) -> Self {
        Self { state: State::Attempt { future }, trail: Trail::new(), again }
    }
}

impl<S, B, P, RB> Future for ResponseFuture<S, B, P>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
    P: RetryPolicy,
    B: Replay,
{
    type Output = Result<Response<RB>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Attempt { future } => {
                    let result = ready!(future.poll(cx)).map_err(Error::from_service);
                    match conclude(this.again, this.trail, result) {
                        Next::Done(result) => return Poll::Ready(result),
                        Next::Wait(plan) if plan.wait.is_zero() => State::Ready,
                        Next::Wait(plan) => State::Wait { sleep: Box::pin(sleep(plan.wait)) },
                    }
                }
                StateProj::Wait { sleep } => {
                    ready!(sleep.as_mut().poll(cx));
                    State::Ready
                }
                StateProj::Ready => {
                    let future = match this.again.as_mut() {
                        Some(again) => ready!(again.poll_send(this.trail, cx)),
                        None => Err(gone()),
                    };
                    match future {
                        Ok(future) => State::Attempt { future },
                        Err(error) => return Poll::Ready(Err(this.trail.for_error_between(error))),
                    }
                }
            };
            this.state.set(next);
        }
    }
}

enum Next<T> {
    Done(Result<T>),
    Wait(RetryPlan),
}

/// Ends the request with the outcome of an attempt, or plans the next one. The
/// outcome itself is dropped then, before the wait.
fn conclude<S, B, P: RetryPolicy, RB>(
    again: &Option<Again<S, B, P>>,
    trail: &mut Trail,
    result: Result<Response<RB>>,
) -> Next<Response<RB>> {
    let plan = again.as_ref().and_then(|again| again.plan(trail, &result));
    match (result, plan) {
        (Ok(answer), Some(plan)) => {
            let attempt = trail.answered(answer.status(), answer.extensions());
            note(trail, attempt, plan)
        }
        (Err(error), Some(plan)) => {
            let attempt = trail.failed(&error);
            note(trail, attempt, plan)
        }
        (Ok(mut answer), None) => {
            if let Some(attempts) = trail.for_answer(answer.status(), answer.extensions()) {
                answer.extensions_mut().insert(attempts);
            }
            Next::Done(Ok(answer))
        }
        (Err(error), None) => Next::Done(Err(trail.for_error(error))),
    }
}

fn note<T>(trail: &mut Trail, attempt: Attempt, plan: RetryPlan) -> Next<T> {
    trail.retried(attempt, plan.reason);
    Next::Wait(plan)
}

impl<S, B, P: RetryPolicy> Again<S, B, P> {
    /// Whether and when the request is sent again after this outcome.
    fn plan<RB>(&self, trail: &Trail, result: &Result<Response<RB>>) -> Option<RetryPlan> {
        let attempt = trail.number();
        let ended = match result {
            Ok(answer) => {
                let untried = answer
                    .extensions()
                    .get::<AnsweredBy>()
                    .is_some_and(|answered| answered.untried);
                Ended::answered(attempt, answer.status(), answer.headers()).with_untried(untried)
            }
            Err(error) => Ended::failed(attempt, error),
        };
        let plan = match self.policy.decide(&self.kept.facts(), &ended) {
            Some(plan) if attempt <= self.retries => plan,
            Some(_) => return None,
            None => {
                if attempt == 1 && result.as_ref().is_ok_and(is_success) {
                    self.policy.deposit();
                }
                return None;
            }
        };
        // A wait that ends too late is not begun: the outcome is known now.
        let late = |at| Instant::now().checked_add(plan.wait).is_none_or(|next| next >= at);
        if self.kept.deadline().is_some_and(|deadline| late(deadline.at)) {
            return None;
        }
        let granted = self.policy.withdraw(plan.reason);
        tracing::debug!(attempt, reason = ?plan.reason, wait = ?plan.wait, granted, "retry");
        granted.then_some(plan)
    }

    /// Sends the next attempt as soon as the service is ready for it.
    fn poll_send(&mut self, trail: &mut Trail, cx: &mut Context<'_>) -> Poll<Result<S::Future>>
    where
        S: Service<Request<B>>,
        S::Error: Into<BoxError>,
        B: Replay,
    {
        ready!(self.service.poll_ready(cx)).map_err(Error::from_service)?;
        trail.begin();
        let last = trail.number() > self.retries;
        let request = self.kept.request(trail.resend(), last).ok_or_else(gone)?;
        Poll::Ready(Ok(self.service.call(request)))
    }
}

/// Whether the node did what was asked, or said that it cannot be done.
fn is_success<RB>(answer: &Response<RB>) -> bool {
    !answer.status().is_server_error() && answer.status() != StatusCode::TOO_MANY_REQUESTS
}

/// A body that could be cloned once but cannot be cloned again.
fn gone() -> Error {
    Error::request("its body cannot be sent again")
}

impl<S, B, P> fmt::Debug for ResponseFuture<S, B, P>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("trail", &self.trail).finish_non_exhaustive()
    }
}
