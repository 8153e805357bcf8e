use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;
use pin_project_lite::pin_project;

use super::{SelectedBody, attempt::Attempt};
use crate::{
    attempt::AnsweredBy,
    error::{BoxError, Error, Result},
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
    RB: http_body::Body,
{
    type Output = Result<Response<SelectedBody<RB>>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Sent { future, attempt } => {
                let polled = future.poll(cx);
                if polled.is_pending() {
                    return Poll::Pending;
                }
                let Some(mut attempt) = attempt.take() else { return Poll::Pending };
                match polled {
                    Poll::Ready(Ok(answer)) => Poll::Ready(Ok(answered(answer, attempt))),
                    Poll::Ready(Err(error)) => {
                        Poll::Ready(Err(attempt.failed(Error::from_service(error))))
                    }
                    Poll::Pending => Poll::Pending,
                }
            }
            StateProjection::Failed { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending,
            },
        }
    }
}

#[inline]
fn answered<RB: http_body::Body>(
    mut answer: Response<RB>,
    mut attempt: Attempt,
) -> Response<SelectedBody<RB>> {
    let status = answer.status();
    attempt.head(status);
    if status.as_u16() >= 400 || attempt.is_resend() {
        let node = attempt.node().shared_url().clone();
        let untried = attempt.has_untried();
        answer.extensions_mut().insert(AnsweredBy { node, untried });
    }
    answer.map(|body| SelectedBody::new(body, status, attempt))
}
