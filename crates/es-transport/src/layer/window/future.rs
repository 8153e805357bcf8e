use std::{
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::{Service, ServiceExt};

use super::{
    layer::Shared,
    limit::Ended,
    windows::{InFlight, Waiting},
};
use crate::{
    error::{BoxError, Error, Result},
    extensions::SelectedNode,
    thread_pool::ThreadPool,
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
        Direct { #[pin] future: F, in_flight: Option<InFlight> },
        Waiting { future: BoxFuture<RB> },
    }
}

impl<F, RB> ResponseFuture<F, RB> {
    pub(super) fn direct(future: F, in_flight: Option<InFlight>) -> Self {
        Self {
            kind: Kind::Direct { future, in_flight },
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
            KindProj::Direct { future, in_flight } => {
                let result = ready!(future.poll(cx)).map_err(Error::from_service);
                if let Some(in_flight) = in_flight.take() {
                    in_flight.end(ended(&result));
                }
                Poll::Ready(result)
            }
        }
    }
}

/// Everything that a request needs to hold its place in a window.
pub(super) struct Held {
    pub shared: Shared,
    /// The node, known once the service below was called.
    pub selected: SelectedNode,
    pub pool: ThreadPool,
}

impl Held {
    /// Takes the place at the node that was selected, if one was.
    pub fn begin(&self) -> Option<InFlight> {
        let node = self.selected.node()?;
        let Shared { windows, nodes } = &self.shared;
        Some(windows.begin(node.shared_url(), self.pool, nodes))
    }

    /// Sends a request when it is its turn.
    pub async fn wait<S, B, RB>(
        self,
        mut waiting: Waiting,
        mut service: S,
        request: Request<B>,
        max_wait: Duration,
    ) -> Result<Response<RB>>
    where
        S: Service<Request<B>, Response = Response<RB>>,
        S::Error: Into<BoxError>,
    {
        let mut timer = pin!(sleep(max_wait)?);
        let is_woken = {
            let mut woken = pin!(waiting.woken());
            poll_fn(|cx| match woken.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(true),
                Poll::Pending => timer.as_mut().poll(cx).map(|()| false),
            })
            .await
        };
        if !is_woken {
            let message = format!("the windows of all nodes were full for {max_wait:?} (max_wait)");
            return Err(Error::rejected(message));
        }
        let future = service
            .ready()
            .await
            .map_err(Error::from_service)?
            .call(request);
        let in_flight = self.begin();
        // Only now: its place in the queue and that in the window never stand for two.
        drop(waiting);
        let result = future.await.map_err(Error::from_service);
        if let Some(in_flight) = in_flight {
            in_flight.end(ended(&result));
        }
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
