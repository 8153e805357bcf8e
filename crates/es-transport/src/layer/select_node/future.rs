use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;

use super::{attempt::Attempt, body::Watched};
use crate::{
    body::ResponseBody,
    error::{BoxError, Error, Result},
    extensions::ServedBy,
};

pin_project! {
    /// The future of [`SelectNode`](super::SelectNode).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F> {
        Sent { #[pin] future: F, attempt: Option<Attempt> },
        Failed { error: Option<Error> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(future: F, attempt: Attempt) -> Self {
        Self { state: State::Sent { future, attempt: Some(attempt) } }
    }

    pub(super) fn failed(error: Error) -> Self {
        Self { state: State::Failed { error: Some(error) } }
    }
}

impl<F, RB, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Sent { future, attempt } => {
                let result = ready!(future.poll(cx));
                let Some(mut attempt) = attempt.take() else { return Poll::Pending };
                Poll::Ready(match result {
                    Ok(answer) => {
                        let mut answer = answer.map(ResponseBody::new);
                        answered(&mut answer, attempt);
                        Ok(answer)
                    }
                    Err(error) => Err(attempt.failed(Error::from_service(error))),
                })
            }
            StateProjection::Failed { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending,
            },
        }
    }
}

/// Writes into the answer where it came from, and tells the pool what it says of
/// its node: now, or when it was read.
fn answered(answer: &mut Response<ResponseBody>, mut attempt: Attempt) {
    let status = answer.status();
    let node = attempt.node().shared_url();
    answer.body_mut().set_node(Arc::clone(node));
    if status.as_u16() >= 400 || attempt.is_resend() {
        let answered =
            ServedBy { node: Arc::clone(node), has_untried_node: attempt.has_untried_node() };
        answer.extensions_mut().insert(answered);
    }
    let body = answer.body_mut();
    if body.is_end_stream() || body.collected().is_some() {
        return attempt.done(status);
    }
    attempt.head(status);
    body.wrap_stream(|stream| Watched::new(stream, status, attempt));
}
