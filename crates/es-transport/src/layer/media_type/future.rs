use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body::Body;
use pin_project_lite::pin_project;
use tower::{Service, ServiceExt};

use super::{body::ResponseBody, negotiate::Shared, refusal};
use crate::{
    any_request::AnyRequest,
    error::{BoxError, Error, Result},
};

/// How much of a 400, or of an answer to `GET /`, is looked at.
const LOOK: usize = 64 << 10;

type Answer<RB> = Result<Response<ResponseBody<RB>>>;

pin_project! {
    /// The future of [`MediaType`](super::MediaType).
    pub struct ResponseFuture<S, R, F, RB> {
        #[pin]
        inner: F,
        watch: Option<Watch<S, R>>,
        // Reading the answer and sending again are rare, and worth a box.
        look: Option<Pin<Box<dyn Future<Output = Answer<RB>> + Send>>>,
    }
}

impl<S, R, F, RB> ResponseFuture<S, R, F, RB> {
    pub(super) fn new(inner: F, watch: Option<Watch<S, R>>) -> Self {
        Self { inner, watch, look: None }
    }
}

/// What is known of a request that asks for a vendor type.
pub(super) struct Watch<S, R> {
    pub(super) shared: Arc<Shared>,
    pub(super) asked: u8,
    pub(super) has_body: bool,
    pub(super) is_info: bool,
    pub(super) kept: Option<Box<Kept<S, R>>>,
}

/// A request as it came, and who sends it again.
pub(super) struct Kept<S, R> {
    pub(super) service: S,
    pub(super) request: R,
}

impl<S, R, F, RB, E> Future for ResponseFuture<S, R, F, RB>
where
    R: AnyRequest + Send + 'static,
    R::Body: Body,
    S: Service<R, Response = Response<RB>, Error = E, Future = F> + Send + 'static,
    F: Future<Output = Result<Response<RB>, E>> + Send + 'static,
    E: Into<BoxError> + 'static,
    RB: Body<Data = Bytes> + Send + Unpin + 'static,
    RB::Error: Into<BoxError>,
{
    type Output = Answer<RB>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(look) = this.look {
            return look.as_mut().poll(cx);
        }
        let polled = this.inner.poll(cx);
        let must_look = |watch: &mut Watch<S, R>| match &polled {
            Poll::Ready(Ok(response)) => watch.must_look(response),
            _ => false,
        };
        let Some(watch) = this.watch.take_if(must_look) else {
            let untouched = |response: Response<RB>| response.map(ResponseBody::untouched);
            return polled.map_ok(untouched).map_err(Error::from_service);
        };
        let response = ready!(polled).map_err(Error::from_service)?;
        let look = this.look.insert(Box::pin(watch.look(response)));
        look.as_mut().poll(cx)
    }
}

impl<S, R> Watch<S, R> {
    /// Whether the answer may be a refusal or tell the server's version. An
    /// answer that proves that the server takes the type settles it.
    fn must_look<RB>(&self, response: &Response<RB>) -> bool {
        let status = response.status();
        if status == StatusCode::BAD_REQUEST || status == StatusCode::NOT_ACCEPTABLE {
            return true;
        }
        if !status.is_success() {
            return false;
        }
        if self.is_info {
            return true;
        }
        if let Some(negotiation) = &self.shared.negotiation
            && (self.has_body || names_version(response))
        {
            negotiation.confirm(self.asked);
        }
        false
    }

    async fn look<F, RB, E>(self, response: Response<RB>) -> Answer<RB>
    where
        R: AnyRequest,
        R::Body: Body,
        S: Service<R, Response = Response<RB>, Error = E, Future = F>,
        F: Future<Output = Result<Response<RB>, E>>,
        E: Into<BoxError>,
        RB: Body<Data = Bytes> + Unpin,
        RB::Error: Into<BoxError>,
    {
        let Self { shared, asked, kept, .. } = self;
        let refusal = match verdict(response).await? {
            Verdict::Refused(refusal) => refusal,
            Verdict::Other(response) => {
                if let Some(negotiation) = &shared.negotiation
                    && response.status().is_success()
                {
                    negotiation.learn_from_info(&response.body().seen());
                }
                return Ok(response);
            }
        };
        let Some(negotiation) = &shared.negotiation else { return Err(shared.refused(asked)) };
        negotiation.learn_from_refusal(asked, &refusal);
        let Some(kept) = kept else { return Err(shared.refused(asked)) };
        let Kept { service, mut request } = *kept;
        let head = request.as_request_mut();
        let has_body = !head.body().is_end_stream();
        let asked = shared.write(head, has_body);
        let response = service.oneshot(request).await.map_err(Error::from_service)?;
        match asked {
            Some(asked) if is_suspect(&response) => match verdict(response).await? {
                Verdict::Refused(_) => Err(shared.refused(asked)),
                Verdict::Other(response) => Ok(response),
            },
            _ => Ok(response.map(ResponseBody::untouched)),
        }
    }
}

enum Verdict<RB> {
    /// With the server's words.
    Refused(Vec<u8>),
    Other(Response<ResponseBody<RB>>),
}

async fn verdict<RB>(response: Response<RB>) -> Result<Verdict<RB>>
where
    RB: Body<Data = Bytes> + Unpin,
    RB::Error: Into<BoxError>,
{
    let (parts, body) = response.into_parts();
    if parts.status == StatusCode::NOT_ACCEPTABLE {
        return Ok(Verdict::Refused(Vec::new()));
    }
    let body = ResponseBody::look(body, LOOK).await?;
    if parts.status == StatusCode::BAD_REQUEST {
        let seen = body.seen();
        if refusal::is_refusal(&seen) {
            return Ok(Verdict::Refused(seen));
        }
    }
    Ok(Verdict::Other(Response::from_parts(parts, body)))
}

fn is_suspect<RB>(response: &Response<RB>) -> bool {
    matches!(response.status(), StatusCode::BAD_REQUEST | StatusCode::NOT_ACCEPTABLE)
}

/// Elasticsearch 8 and later name the version in which they answer.
fn names_version<RB>(response: &Response<RB>) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("compatible-with="))
}

impl<S, R, F, RB> fmt::Debug for ResponseFuture<S, R, F, RB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("media_type::ResponseFuture").finish_non_exhaustive()
    }
}
