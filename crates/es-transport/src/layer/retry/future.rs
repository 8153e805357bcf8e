use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower::Service;

use super::{
    attempts::{AttemptLog, RetainedRequest},
    policy::{AttemptOutcome, RetryPlan, RetryPolicy},
};
use crate::{
    body::TryCloneBody,
    error::{BoxError, Error, Result, TimeoutPhase},
    extensions::ServedBy,
    timer::{sleep, sleep_until},
};

pin_project! {
    /// The future of [`Retry`](super::Retry).
    pub struct ResponseFuture<S, B, P, F> {
        #[pin]
        phase: Phase<F>,
        log: AttemptLog,
        // `None` where no retry is possible. Boxed: it is as large as everything else
        // together, and futures are moved through every layer above.
        state: Option<Box<RetryState<S, B, P>>>,
    }
}

pin_project! {
    #[project = PhaseProj]
    enum Phase<F> {
        Attempt { #[pin] future: F },
        // Boxed, since it is rare and would make every future larger.
        Wait { sleep: Pin<Box<Sleep>> },
        // The time limit of readiness, where the request has a deadline.
        Ready { deadline: Option<Pin<Box<Sleep>>> },
    }
}

/// Everything that another attempt needs.
pub(super) struct RetryState<S, B, P> {
    pub(super) service: S,
    pub(super) policy: Arc<P>,
    pub(super) request: RetainedRequest<B>,
    pub(super) retries: u32,
}

impl<S, B, P, F> ResponseFuture<S, B, P, F> {
    #[inline]
    pub(super) fn new(future: F, state: Option<Box<RetryState<S, B, P>>>, log: AttemptLog) -> Self {
        Self {
            phase: Phase::Attempt { future },
            log,
            state,
        }
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
        let (log, state) = (this.log, this.state);

        loop {
            let next = match this.phase.as_mut().project() {
                PhaseProj::Attempt { future } => {
                    let plan = match ready!(future.poll(cx)) {
                        Ok(mut response) => {
                            match after_response(state.as_deref(), log, &mut response) {
                                Some(plan) => plan,
                                None => return Poll::Ready(Ok(response)),
                            }
                        }
                        Err(error) => {
                            after_error(state.as_deref(), log, Error::from_service(error))?
                        }
                    };
                    // The response or error is dropped here, before the wait.
                    if plan.wait.is_zero() {
                        Phase::Ready { deadline: None }
                    } else {
                        match sleep(plan.wait) {
                            Ok(sleep) => Phase::Wait {
                                sleep: Box::pin(sleep),
                            },
                            Err(error) => return Poll::Ready(Err(log.for_error_between(error))),
                        }
                    }
                }
                PhaseProj::Wait { sleep } => {
                    ready!(sleep.as_mut().poll(cx));
                    Phase::Ready { deadline: None }
                }
                PhaseProj::Ready { deadline } => {
                    let future = match state {
                        Some(state) => ready!(state.poll_call(log, deadline, cx)),
                        None => Err(body_is_gone()),
                    };
                    match future {
                        Ok(future) => Phase::Attempt { future },
                        Err(error) => return Poll::Ready(Err(log.for_error_between(error))),
                    }
                }
            };
            this.phase.set(next);
        }
    }
}

/// Plans a retry after a response; `None` if it is the last, which then carries the
/// attempts.
fn after_response<S, B, P: RetryPolicy, RB>(
    state: Option<&RetryState<S, B, P>>,
    log: &mut AttemptLog,
    response: &mut Response<RB>,
) -> Option<RetryPlan> {
    let plan = state.and_then(|state| {
        let has_untried_node = response
            .extensions()
            .get::<ServedBy>()
            .is_some_and(|served| served.has_untried_node);
        let outcome = AttemptOutcome::from_response(log.ended(), response)
            .with_untried_node(has_untried_node)
            .with_failovers(log.failovers());
        let plan = state.plan(&outcome);
        if plan.is_none() && log.number() == 1 && is_success(response) {
            state.policy.deposit();
        }
        plan
    });

    let (status, extensions) = (response.status(), response.extensions());
    match plan {
        Some(plan) => {
            log.responded(status, extensions);
            log.retried(plan);
        }
        None => {
            if let Some(attempts) = log.for_response(status, extensions) {
                response.extensions_mut().insert(attempts);
            }
        }
    }
    plan
}

/// Plans a retry after an error; the error with the attempts if there is none.
#[cold]
fn after_error<S, B, P: RetryPolicy>(
    state: Option<&RetryState<S, B, P>>,
    log: &mut AttemptLog,
    error: Error,
) -> Result<RetryPlan> {
    let plan = state.and_then(|state| {
        let outcome = AttemptOutcome::from_error(log.ended(), &error)
            .with_elapsed(log.elapsed())
            .with_failovers(log.failovers());
        state.plan(&outcome)
    });

    match plan {
        Some(plan) => {
            log.failed(&error);
            log.retried(plan);
            Ok(plan)
        }
        None => Err(log.for_error(error)),
    }
}

impl<S, B, P: RetryPolicy> RetryState<S, B, P> {
    /// Returns whether and when the request is retried after this outcome.
    fn plan(&self, outcome: &AttemptOutcome<'_>) -> Option<RetryPlan> {
        let plan = self.policy.decide(&self.request.facts(), outcome)?;
        if outcome.retry() > self.retries && !plan.is_failover {
            return None;
        }

        // A wait that ends too late is not begun: the outcome is known now.
        let ends_after = |at| {
            Instant::now()
                .checked_add(plan.wait)
                .is_none_or(|next| next >= at)
        };
        if self
            .request
            .deadline()
            .is_some_and(|deadline| ends_after(deadline.at))
        {
            return None;
        }

        let granted = self.policy.withdraw(plan.reason);
        tracing::debug!(
            attempt = outcome.attempt(),
            reason = ?plan.reason,
            wait = ?plan.wait,
            granted,
            "retry"
        );
        granted.then_some(plan)
    }

    /// Calls the service for the next attempt as soon as it is ready.
    fn poll_call(
        &mut self,
        log: &mut AttemptLog,
        timer: &mut Option<Pin<Box<Sleep>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<S::Future>>
    where
        S: Service<Request<B>>,
        S::Error: Into<BoxError>,
        B: TryCloneBody,
    {
        match self.service.poll_ready(cx) {
            Poll::Ready(ready) => ready.map_err(Error::from_service)?,
            Poll::Pending => {
                let Some(deadline) = self.request.deadline() else {
                    return Poll::Pending;
                };
                let timer = match timer {
                    Some(timer) => timer,
                    None => timer.insert(Box::pin(sleep_until(deadline.at)?)),
                };
                ready!(timer.as_mut().poll(cx));
                let error = Error::timeout(TimeoutPhase::Total, deadline.after);
                return Poll::Ready(Err(error));
            }
        }

        log.restart();
        let request = self
            .request
            .request(log.context())
            .ok_or_else(body_is_gone)?;
        Poll::Ready(Ok(self.service.call(request)))
    }
}

/// Whether the node did what was asked, or said that it cannot be done.
fn is_success<RB>(response: &Response<RB>) -> bool {
    let status = response.status();
    !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS
}

/// The body could be cloned once and cannot be cloned again.
fn body_is_gone() -> Error {
    Error::request("its body cannot be cloned for a retry")
}

impl<S, B, P, F> fmt::Debug for ResponseFuture<S, B, P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}
