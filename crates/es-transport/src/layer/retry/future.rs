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
    attempt::AnsweredBy,
    body::TryCloneBody,
    error::{BoxError, Error, Result},
};

pin_project! {
    /// The future of [`Retry`](super::Retry).
    pub struct ResponseFuture<S, B, P, F> {
        #[pin]
        state: State<F>,
        trail: Trail,
        // `None` where no retry is possible. Boxed: it is as large as all else
        // together, and futures are moved through every layer above.
        again: Option<Box<Again<S, B, P>>>,
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

impl<S, B, P, F> ResponseFuture<S, B, P, F> {
    #[inline]
    pub(super) fn new(future: F, again: Option<Box<Again<S, B, P>>>, began: Instant) -> Self {
        Self { state: State::Attempt { future }, trail: Trail::new(began), again }
    }
}

impl<S, B, P, RB> Future for ResponseFuture<S, B, P, S::Future>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
    B: TryCloneBody,
    P: RetryPolicy,
{
    type Output = Result<Response<RB>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Attempt { future } => {
                    let mut polled = future.poll(cx);
                    let plan = match polled {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Ok(ref mut answer)) => {
                            match answered(this.again.as_deref(), this.trail, answer) {
                                Some(plan) => plan,
                                None => return polled.map_err(Error::from_service),
                            }
                        }
                        Poll::Ready(Err(error)) => {
                            match failed(
                                this.again.as_deref(),
                                this.trail,
                                Error::from_service(error),
                            ) {
                                Ok(plan) => plan,
                                Err(error) => return Poll::Ready(Err(error)),
                            }
                        }
                    };
                    // What came of the attempt is dropped here, before the wait.
                    if plan.wait.is_zero() {
                        State::Ready
                    } else {
                        State::Wait { sleep: Box::pin(sleep(plan.wait)) }
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

/// Plans another attempt after an answer; `None` if it is the last, which then
/// carries the trail.
fn answered<S, B, P: RetryPolicy, RB>(
    again: Option<&Again<S, B, P>>,
    trail: &mut Trail,
    answer: &mut Response<RB>,
) -> Option<RetryPlan> {
    let plan = again.and_then(|again| again.plan(trail, Ok(answer)));
    let (status, extensions) = (answer.status(), answer.extensions());
    match &plan {
        Some(plan) => trail.retried(trail.answered(status, extensions), *plan),
        None => {
            if let Some(attempts) = trail.for_answer(status, extensions) {
                answer.extensions_mut().insert(attempts);
            }
        }
    }
    plan
}

/// Plans another attempt after an error; the error with the trail if there is none.
#[cold]
fn failed<S, B, P: RetryPolicy>(
    again: Option<&Again<S, B, P>>,
    trail: &mut Trail,
    error: Error,
) -> Result<RetryPlan> {
    let outcome: Result<&Response<()>, _> = Err(&error);
    let Some(plan) = again.and_then(|again| again.plan(trail, outcome)) else {
        return Err(trail.for_error(error));
    };
    trail.retried(trail.failed(&error), plan);
    Ok(plan)
}

impl<S, B, P: RetryPolicy> Again<S, B, P> {
    /// Whether and when the request is sent again after this outcome.
    fn plan<RB>(&self, trail: &Trail, result: Result<&Response<RB>, &Error>) -> Option<RetryPlan> {
        let attempt = trail.number();
        let ended = match result {
            Ok(answer) => {
                let untried = answer
                    .extensions()
                    .get::<AnsweredBy>()
                    .is_some_and(|answered| answered.untried);
                Ended::answered(attempt, answer.status(), answer.headers()).with_untried(untried)
            }
            Err(error) => Ended::failed(attempt, error).with_spent(trail.spent()),
        };
        let ended = ended.with_uncounted(trail.uncounted());
        let plan = match self.policy.decide(&self.kept.facts(), &ended) {
            Some(plan) if ended.retry() <= self.retries || !plan.counts => plan,
            Some(_) => return None,
            None => {
                if attempt == 1 && result.is_ok_and(is_success) {
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
        B: TryCloneBody,
    {
        ready!(self.service.poll_ready(cx)).map_err(Error::from_service)?;
        trail.begin();
        let request = self.kept.request(trail.resend()).ok_or_else(gone)?;
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

impl<S, B, P, F> fmt::Debug for ResponseFuture<S, B, P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("trail", &self.trail).finish_non_exhaustive()
    }
}
