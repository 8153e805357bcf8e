use std::{
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::{Service, ServiceExt};

use super::layer::State;
use crate::{
    attempt::{Attempt, Outcome, RetryReason},
    error::{BoxError, Error, Result},
    extensions::{Attempts, Deadline, Hedge, HedgedAttempt, RetryContext, SelectedNode},
    timer::sleep,
};

pin_project! {
    /// The future of [`HedgeService`](super::HedgeService).
    pub struct ResponseFuture<F, RB> {
        #[pin]
        kind: Kind<F, RB>,
    }
}

type BoxFuture<RB> = Pin<Box<dyn Future<Output = Result<Response<RB>>> + Send>>;

pin_project! {
    #[project = KindProj]
    enum Kind<F, RB> {
        Once { #[pin] future: F, state: Arc<State>, started: Option<(usize, Instant)> },
        Hedged { future: BoxFuture<RB> },
    }
}

impl<F, RB> ResponseFuture<F, RB> {
    /// Sends a request once; the latency counts for this endpoint.
    pub(super) fn once(future: F, state: &Arc<State>, endpoint: Option<usize>) -> Self {
        let started = endpoint.map(|endpoint| (endpoint, Instant::now()));
        Self {
            kind: Kind::Once {
                future,
                state: Arc::clone(state),
                started,
            },
        }
    }

    pub(super) fn hedged(
        future: impl Future<Output = Result<Response<RB>>> + Send + 'static,
    ) -> Self {
        Self {
            kind: Kind::Hedged {
                future: Box::pin(future),
            },
        }
    }
}

impl<F, RB, E> Future for ResponseFuture<F, RB>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<RB>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProj::Hedged { future } => future.as_mut().poll(cx),
            KindProj::Once {
                future,
                state,
                started,
            } => {
                let result = ready!(future.poll(cx)).map_err(Error::from_service);
                observe(state, &result);
                if let (Some((endpoint, started)), true) = (started, is_good(&result)) {
                    state.record(*endpoint, started.elapsed());
                }
                Poll::Ready(result)
            }
        }
    }
}

/// A request under way, and everything that a second attempt needs.
pub(super) struct Hedging<S, B, F> {
    pub first: F,
    pub service: S,
    pub spare: Request<B>,
    /// The node of the first attempt.
    pub selected: SelectedNode,
    pub attempt: HedgedAttempt,
    pub endpoint: usize,
    pub delay: Duration,
    pub state: Arc<State>,
}

