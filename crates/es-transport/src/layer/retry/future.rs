use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{Extensions, HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower::Service;

use super::{
    layer::Shared,
    policy::{AttemptOutcome, RequestFacts, RetryPlan, RetryPolicy},
};
use crate::{
    attempt::{Attempt, Outcome, RetryReason},
    body::TryCloneBody,
    error::{BoxError, Error, FailureClass, Result, TimeoutPhase},
    extensions::{Attempts, Deadline, RetryContext, ServedBy},
    timer::{sleep, sleep_until},
};

pin_project! {
    /// The future of [`Retry`](super::Retry).
    pub struct ResponseFuture<S, B, P, F> {
        #[pin]
        phase: Phase<S, F>,
        log: AttemptLog,
        // `None` where no retry is possible. Boxed: it is as large as everything else
        // together, and futures are moved through every layer above.
        state: Option<Box<RetryState<S, B, P>>>,
    }
}

pin_project! {
    #[project = PhaseProj]
    enum Phase<S, F> {
        Attempt { #[pin] future: F },
        // Boxed, since it is rare and would make every future larger.
        Wait { sleep: Pin<Box<Sleep>> },
        // The deadline is the time limit of readiness, where the request has one.
        Ready { service: Option<S>, deadline: Option<Pin<Box<Sleep>>> },
    }
}

/// Everything that another attempt needs.
pub(super) struct RetryState<S, B, P> {
    pub shared: Arc<Shared<S, P>>,
    pub request: RetainedRequest<B>,
    pub retries: u32,
}

impl<S, F> Phase<S, F> {
    fn ready() -> Self {
        Self::Ready {
            service: None,
            deadline: None,
        }
    }
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
    S: Service<Request<B>, Response = Response<RB>> + Clone,
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
                    let mut polled = future.poll(cx);
                    let plan = match &mut polled {
                        Poll::Ready(Ok(response)) => {
                            after_response(state.as_deref(), log, response)
                        }
                        _ => None,
                    };
                    let plan = match polled {
                        Poll::Ready(Err(error)) => {
                            after_error(state.as_deref(), log, Error::from_service(error))?
                        }
                        _ => match plan {
                            Some(plan) => plan,
                            None => return polled.map_err(Error::from_service),
                        },
                    };
                    // The response is dropped here, before the wait.
                    if plan.wait.is_zero() {
                        Phase::ready()
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
                    Phase::ready()
                }
                PhaseProj::Ready { service, deadline } => {
                    let future = match state {
                        Some(state) => ready!(state.poll_call(service, log, deadline, cx)),
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
            state.shared.policy.deposit();
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
        let plan = self.shared.policy.decide(&self.request.facts(), outcome)?;
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

        let granted = self.shared.policy.withdraw(plan.reason);
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
        &self,
        service: &mut Option<S>,
        log: &mut AttemptLog,
        timer: &mut Option<Pin<Box<Sleep>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<S::Future>>
    where
        S: Service<Request<B>> + Clone,
        S::Error: Into<BoxError>,
        B: TryCloneBody,
    {
        let service = service.get_or_insert_with(|| self.shared.inner.clone());
        match service.poll_ready(cx) {
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
        Poll::Ready(Ok(service.call(request)))
    }
}

/// Whether the node did what was asked, or said that it cannot be done.
fn is_success<RB>(response: &Response<RB>) -> bool {
    let status = response.status();
    !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS
}

/// Whether an attempt that was followed by another one may have been applied.
fn may_be_applied(attempt: &Attempt) -> bool {
    match attempt.retried {
        None | Some(RetryReason::NotSent) => false,
        Some(_) => {
            attempt.outcome != Outcome::Status(StatusCode::TOO_MANY_REQUESTS)
                && attempt.outcome != Outcome::Status(StatusCode::UNAUTHORIZED)
        }
    }
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

/// The copy of a request from which it is retried.
///
/// It is small in the common case: no headers are yet on the request, and neither
/// URI nor body are copied, only counted.
#[derive(Debug)]
pub(super) struct RetainedRequest<B> {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    extensions: Extensions,
    body: B,
}

impl<B: TryCloneBody> RetainedRequest<B> {
    /// Returns `None` if the body cannot be cloned.
    #[inline]
    pub fn of(request: &Request<B>) -> Option<Self> {
        Some(Self {
            body: request.body().try_clone()?,
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            // The clone of an empty map costs as much as that of all else.
            headers: match request.headers() {
                headers if headers.is_empty() => HeaderMap::new(),
                headers => headers.clone(),
            },
            extensions: request.extensions().clone(),
        })
    }

    /// Returns the request for the next attempt.
    fn request(&self, context: Option<RetryContext>) -> Option<Request<B>> {
        let mut request = Request::new(self.body.try_clone()?);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers.clone();
        *request.extensions_mut() = self.extensions.clone();
        if let Some(context) = context {
            request.extensions_mut().insert(context);
        }
        Some(request)
    }
}

impl<B> RetainedRequest<B> {
    fn facts(&self) -> RequestFacts<'_> {
        RequestFacts::new(&self.method, &self.uri, &self.headers, &self.extensions)
    }

    fn deadline(&self) -> Option<Deadline> {
        self.extensions.get().copied()
    }
}

/// The attempts of one request. Nothing is allocated before one has failed.
#[derive(Debug)]
pub(super) struct AttemptLog {
    started_at: Instant,
    ended: Vec<Attempt>,
    failovers: u32,
}

impl AttemptLog {
    pub fn start() -> Self {
        Self {
            started_at: Instant::now(),
            ended: Vec::new(),
            failovers: 0,
        }
    }

    /// Returns the attempts that ended and were followed by another.
    fn ended(&self) -> &[Attempt] {
        &self.ended
    }

    /// Returns the number of the current attempt; the first is 1.
    fn number(&self) -> u32 {
        u32::try_from(self.ended.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    /// Returns the number of retries that were failovers.
    fn failovers(&self) -> u32 {
        self.failovers
    }

    /// Starts the clock of the next attempt.
    fn restart(&mut self) {
        self.started_at = Instant::now();
    }

    /// Notes the reason for the attempt that follows those that were added last.
    fn retried(&mut self, plan: RetryPlan) {
        self.failovers += u32::from(plan.is_failover);
        if let Some(last) = self.ended.last_mut() {
            last.retried = Some(plan.reason);
        }
    }

    /// Adds the attempt that ended with a response: two if it was hedged.
    fn responded(&mut self, status: StatusCode, extensions: &Extensions) {
        if let Some(Attempts(hedged)) = extensions.get() {
            return self.hedged(hedged);
        }
        let node = extensions
            .get::<ServedBy>()
            .map(|served| Arc::clone(&served.node));
        let outcome = Outcome::Status(status);
        self.ended
            .push(Attempt::new(node, outcome, self.started_at.elapsed()));
    }

    /// Adds the attempt that ended with an error: two if it was hedged.
    fn failed(&mut self, error: &Error) {
        if !error.attempts().is_empty() {
            return self.hedged(error.attempts());
        }
        let outcome = Outcome::Failed(error.to_string().into());
        let attempt = Attempt::new(error.node().cloned(), outcome, self.started_at.elapsed());
        self.ended.push(attempt);
    }

    fn hedged(&mut self, attempts: &[Attempt]) {
        self.ended.extend_from_slice(attempts);
        // A hedge is no retry.
        let hedges = attempts.len().saturating_sub(1);
        self.failovers += u32::try_from(hedges).unwrap_or(u32::MAX);
    }

    /// Returns what the next attempt knows of those before; `None` if it is the first.
    fn context(&self) -> Option<RetryContext> {
        let reason = self.ended.last()?.retried?;
        let tried = self
            .ended
            .iter()
            .filter_map(|attempt| attempt.node.clone())
            .collect();
        Some(RetryContext {
            attempt: self.number(),
            tried,
            reason,
        })
    }

    /// Returns the attempts for a response; `None` if its attempt was the only one.
    fn for_response(&mut self, status: StatusCode, extensions: &Extensions) -> Option<Attempts> {
        if self.ended.is_empty() {
            return None;
        }
        self.responded(status, extensions);
        Some(Attempts(std::mem::take(&mut self.ended).into()))
    }

    /// Adds the attempts to an error that ended an attempt.
    fn for_error(&mut self, error: Error) -> Error {
        self.failed(&error);
        self.for_error_between(error)
    }

    /// Adds the attempts to an error that came before its attempt began. If an earlier
    /// attempt may have been applied, so may the request.
    fn for_error_between(&mut self, error: Error) -> Error {
        let maybe_applied = self.ended.iter().any(may_be_applied);
        let error = error.with_attempts(std::mem::take(&mut self.ended));
        if maybe_applied && error.is_not_sent() {
            error.with_class(FailureClass::MaybeApplied)
        } else {
            error
        }
    }

    /// Returns the time that all attempts took, the current one included.
    fn elapsed(&self) -> Duration {
        let current = self.started_at.elapsed();
        self.ended
            .iter()
            .fold(current, |sum, attempt| sum + attempt.duration)
    }
}
