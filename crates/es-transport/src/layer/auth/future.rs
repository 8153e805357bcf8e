use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, StatusCode};
use pin_project_lite::pin_project;
use tower::{Service, ServiceExt};

use super::{cache::Cache, service::authorize};
use crate::{
    body::{Replay, copy_of},
    credentials::Credentials,
    error::{BoxError, Error, Result},
    message::{AnyRequest, AnyResponse},
};

type Boxed<A> = Pin<Box<dyn Future<Output = Result<A>> + Send>>;

pin_project! {
    /// The future of [`Auth`](super::Auth).
    pub struct ResponseFuture<S, R, F, A> {
        #[pin]
        state: State<S, R, F, A>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, R, F, A> {
        Sent {
            #[pin]
            inner: F,
            resend: Option<Box<Resend<S, R>>>,
        },
        // A provider is asked: rare, and worth a box.
        Waiting { future: Boxed<A> },
    }
}

impl<S, R, F, A> ResponseFuture<S, R, F, A> {
    pub(super) fn sent(inner: F, resend: Option<Box<Resend<S, R>>>) -> Self {
        Self { state: State::Sent { inner, resend } }
    }

    pub(super) fn waiting(future: impl Future<Output = Result<A>> + Send + 'static) -> Self {
        Self { state: State::Waiting { future: Box::pin(future) } }
    }
}

impl<S, R, F, A, E> Future for ResponseFuture<S, R, F, A>
where
    R: AnyRequest + Send + 'static,
    S: Service<R, Response = A, Error = E, Future = F> + Send + 'static,
    F: Future<Output = Result<A, E>> + Send + 'static,
    E: Into<BoxError> + 'static,
    A: AnyResponse + Send + 'static,
{
    type Output = Result<A>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProj::Waiting { future } => return future.as_mut().poll(cx),
                StateProj::Sent { inner, resend } => {
                    let answer = ready!(inner.poll(cx)).map_err(Error::from_service)?;
                    let Some(resend) = resend.take_if(|_| is_refusal(&answer)) else {
                        return Poll::Ready(Ok(answer));
                    };
                    let future = Box::pin(resend.run(answer));
                    state.set(State::Waiting { future });
                }
            }
        }
    }
}

fn is_refusal<A: AnyResponse>(answer: &A) -> bool {
    answer.as_response().status() == StatusCode::UNAUTHORIZED
}

/// What is needed to send a request again after a 401.
pub(super) struct Resend<S, R> {
    cache: Arc<Cache>,
    service: S,
    request: R,
    refused: Credentials,
}

impl<S: Clone, R: AnyRequest<Body: Replay>> Resend<S, R> {
    /// `None` if the body exists only once.
    pub(super) fn prepare(
        cache: &Arc<Cache>,
        service: &S,
        request: &Request<R::Body>,
        credentials: &Credentials,
    ) -> Option<Box<Self>> {
        Some(Box::new(Self {
            cache: Arc::clone(cache),
            service: service.clone(),
            request: copy_of(request)?.into(),
            refused: credentials.clone(),
        }))
    }
}

impl<S, R: AnyRequest> Resend<S, R> {
    async fn run<F, A, E>(self: Box<Self>, unauthorized: A) -> Result<A>
    where
        S: Service<R, Response = A, Error = E, Future = F>,
        F: Future<Output = Result<A, E>>,
        E: Into<BoxError>,
    {
        let Self { cache, service, mut request, refused } = *self;
        cache.invalidate(&refused);
        let credentials = cache.get_or_ask().await?;
        if credentials == refused {
            return Ok(unauthorized);
        }
        drop(unauthorized);
        authorize(request.as_request_mut().headers_mut(), &credentials);
        service.oneshot(request).await.map_err(Error::from_service)
    }
}

/// Asks the provider first. What it just gave is fresh, so a 401 is final.
pub(super) async fn ask_then_send<S, R, A>(
    cache: Arc<Cache>,
    mut ready: S,
    mut request: R,
) -> Result<A>
where
    R: AnyRequest,
    S: Service<R, Response = A>,
    S::Error: Into<BoxError>,
{
    let credentials = cache.get_or_ask().await?;
    request.forget_began();
    authorize(request.as_request_mut().headers_mut(), &credentials);
    ready.call(request).await.map_err(Error::from_service)
}

impl<S, R, F, A> fmt::Debug for ResponseFuture<S, R, F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("auth::ResponseFuture").finish_non_exhaustive()
    }
}
