use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower::{Layer, Service};

use crate::{
    error::{BoxError, Error, Result, TimeoutPhase},
    extensions::Deadline,
    timer::sleep_until,
};

/// A layer that sets one deadline for a request with all its attempts; see the
/// [module](super).
#[derive(Clone, Copy, Debug, Default)]
pub struct TotalTimeoutLayer {
    timeout: Option<Duration>,
}

impl TotalTimeoutLayer {
    /// Creates a layer with this time limit; `None`, the default, means no limit. The
    /// request's own options and [`Deadline`] apply in any case.
    ///
    /// ```
    /// use std::{future::pending, time::Duration};
    /// use es_transport::{Result, error::TimeoutPhase, layer::TotalTimeoutLayer};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let hangs = service_fn(|_: Request<()>| pending::<Result<Response<()>>>());
    /// let service = TotalTimeoutLayer::new(Duration::from_secs(60)).layer(hangs);
    /// let error = service.oneshot(Request::new(())).await.unwrap_err();
    /// assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total));
    /// # }
    /// ```
    pub fn new(timeout: impl Into<Option<Duration>>) -> Self {
        Self {
            timeout: timeout.into(),
        }
    }
}

impl<S> Layer<S> for TotalTimeoutLayer {
    type Service = TotalTimeout<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TotalTimeout {
            inner,
            timeout: self.timeout,
        }
    }
}

/// The service of [`TotalTimeoutLayer`].
#[derive(Clone, Debug)]
pub struct TotalTimeout<S> {
    inner: S,
    timeout: Option<Duration>,
}

impl<S, B, RB> Service<Request<B>> for TotalTimeout<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = TotalTimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let deadline = if self.timeout.is_none() && request.extensions().is_empty() {
            None
        } else {
            Deadline::of(request.extensions(), self.timeout, Instant::now())
        };
        if let Some(deadline) = deadline {
            request.extensions_mut().insert(deadline);
        }

        TotalTimeoutFuture {
            inner: self.inner.call(request),
            sleep: None,
            deadline,
        }
    }
}

pin_project! {
    /// The future of [`TotalTimeout`].
    #[derive(Debug)]
    pub struct TotalTimeoutFuture<F> {
        #[pin]
        inner: F,
        // Boxed: by default there is none, and it would make every future larger.
        sleep: Option<Pin<Box<Sleep>>>,
        deadline: Option<Deadline>,
    }
}

impl<F, RB, E> Future for TotalTimeoutFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<RB>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();

        // The inner future comes first: if its timer ends at the same moment, its
        // error is the one that lists the attempts.
        let polled = this.inner.poll(cx);
        if polled.is_ready() {
            return polled.map_err(Error::from_service);
        }

        let Some(deadline) = *this.deadline else {
            return Poll::Pending;
        };
        let sleep = match this.sleep {
            Some(sleep) => sleep,
            None => this.sleep.insert(Box::pin(sleep_until(deadline.at)?)),
        };
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Err(Error::timeout(TimeoutPhase::Total, deadline.after)))
    }
}