impl<S, B, RB> Hedging<S, B, S::Future>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
{
    pub async fn run(self) -> Result<Response<RB>> {
        let Self {
            first,
            service,
            mut spare,
            selected,
            attempt,
            endpoint,
            delay,
            state,
        } = self;
        let started = Instant::now();
        let mut first = pin!(first);
        let is_over = spare
            .extensions()
            .get::<Deadline>()
            .is_some_and(|deadline| {
                started
                    .checked_add(delay)
                    .is_none_or(|hedged_at| hedged_at >= deadline.at)
            });

        let mut timer = pin!(sleep(delay)?);
        let early = poll_fn(|cx| match first.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result.map_err(Error::from_service))),
            Poll::Pending if is_over => Poll::Pending,
            Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
        });
        let early = match early.await {
            // A request that waits in this client would only wait twice.
            None if attempt.has_waited() || !state.withdraw() => {
                Some(first.as_mut().await.map_err(Error::from_service))
            }
            early => early,
        };
        if let Some(result) = early {
            observe(&state, &result);
            // The time in this client is no latency of the endpoint.
            if is_good(&result) && !attempt.has_waited() {
                state.record(endpoint, started.elapsed());
            }
            return result;
        }

        avoid(&mut spare, &selected);
        let hedge_selected = SelectedNode::default();
        spare.extensions_mut().insert(hedge_selected.clone());
        let hedge_attempt = HedgedAttempt::default();
        spare.extensions_mut().insert(hedge_attempt.clone());
        let hedged_at = Instant::now();
        let mut hedge = pin!(service.oneshot(spare));
        let mut race = Race {
            first: None,
            hedge: None,
        };
        let last = poll_fn(|cx| {
            if race.first.is_none()
                && let Poll::Ready(result) = first.as_mut().poll(cx)
            {
                race.first = Some(result.map_err(Error::from_service));
                if race.is_over(true) {
                    return Poll::Ready(Racer::First);
                }
            }
            if race.hedge.is_none()
                && let Poll::Ready(result) = hedge.as_mut().poll(cx)
            {
                race.hedge = Some(result.map_err(Error::from_service));
                if race.is_over(false) {
                    return Poll::Ready(Racer::Hedge);
                }
            }
            Poll::Pending
        })
        .await;

        if race.is_not_sent() {
            state.put_back();
            return race.first.unwrap_or_else(|| Err(Error::no_nodes()));
        }
        [&race.first, &race.hedge]
            .into_iter()
            .flatten()
            .for_each(|end| observe(&state, end));

        let url = |selected: &SelectedNode| selected.node().map(|node| node.shared_url().clone());
        let mut attempts = [
            Attempt::new(url(&selected), outcome(&race.first), started.elapsed()),
            Attempt::new(
                url(&hedge_selected),
                outcome(&race.hedge),
                hedged_at.elapsed(),
            ),
        ];
        let [first, _] = &mut attempts;
        first.retried = Some(RetryReason::Hedge);
        let winner = match last {
            Racer::First => {
                hedge_attempt.set_outrun();
                race.first
            }
            Racer::Hedge => {
                attempt.set_outrun();
                if let Some(node) = hedge_selected.node() {
                    selected.set(&node);
                }
                race.hedge
            }
        };
        if winner.as_ref().is_some_and(is_good) {
            // If the hedge won, the first attempt would have taken longer still.
            state.record(endpoint, started.elapsed());
        }
        match winner {
            Some(Ok(mut response)) => {
                response
                    .extensions_mut()
                    .insert(Attempts(Arc::new(attempts)));
                Ok(response)
            }
            Some(Err(error)) => Err(error.with_attempts(attempts.into())),
            None => Err(Error::no_nodes()),
        }
    }
}

/// Whose result is the outcome.
enum Racer {
    First,
    Hedge,
}

/// The results of both attempts, so far.
struct Race<RB> {
    first: Option<Result<Response<RB>>>,
    hedge: Option<Result<Response<RB>>>,
}

impl<RB> Race<RB> {
    /// Whether the result that came just now is the outcome: it is good, or the other
    /// one has ended as well.
    fn is_over(&self, first: bool) -> bool {
        let (own, other) = if first {
            (&self.first, &self.hedge)
        } else {
            (&self.hedge, &self.first)
        };
        own.as_ref().is_some_and(is_good) || (own.is_some() && other.is_some())
    }

    /// Whether there was no node for the hedge.
    fn is_not_sent(&self) -> bool {
        matches!(&self.hedge, Some(Err(error)) if error.is_no_nodes()) && self.first.is_some()
    }
}

/// Keeps the hedge away from the nodes that were tried, that of the first attempt included.
fn avoid<B>(spare: &mut Request<B>, selected: &SelectedNode) {
    let before = spare.extensions().get::<RetryContext>();
    let attempt = before.map_or(1, |before| before.attempt).saturating_add(1);
    let tried = before
        .map(|before| before.tried.iter().cloned())
        .into_iter()
        .flatten();
    let first = selected.node().map(|node| Arc::clone(node.shared_url()));
    let tried = tried.chain(first).collect();
    spare.extensions_mut().insert(RetryContext {
        attempt,
        tried,
        reason: RetryReason::Hedge,
    });
    spare.extensions_mut().insert(Hedge);
}

fn observe<RB>(state: &State, result: &Result<Response<RB>>) {
    if let Ok(response) = result {
        state.observe(response.status(), response.headers());
    }
}

/// Whether it is worth no second attempt: a response that is neither a refusal nor a
/// server error.
fn is_good<RB>(result: &Result<Response<RB>>) -> bool {
    result.as_ref().is_ok_and(|response| {
        let status = response.status();
        status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error()
    })
}

fn outcome<RB>(result: &Option<Result<Response<RB>>>) -> Outcome {
    match result {
        None => Outcome::Dropped,
        Some(Ok(response)) => Outcome::Status(response.status()),
        Some(Err(error)) => Outcome::Failed(error.to_string().into()),
    }
}

impl<F, RB> fmt::Debug for ResponseFuture<F, RB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
