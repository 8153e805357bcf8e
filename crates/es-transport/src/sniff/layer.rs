//! The layer that starts sniffs from requests.

use std::{
    fmt,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::{runtime::Handle, time::Instant};
use tower::{Layer, Service};

use super::{Sniffer, sniffer::Refresh};
use crate::{
    error::{BoxError, Error, Result},
    node::NodeOutcome,
};

/// A layer that starts sniffs on requests and their failures. Created by
/// [`Sniffer::layer`].
///
/// It belongs below retry, where it sees every attempt, and directly above the service
/// through which the sniffer sends its requests.
#[derive(Clone, Debug)]
pub struct SniffLayer {
    sniffer: Sniffer,
}

impl SniffLayer {
    pub(super) fn new(sniffer: Sniffer) -> Self {
        Self { sniffer }
    }
}

impl<S> Layer<S> for SniffLayer {
    type Service = Sniff<S>;

    fn layer(&self, inner: S) -> Sniff<S> {
        Sniff {
            inner,
            sniffer: self.sniffer.clone(),
            waiting: None,
        }
    }
}

/// The service of [`SniffLayer`]. It is not ready during a sniff that the next request
/// must wait for.
pub struct Sniff<S> {
    inner: S,
    sniffer: Sniffer,
    waiting: Option<Waiting>,
}

/// In a mutex that is never locked: it makes the service `Sync`.
type Waiting = Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>;

impl<S> Sniff<S> {
    fn refresh_if_due(&mut self) {
        let inner = self.sniffer.inner();
        if self.waiting.is_some() || !inner.schedule.is_waiting() {
            return;
        }
        if inner.options.every.is_some() {
            inner.task.start(inner);
        }
        // Without a runtime there is no timer for the sniff either.
        if !inner.schedule.is_due(Instant::now()) || Handle::try_current().is_err() {
            return;
        }
        let options = &inner.options;
        let is_awaited = options.before_requests || (options.on_start && inner.schedule.is_first());
        let Some(refresh) = Refresh::begin(inner, false) else {
            return;
        };
        let refresh = if is_awaited {
            Err(refresh)
        } else {
            refresh.spawn()
        };
        if let Err(refresh) = refresh {
            self.waiting = Some(Mutex::new(Box::pin(wait(refresh))));
        }
    }
}

/// The sniff has reported its failure, which is not the request's.
async fn wait(refresh: Refresh) {
    let _ = refresh.run().await;
}

impl<S, B, RB> Service<Request<B>> for Sniff<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.refresh_if_due();
        if let Some(waiting) = &mut self.waiting {
            let waiting = waiting.get_mut().unwrap_or_else(PoisonError::into_inner);
            ready!(waiting.as_mut().poll(cx));
            self.waiting = None;
        }
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let is_watched = self.sniffer.inner().options.on_node_failure;
        ResponseFuture {
            future: self.inner.call(request),
            sniffer: is_watched.then(|| self.sniffer.clone()),
        }
    }
}

pin_project! {
    /// The future of [`Sniff`].
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        sniffer: Option<Sniffer>,
    }
}

impl<F, RB, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<RB>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let ended = |outcome| {
            if outcome == NodeOutcome::Failed
                && let Some(sniffer) = &this.sniffer
            {
                sniffer.inner().refresh_soon();
            }
        };
        let polled = this.future.poll(cx);
        if let Poll::Ready(Ok(response)) = &polled {
            ended(NodeOutcome::of_status(response.status()));
        }
        polled.map_err(|error| {
            let error = Error::from_service(error);
            ended(NodeOutcome::of_error(&error));
            error
        })
    }
}

impl<S: Clone> Clone for Sniff<S> {
    /// A clone waits for nothing: readiness is not shared.
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            sniffer: self.sniffer.clone(),
            waiting: None,
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Sniff<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sniff")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
