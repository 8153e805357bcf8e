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

use super::{
    negotiate::{Negotiation, refused},
    refusal,
};
use crate::{
    body::{ResponseBody, poll_response, with_response_body},
    error::{BoxError, Error, Result},
};

/// The maximum number of bytes that are read of a 400, or of a response to `GET /`.
const MAX_INSPECTED: usize = 64 << 10;

pin_project! {
    /// The future of [`MediaType`](super::MediaType).
    pub struct ResponseFuture<S, B, F> {
        #[pin]
        inner: F,
        watch: Option<Watch<S, B>>,
        // Reading the response and a retry are rare, and worth a box.
        inspecting: Option<Pin<Box<dyn Future<Output = Result<Response<ResponseBody>>> + Send>>>,
    }
}

impl<S, B, F> ResponseFuture<S, B, F> {
    pub(super) fn new(inner: F, watch: Option<Watch<S, B>>) -> Self {
        Self {
            inner,
            watch,
            inspecting: None,
        }
    }
}

/// A request that asks for a vendor type, whose response may refuse it.
pub(super) struct Watch<S, B> {
    /// `None` where the version is fixed.
    pub negotiation: Option<Arc<Negotiation>>,
    pub asked: u8,
    pub has_body: bool,
    pub is_info: bool,
    pub retained: Option<Box<Retained<S, B>>>,
}

/// A copy of a request for a retry, and the service for it.
pub(super) struct Retained<S, B> {
    pub service: S,
    pub request: Request<B>,
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
        if let Some(inspecting) = this.inspecting {
            return inspecting.as_mut().poll(cx);
        }
        let mut suspicious = None;
        let polled = poll_response(this.inner, cx, |response| {
            suspicious = this.watch.take_if(|watch| watch.must_inspect(response));
            Ok(())
        });
        match suspicious {
            None => polled,
            Some(watch) => {
                let inspecting = Box::pin(watch.inspect(ready!(polled)?));
                this.inspecting.insert(inspecting).as_mut().poll(cx)
            }
        }
    }
}

impl<S, B> Watch<S, B> {
    /// Whether the response may be a refusal or contain the server's version. A response
    /// that proves that the server accepts the type settles it.
    fn must_inspect<RB>(&self, response: &Response<RB>) -> bool {
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
        if let Some(negotiation) = &self.negotiation
            && (self.has_body || names_version(response))
        {
            negotiation.confirm(self.asked);
        }
        false
    }

    async fn inspect<RB>(
        self,
        mut response: Response<ResponseBody>,
    ) -> Result<Response<ResponseBody>>
    where
        S: Service<Request<B>, Response = Response<RB>>,
        S::Error: Into<BoxError>,
        B: HttpBody,
        RB: HttpBody<Data = Bytes> + Send + 'static,
        RB::Error: Into<BoxError>,
    {
        let Self {
            negotiation,
            asked,
            retained,
            ..
        } = self;
        let refusal = match read(&mut response).await? {
            Inspected::Refusal(refusal) => refusal,
            Inspected::Other(seen) => {
                if let Some(negotiation) = negotiation
                    && response.status().is_success()
                {
                    negotiation.learn_from_info(&seen);
                }
                return Ok(response);
            }
        };
        let Some(negotiation) = negotiation else {
            return Err(refused(asked, false));
        };
        negotiation.learn_from_refusal(asked, &refusal);
        let Some(retained) = retained else {
            return Err(refused(asked, true));
        };
        let Retained {
            service,
            mut request,
        } = *retained;
        let has_body = !request.body().is_end_stream();
        let asked = negotiation.write(&mut request, has_body);
        let mut response = with_response_body(
            service
                .oneshot(request)
                .await
                .map_err(Error::from_service)?,
        );
        if let Some(asked) = asked
            && may_refuse(&response)
            && let Inspected::Refusal(_) = read(&mut response).await?
        {
            return Err(refused(asked, true));
        }
        Ok(response)
    }
}

/// The first bytes of a response.
enum Inspected {
    /// They refuse the media type.
    Refusal(Bytes),
    Other(Bytes),
}

async fn read(response: &mut Response<ResponseBody>) -> Result<Inspected> {
    let status = response.status();
    if status == StatusCode::NOT_ACCEPTABLE {
        return Ok(Inspected::Refusal(Bytes::new()));
    }
    let seen = response.body_mut().peek(MAX_INSPECTED).await?;
    if status == StatusCode::BAD_REQUEST && refusal::is_refusal(&seen) {
        return Ok(Inspected::Refusal(seen));
    }
    Ok(Inspected::Other(seen))
}

fn may_refuse<RB>(response: &Response<RB>) -> bool {
    matches!(
        response.status(),
        StatusCode::BAD_REQUEST | StatusCode::NOT_ACCEPTABLE
    )
}

/// Elasticsearch 8 and later name the version of their response.
fn names_version<RB>(response: &Response<RB>) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("compatible-with="))
}

impl<S, B, F> fmt::Debug for ResponseFuture<S, B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
