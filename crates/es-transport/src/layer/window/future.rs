use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::{sync::oneshot, time::Instant};
use tower::{Service, ServiceExt};

use super::{limit::Effect, permit::PermitGuard};
use crate::{
    error::{BoxError, Error, FailureClass, Result},
    extensions::Deadline,
    timer::sleep_until,
};

pin_project! {
    /// The future of [`WindowService`](super::WindowService).
    pub struct ResponseFuture<F, RB> {
        #[pin]
        kind: Kind<F, RB>,
    }
}

type BoxFuture<RB> = Pin<Box<dyn Future<Output = Result<Response<RB>>> + Send>>;

pin_project! {
    #[project = KindProj]
    enum Kind<F, RB> {
        Direct { #[pin] future: F, permit: Option<PermitGuard> },
        Waiting { future: BoxFuture<RB> },
    }
}

impl<F, RB> ResponseFuture<F, RB> {
    pub(super) fn direct(future: F, permit: Option<PermitGuard>) -> Self {
        Self {
            kind: Kind::Direct { future, permit },
        }
    }

    pub(super) fn waiting(
        future: impl Future<Output = Result<Response<RB>>> + Send + 'static,
    ) -> Self {
        Self {
            kind: Kind::Waiting {
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
            KindProj::Waiting { future } => future.as_mut().poll(cx),
            KindProj::Direct { future, permit } => {
                let result = ready!(future.poll(cx)).map_err(Error::from_service);
                if let Some(permit) = permit.take() {
                    permit.end(effect(&result));
                }
                Poll::Ready(result)
            }
        }
    }
}

/// The turn of a request that waits for it.
pub(super) struct Turn {
    pub turn: oneshot::Receiver<()>,
    /// `None`: it waits as long as its caller does.
    pub max_wait: Option<Duration>,
    pub deadline: Option<Deadline>,
}

impl Turn {
    /// Sends the request when it is its turn.
    pub async fn send<S, B, RB>(
        mut self,
        permit: PermitGuard,
        mut service: S,
        request: Request<B>,
    ) -> Result<Response<RB>>
    where
        S: Service<Request<B>, Response = Response<RB>>,
        S::Error: Into<BoxError>,
    {
        let until = self
            .max_wait
            .and_then(|max_wait| Instant::now().checked_add(max_wait));
        let until = until
            .into_iter()
            .chain(self.deadline.map(|deadline| deadline.at))
            .min();
        let mut timer = until.map(sleep_until).transpose()?.map(Box::pin);
        let has_turn = poll_fn(|cx| match (Pin::new(&mut self.turn).poll(cx), &mut timer) {
            // The sender is dropped only after it was used, or together with the permit.
            (Poll::Ready(_), _) => Poll::Ready(true),
            (Poll::Pending, Some(timer)) => timer.as_mut().poll(cx).map(|()| false),
            (Poll::Pending, None) => Poll::Pending,
        })
        .await;
        if !has_turn {
            return Err(self.rejected());
        }
        let service = service.ready().await.map_err(Error::from_service)?;
        let result = service.call(request).await.map_err(Error::from_service);
        permit.end(effect(&result));
        result
    }

    /// It was not sent, and is not retried: it would wait at the end of the queue.
    fn rejected(&self) -> Error {
        let limit = match (self.max_wait, self.deadline) {
            (Some(max_wait), None) => format!("for {max_wait:?} (max_wait)"),
            (Some(max_wait), Some(_)) => {
                format!("for {max_wait:?} (max_wait) or until its deadline")
            }
            (None, _) => "until its deadline".to_owned(),
        };
        Error::rejected(format!("the windows of all nodes were full {limit}"))
            .with_class(FailureClass::RefusedByClient)
            .not_sent()
    }
}

fn effect<RB>(result: &Result<Response<RB>>) -> Effect {
    match result {
        Ok(response) => match response.status() {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Effect::Refused,
            status if status.is_success() || status == StatusCode::NOT_FOUND => Effect::Served,
            // An error may come faster than any work.
            _ => Effect::None,
        },
        Err(error) if error.is_timeout() && !error.is_not_sent() => Effect::Refused,
        Err(_) => Effect::None,
    }
}

impl<F, RB> fmt::Debug for ResponseFuture<F, RB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
