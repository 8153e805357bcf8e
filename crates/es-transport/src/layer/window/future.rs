use std::{
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::sync::oneshot;
use tower::{Service, ServiceExt};

use super::{limit::Ended, place::Held};
use crate::{
    error::{BoxError, Error, Result},
    timer::sleep,
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
        Direct { #[pin] future: F, held: Option<Held> },
        Waiting { future: BoxFuture<RB> },
    }
}

impl<F, RB> ResponseFuture<F, RB> {
    pub(super) fn direct(future: F, held: Option<Held>) -> Self {
        Self {
            kind: Kind::Direct { future, held },
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
            KindProj::Direct { future, held } => {
                let result = ready!(future.poll(cx)).map_err(Error::from_service);
                if let Some(held) = held.take() {
                    held.end(ended(&result));
                }
                Poll::Ready(result)
            }
        }
    }
}

/// The turn of a request that waits for it.
pub(super) struct Turn {
    pub turn: oneshot::Receiver<()>,
    pub max_wait: Duration,
}

impl Turn {
    /// Sends the request when it is its turn.
    pub async fn send<S, B, RB>(
        mut self,
        held: Held,
        mut service: S,
        request: Request<B>,
    ) -> Result<Response<RB>>
    where
        S: Service<Request<B>, Response = Response<RB>>,
        S::Error: Into<BoxError>,
    {
        let max_wait = self.max_wait;
        let mut timer = pin!(sleep(max_wait)?);
        let is_woken = poll_fn(|cx| match Pin::new(&mut self.turn).poll(cx) {
            // The sender is dropped only after it was used, or together with the place.
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending => timer.as_mut().poll(cx).map(|()| false),
        })
        .await;
        if !is_woken {
            let message = format!("the windows of all nodes were full for {max_wait:?} (max_wait)");
            return Err(Error::rejected(message));
        }
        let service = service.ready().await.map_err(Error::from_service)?;
        let result = service.call(request).await.map_err(Error::from_service);
        held.end(ended(&result));
        result
    }
}

fn ended<RB>(result: &Result<Response<RB>>) -> Ended {
    match result {
        Ok(response) => match response.status() {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Ended::Refused,
            // An error may come faster than any work.
            status if status.is_server_error() => Ended::Unknown,
            _ => Ended::Served,
        },
        Err(error) if error.is_timeout() && !error.is_not_sent() => Ended::Refused,
        Err(_) => Ended::Unknown,
    }
}

impl<F, RB> fmt::Debug for ResponseFuture<F, RB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
