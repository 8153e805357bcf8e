use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower::{Layer, Service};

use super::body::TimeoutBody;
use crate::{
    body::{ResponseBody, poll_response},
    error::{BoxError, Error, Result, TimeoutPhase},
    extensions::Deadline,
    options::RequestOptions,
    timer::sleep_until,
};

/// A layer that limits the time of each attempt; see the [module](super).
#[derive(Clone, Copy, Debug)]
pub struct AttemptTimeoutLayer {
    timeout: Option<Duration>,
}

impl AttemptTimeoutLayer {
    /// Creates a layer with this time limit; `None` means no limit. The request's own
    /// options and its total deadline apply in any case.
    ///
    /// ```
    /// use std::{future::pending, time::Duration};
    /// use es_transport::{Result, error::TimeoutPhase, layer::AttemptTimeoutLayer};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let hangs = service_fn(|_: Request<()>| pending::<Result<Response<String>>>());
    /// let service = AttemptTimeoutLayer::new(Duration::from_secs(10)).layer(hangs);
    /// let error = service.oneshot(Request::new(())).await.unwrap_err();
    /// assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Attempt));
    /// # }
    /// ```
    pub fn new(timeout: impl Into<Option<Duration>>) -> Self {
        Self {
            timeout: timeout.into(),
        }
    }
}

impl Default for AttemptTimeoutLayer {
    /// 30 s.
    fn default() -> Self {
        Self::new(Duration::from_secs(30))
    }
}

impl<S> Layer<S> for AttemptTimeoutLayer {
    type Service = AttemptTimeout<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AttemptTimeout {
            inner,
            timeout: self.timeout,
        }
    }
}

/// The service of [`AttemptTimeoutLayer`].
#[derive(Clone, Debug)]
pub struct AttemptTimeout<S> {
    inner: S,
    timeout: Option<Duration>,
}

impl<S, B, RB> Service<Request<B>> for AttemptTimeout<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError> + 'static,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = AttemptTimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let extensions = request.extensions();
        let (timeout, deadline) = match RequestOptions::find(extensions) {
            Some(options) => (
                options.request_timeout.or(self.timeout),
                extensions.get().copied(),
            ),
            None if extensions.is_empty() => (self.timeout, None),
            None => (self.timeout, extensions.get().copied()),
        };
        let limit = Limit::of(timeout, deadline);

        AttemptTimeoutFuture {
            inner: self.inner.call(request),
            sleep: None,
            limit,
            read: timeout,
        }
    }
}

/// The moment at which an attempt ends, and the error that it then has.
#[derive(Clone, Copy, Debug)]
struct Limit {
    at: Instant,
    phase: TimeoutPhase,
    after: Duration,
}

impl Limit {
    /// Returns the earlier of the attempt's end and the total deadline.
    fn of(timeout: Option<Duration>, deadline: Option<Deadline>) -> Option<Self> {
        let total = deadline.map(|Deadline { at, after }| Self {
            at,
            phase: TimeoutPhase::Total,
            after,
        });
        // A time that no clock can express never ends.
        let attempt = timeout.and_then(|after| {
            let at = Instant::now().checked_add(after)?;
            Some(Self {
                at,
                phase: TimeoutPhase::Attempt,
                after,
            })
        });

        match (attempt, total) {
            (Some(attempt), Some(total)) if attempt.at < total.at => Some(attempt),
            (attempt, total) => total.or(attempt),
        }
    }
}

pin_project! {
    /// The future of [`AttemptTimeout`].
    #[derive(Debug)]
    pub struct AttemptTimeoutFuture<F> {
        #[pin]
        inner: F,
        // Created when there is something to wait for.
        #[pin]
        sleep: Option<Sleep>,
        limit: Option<Limit>,
        read: Option<Duration>,
    }
}

impl<F, RB, E> Future for AttemptTimeoutFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError> + 'static,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = poll_response(this.inner, cx, |response| {
            if let Some(timeout) = *this.read {
                // Limits the time between the frames of a stream.
                let body = response.body_mut();
                body.wrap_stream(|stream| TimeoutBody::new(stream, timeout));
            }
            Ok(())
        });
        if polled.is_ready() {
            return polled;
        }

        let Some(limit) = this.limit else {
            return Poll::Pending;
        };
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(limit.at)?));
        }
        if let Some(sleep) = this.sleep.as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        Poll::Ready(Err(Error::timeout(limit.phase, limit.after)))
    }
}
