use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::{Layer, Service};

use super::{
    future::{AttemptLog, ResponseFuture, RetainedRequest, RetryState},
    policy::{RequestFacts, RetryPolicy},
    standard::StandardRetry,
};
use crate::{
    body::TryCloneBody,
    error::{BoxError, Error},
};

/// A layer that retries requests according to a policy; see the [module](super).
pub struct RetryLayer<P = StandardRetry> {
    policy: Arc<P>,
}

impl<P: RetryPolicy> RetryLayer<P> {
    /// Creates a layer with this policy. Clones of the layer and all services that it
    /// creates share the policy, including its budget.
    ///
    /// ```
    /// use es_transport::{Error, layer::retry::{RetryLayer, StandardRetry}};
    /// use http::{Request, Response};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let broken = service_fn(async |_: Request<String>| {
    ///     Err::<Response<()>, _>(Error::io_message("connection reset"))
    /// });
    /// let service = RetryLayer::new(StandardRetry::new().max_retries(2)).layer(broken);
    ///
    /// let read = service.clone().oneshot(Request::get("/").body(String::new()).unwrap()).await;
    /// assert_eq!(read.unwrap_err().attempts().len(), 3);
    /// // The node may have applied it.
    /// let write = service.oneshot(Request::post("/books/_doc").body("{}".into()).unwrap()).await;
    /// assert_eq!(write.unwrap_err().attempts().len(), 1);
    /// # }
    /// ```
    pub fn new(policy: P) -> Self {
        Self {
            policy: Arc::new(policy),
        }
    }
}

impl Default for RetryLayer {
    fn default() -> Self {
        Self::new(StandardRetry::default())
    }
}

impl<P> Clone for RetryLayer<P> {
    fn clone(&self) -> Self {
        Self {
            policy: Arc::clone(&self.policy),
        }
    }
}

impl<P> fmt::Debug for RetryLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer").finish_non_exhaustive()
    }
}

impl<P, S: Clone> Layer<S> for RetryLayer<P> {
    type Service = Retry<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        Retry {
            shared: Arc::new(Shared {
                inner: inner.clone(),
                policy: Arc::clone(&self.policy),
            }),
            inner,
        }
    }
}

/// The service of [`RetryLayer`].
pub struct Retry<S, P = StandardRetry> {
    inner: S,
    shared: Arc<Shared<S, P>>,
}

/// The parts that no request changes.
pub(super) struct Shared<S, P> {
    /// Cloned for each retry: most requests need none.
    pub inner: S,
    pub policy: Arc<P>,
}

impl<S, P, B, RB> Service<Request<B>> for Retry<S, P>
where
    S: Service<Request<B>, Response = Response<RB>> + Clone,
    S::Error: Into<BoxError>,
    B: TryCloneBody,
    P: RetryPolicy,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = ResponseFuture<S, B, P, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let log = AttemptLog::start();
        let retries = self.shared.policy.max_retries(&RequestFacts::of(&request));
        let retained = if retries == 0 {
            None
        } else {
            RetainedRequest::of(&request)
        };
        let state = retained.map(|request| {
            Box::new(RetryState {
                shared: Arc::clone(&self.shared),
                request,
                retries,
            })
        });

        ResponseFuture::new(self.inner.call(request), state, log)
    }
}

impl<S: Clone, P> Clone for Retry<S, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S: fmt::Debug, P> fmt::Debug for Retry<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
