use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::{Service, ServiceExt};

use super::{cache::Cache, service::authorize};
use crate::{
    body::{TryCloneBody, copy_of},
    credentials::Credentials,
    error::{BoxError, Error, Result},
};

type Boxed<RB> = Pin<Box<dyn Future<Output = Result<Response<RB>>> + Send>>;

pin_project! {
    /// The future of [`Auth`](super::Auth).
    pub struct ResponseFuture<S, B, F, RB> {
        #[pin]
        state: State<S, B, F, RB>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B, F, RB> {
        Sent {
            #[pin]
            inner: F,
            retry: Option<Box<Retry<S, B>>>,
        },
        // Fetching from a provider is rare, and worth a box.
        Waiting { future: Boxed<RB> },
    }
}

impl<S, B, F, RB> ResponseFuture<S, B, F, RB> {
    pub(super) fn sent(inner: F, retry: Option<Box<Retry<S, B>>>) -> Self {
        Self {
            state: State::Sent { inner, retry },
        }
    }

    pub(super) fn waiting(
        future: impl Future<Output = Result<Response<RB>>> + Send + 'static,
    ) -> Self {
        Self {
            state: State::Waiting {
                future: Box::pin(future),
            },
        }
    }
}

impl<S, B, F, RB, E> Future for ResponseFuture<S, B, F, RB>
where
    B: Send + 'static,
    S: Service<Request<B>, Response = Response<RB>, Error = E, Future = F> + Send + 'static,
    F: Future<Output = Result<Response<RB>, E>> + Send + 'static,
    E: Into<BoxError> + 'static,
    RB: Send + 'static,
{
    type Output = Result<Response<RB>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProj::Waiting { future } => return future.as_mut().poll(cx),
                StateProj::Sent { inner, retry } => {
                    let response = ready!(inner.poll(cx)).map_err(Error::from_service)?;
                    let Some(retry) = retry.take_if(|_| is_refusal(&response)) else {
                        return Poll::Ready(Ok(response));
                    };
                    let future = Box::pin(retry.run(response));
                    state.set(State::Waiting { future });
                }
            }
        }
    }
}

fn is_refusal<RB>(response: &Response<RB>) -> bool {
    response.status() == StatusCode::UNAUTHORIZED
}

/// Everything that a retry after a 401 needs.
pub(super) struct Retry<S, B> {
    cache: Arc<Cache>,
    service: S,
    request: Request<B>,
    refused: Credentials,
}

impl<S: Clone, B: TryCloneBody> Retry<S, B> {
    /// Returns `None` if the body exists only once.
    pub fn prepare(
        cache: &Arc<Cache>,
        service: &S,
        request: &Request<B>,
        credentials: &Credentials,
    ) -> Option<Box<Self>> {
        Some(Box::new(Self {
            cache: Arc::clone(cache),
            service: service.clone(),
            request: copy_of(request)?,
            refused: credentials.clone(),
        }))
    }
}

impl<S, B> Retry<S, B> {
    async fn run<RB>(self: Box<Self>, unauthorized: Response<RB>) -> Result<Response<RB>>
    where
        S: Service<Request<B>, Response = Response<RB>>,
        S::Error: Into<BoxError>,
    {
        let Self {
            cache,
            service,
            mut request,
            refused,
        } = *self;
        cache.invalidate(&refused);
        let credentials = cache.get_or_fetch().await?;
        if credentials == refused {
            return Ok(unauthorized);
        }
        drop(unauthorized);
        authorize(request.headers_mut(), &credentials);
        service.oneshot(request).await.map_err(Error::from_service)
    }
}

/// Fetches credentials first. They are fresh, so a 401 is final.
pub(super) async fn fetch_then_send<S, B, RB>(
    cache: Arc<Cache>,
    mut ready: S,
    mut request: Request<B>,
) -> Result<Response<RB>>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
{
    let credentials = cache.get_or_fetch().await?;
    authorize(request.headers_mut(), &credentials);
    ready.call(request).await.map_err(Error::from_service)
}

impl<S, B, F, RB> fmt::Debug for ResponseFuture<S, B, F, RB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
