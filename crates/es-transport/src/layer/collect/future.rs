use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Response, response::Parts};
use http_body::Body;
use pin_project_lite::pin_project;

use super::body::LimitedBody;
use crate::{
    body::{Collector, ResponseBody},
    error::{BoxError, Error, Result},
    options::Reading,
};

pin_project! {
    /// The future of [`Collect`](super::Collect).
    #[derive(Debug)]
    pub struct ResponseFuture<F, RB> {
        #[pin]
        state: State<F, RB>,
    }
}

pin_project! {
    #[project = StateProj]
    #[derive(Debug)]
    enum State<F, RB> {
        Head { #[pin] future: F, reading: Reading },
        Body { head: Option<Parts>, #[pin] body: RB, collector: Collector },
    }
}

impl<F, RB> ResponseFuture<F, RB> {
    pub(super) fn new(future: F, reading: Reading) -> Self {
        Self {
            state: State::Head { future, reading },
        }
    }
}

impl<F, RB, E> Future for ResponseFuture<F, RB>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
    RB: Body<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let (future, reading) = match state.as_mut().project() {
                StateProj::Head { future, reading } => (future, *reading),
                StateProj::Body {
                    head,
                    body,
                    collector,
                } => {
                    let bytes = ready!(collector.poll(body, cx))?;
                    // Polled after its end: it stays pending.
                    let Some(head) = head.take() else {
                        return Poll::Pending;
                    };
                    return Poll::Ready(Ok(Response::from_parts(head, bytes.into())));
                }
            };
            let polled = future.poll(cx);
            let (is_stream, limit) = match &polled {
                Poll::Ready(Ok(response)) => reading.resolve(response.status()),
                _ => (false, 0),
            };
            if !is_stream && !has_body(&polled) {
                let empty = |_| ResponseBody::default();
                return polled
                    .map_ok(|response| response.map(empty))
                    .map_err(Error::from_service);
            }
            let response = ready!(polled).map_err(Error::from_service)?;
            check_stated_length(response.body(), limit)?;
            if is_stream {
                let stream = |body| ResponseBody::stream(LimitedBody::new(body, limit));
                return Poll::Ready(Ok(response.map(stream)));
            }
            let (head, body) = response.into_parts();
            let collector = Collector::new(limit);
            state.set(State::Body {
                head: Some(head),
                body,
                collector,
            });
        }
    }
}

fn has_body<RB: Body, E>(polled: &Poll<Result<Response<RB>, E>>) -> bool {
    matches!(polled, Poll::Ready(Ok(response)) if !response.body().is_end_stream())
}

/// Refuses a response whose stated length is too large before it is read.
fn check_stated_length<B: Body>(body: &B, limit: usize) -> Result<()> {
    let stated = body.size_hint().lower();
    if usize::try_from(stated).is_ok_and(|stated| stated <= limit) {
        return Ok(());
    }
    Err(Error::body(format!(
        "it has {stated} bytes, more than the {limit} that are allowed"
    )))
}
