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
    any_request::AnyRequest,
    body::{Replay, copy_of},
    credentials::Credentials,
    error::{BoxError, Error, Result},
};

type Boxed<RB> = Pin<Box<dyn Future<Output = Result<Response<RB>>> + Send>>;

pin_project! {
    /// The future of [`Auth`](super::Auth).
    pub struct ResponseFuture<S, R, F, RB> {
        #[pin]
        state: State<S, R, F, RB>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, R, F, RB> {
        Sent {
            #[pin]
            inner: F,
            resend: Option<Box<Resend<S, R>>>,
        },
        // A provider is asked: rare, and worth a box.
        Waiting { future: Boxed<RB> },
    }
}

impl<S, R, F, RB> ResponseFuture<S, R, F, RB> {
    pub(super) fn sent(inner: F, resend: Option<Box<Resend<S, R>>>) -> Self {
        Self { state: State::Sent { inner, resend } }
    }

    pub(super) fn waiting(
        future: impl Future<Output = Result<Response<RB>>> + Send + 'static,
    ) -> Self {
        Self { state: State::Waiting { future: Box::pin(future) } }
    }
}

impl<S, R, F, RB, E> Future for ResponseFuture<S, R, F, RB>
where
    R: AnyRequest + Send + 'static,
    S: Service<R, Response = Response<RB>, Error = E, Future = F> + Send + 'static,
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
                StateProj::Sent { inner, resend } => {
                    let polled = inner.poll(cx);
                    let Some(resend) = resend.take_if(|_| is_refusal(&polled)) else {
                        return polled.map_err(Error::from_service);
                    };
                    let response = ready!(polled).map_err(Error::from_service)?;
                    let future = Box::pin(resend.run(response));
                    state.set(State::Waiting { future });
                }
            }
        }
    }
}

fn is_refusal<RB, E>(polled: &Poll<Result<Response<RB>, E>>) -> bool {
    matches!(polled, Poll::Ready(Ok(answer)) if answer.status() == StatusCode::UNAUTHORIZED)
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
    async fn run<F, RB, E>(self: Box<Self>, unauthorized: Response<RB>) -> Result<Response<RB>>
    where
        S: Service<R, Response = Response<RB>, Error = E, Future = F>,
        F: Future<Output = Result<Response<RB>, E>>,
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
pub(super) async fn ask_then_send<S, R, RB>(
    cache: Arc<Cache>,
    mut ready: S,
    mut request: R,
) -> Result<Response<RB>>
where
    R: AnyRequest,
    S: Service<R, Response = Response<RB>>,
    S::Error: Into<BoxError>,
{
    let credentials = cache.get_or_ask().await?;
    authorize(request.as_request_mut().headers_mut(), &credentials);
    ready.call(request).await.map_err(Error::from_service)
}

impl<S, R, F, RB> fmt::Debug for ResponseFuture<S, R, F, RB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("auth::ResponseFuture").finish_non_exhaustive()
    }
}
