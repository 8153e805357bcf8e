use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tower::{Service, ServiceExt};

use super::{negotiate::Shared, refusal};
use crate::{
    body::ResponseBody,
    error::{BoxError, Error, Result},
};

/// How much of a 400, or of an answer to `GET /`, is looked at.
const LOOK: usize = 64 << 10;

pin_project! {
    /// The future of [`MediaType`](super::MediaType).
    pub struct ResponseFuture<S, B, F> {
        #[pin]
        inner: F,
        watch: Option<Watch<S, B>>,
        // Reading the answer and sending again are rare, and worth a box.
        look: Option<Pin<Box<dyn Future<Output = Result<Response<ResponseBody>>> + Send>>>,
    }
}

impl<S, B, F> ResponseFuture<S, B, F> {
    pub(super) fn new(inner: F, watch: Option<Watch<S, B>>) -> Self {
        Self { inner, watch, look: None }
    }
}

/// What is known of a request that asks for a vendor type.
pub(super) struct Watch<S, B> {
    pub(super) shared: Arc<Shared>,
    pub(super) asked: u8,
    pub(super) has_body: bool,
    pub(super) is_info: bool,
    pub(super) kept: Option<Box<Kept<S, B>>>,
}

/// A request as it came, and who sends it again.
pub(super) struct Kept<S, B> {
    pub(super) service: S,
    pub(super) request: Request<B>,
}

impl<S, B, F, RB, E> Future for ResponseFuture<S, B, F>
where
    S: Service<Request<B>, Response = Response<RB>, Error = E, Future = F> + Send + 'static,
    F: Future<Output = Result<Response<RB>, E>> + Send + 'static,
    E: Into<BoxError> + 'static,
    B: HttpBody + Send + 'static,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(look) = this.look {
            return look.as_mut().poll(cx);
        }
        let answer =
            ready!(this.inner.poll(cx)).map_err(Error::from_service)?.map(ResponseBody::new);
        match this.watch.take_if(|watch| watch.must_look(&answer)) {
            None => Poll::Ready(Ok(answer)),
            Some(watch) => this.look.insert(Box::pin(watch.look(answer))).as_mut().poll(cx),
        }
    }
}

impl<S, B> Watch<S, B> {
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

    async fn look<RB>(self, mut answer: Response<ResponseBody>) -> Result<Response<ResponseBody>>
    where
        S: Service<Request<B>, Response = Response<RB>>,
        S::Error: Into<BoxError>,
        B: HttpBody,
        RB: HttpBody<Data = Bytes> + Send + 'static,
        RB::Error: Into<BoxError>,
    {
        let Self { shared, asked, kept, .. } = self;
        let refusal = match verdict(&mut answer).await? {
            Verdict::Refused(refusal) => refusal,
            Verdict::Other(seen) => {
                if let Some(negotiation) = &shared.negotiation
                    && answer.status().is_success()
                {
                    negotiation.learn_from_info(&seen);
                }
                return Ok(answer);
            }
        };
        let Some(negotiation) = &shared.negotiation else { return Err(shared.refused(asked)) };
        negotiation.learn_from_refusal(asked, &refusal);
        let Some(kept) = kept else { return Err(shared.refused(asked)) };
        let Kept { service, mut request } = *kept;
        let has_body = !request.body().is_end_stream();
        let asked = shared.write(&mut request, has_body);
        let mut answer =
            service.oneshot(request).await.map_err(Error::from_service)?.map(ResponseBody::new);
        if let Some(asked) = asked
            && is_suspect(&answer)
            && let Verdict::Refused(_) = verdict(&mut answer).await?
        {
            return Err(shared.refused(asked));
        }
        Ok(answer)
    }
}

/// With the words of the server that were looked at.
enum Verdict {
    Refused(Bytes),
    Other(Bytes),
}

async fn verdict(answer: &mut Response<ResponseBody>) -> Result<Verdict> {
    let status = answer.status();
    if status == StatusCode::NOT_ACCEPTABLE {
        return Ok(Verdict::Refused(Bytes::new()));
    }
    let seen = answer.body_mut().look(LOOK).await?;
    if status == StatusCode::BAD_REQUEST && refusal::is_refusal(&seen) {
        return Ok(Verdict::Refused(seen));
    }
    Ok(Verdict::Other(seen))
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

impl<S, B, F> fmt::Debug for ResponseFuture<S, B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("media_type::ResponseFuture").finish_non_exhaustive()
    }
}
