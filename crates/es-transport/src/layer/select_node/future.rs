use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;

use super::{attempt::Attempt, body::TrackedBody};
use crate::{
    body::{ResponseBody, poll_response},
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
        Self {
            state: State::Sent {
                future,
                attempt: Some(attempt),
            },
        }
    }

    pub(super) fn failed(error: Error) -> Self {
        Self {
            state: State::Failed { error: Some(error) },
        }
    }
}

impl<F, RB, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError> + 'static,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Sent { future, attempt } => {
                let polled = poll_response(future, cx, |response| {
                    if let Some(attempt) = attempt.take() {
                        track(response, attempt);
                    }
                    Ok(())
                });
                polled.map_err(|error| match attempt.take() {
                    Some(mut attempt) => attempt.failed(error),
                    None => error,
                })
            }
            StateProjection::Failed { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending,
            },
        }
    }
}

/// Names the node in the response, and reports the outcome to the pool: now, or
/// when the response has been read.
fn track(response: &mut Response<ResponseBody>, mut attempt: Attempt) {
    let status = response.status();
    response
        .body_mut()
        .set_node(Arc::clone(attempt.node().shared_url()));
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        attempt.read_retry_after(response.headers());
    }
    let node = attempt.node().shared_url();
    if status.as_u16() >= 400 || attempt.is_retry() {
        let served_by = ServedBy {
            node: Arc::clone(node),
            has_untried_node: attempt.has_untried_node(),
        };
        response.extensions_mut().insert(served_by);
    }
    let body = response.body_mut();
    if body.is_end_stream() || body.collected().is_some() {
        return attempt.done(status);
    }
    attempt.head(status);
    body.wrap_stream(|stream| TrackedBody::new(stream, status, attempt));
}
