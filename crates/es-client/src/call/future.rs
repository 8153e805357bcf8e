//! Waits for the answer.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use es_transport::transport::SendFuture;
use http::response::Parts;
use tokio::time::Instant;

use super::outcome::{Accepted, Answer, node_of};
use crate::{
    error::{Error, Result},
    response::StreamingResponse,
};

/// The future of a call. It does nothing until it is awaited.
#[must_use = "a call is sent when it is awaited"]
pub struct CallFuture<T> {
    state: State,
    accepted: Accepted,
    decode: fn(Answer) -> Result<T>,
}

enum State {
    Failed(Option<Error>),
    Sending(SendFuture),
    /// A stack of the caller's own may hand out answers that are not collected.
    Reading {
        head: Option<(Parts, Option<Arc<str>>, Instant)>,
        body: Pin<Box<dyn Future<Output = es_transport::Result<Bytes>> + Send>>,
    },
}

impl<T> Future for CallFuture<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Failed(error) => {
                    let again = || Error::invalid("the call was already answered");
                    return Poll::Ready(Err(error.take().unwrap_or_else(again)));
                }
                State::Sending(sending) => {
                    let (parts, body) = ready!(Pin::new(&mut *sending).poll(cx))?.into_parts();
                    let started = sending.started().unwrap_or_else(Instant::now);
                    let node = node_of(&parts, &body);
                    match body.try_into_bytes() {
                        Ok(body) => {
                            let call = this.accepted.call();
                            let answer = Answer { parts, node, body, started, call };
                            return Poll::Ready(this.finish(answer));
                        }
                        Err(stream) => {
                            let head = Some((parts, node, started));
                            this.state = State::Reading { head, body: Box::pin(stream.bytes()) };
                        }
                    }
                }
                State::Reading { head, body } => {
                    let body = ready!(body.as_mut().poll(cx))?;
                    let Some((parts, node, started)) = head.take() else {
                        this.state = State::Failed(None);
                        continue;
                    };
                    let call = this.accepted.call();
                    return Poll::Ready(this.finish(Answer { parts, node, body, started, call }));
                }
            }
        }
    }
}

impl<T> CallFuture<T> {
    pub(super) fn new(
        sending: Result<SendFuture>,
        accepted: Accepted,
        decode: fn(Answer) -> Result<T>,
    ) -> Self {
        let state = match sending {
            Ok(sending) => State::Sending(sending),
            Err(error) => State::Failed(Some(error)),
        };
        Self { state, accepted, decode }
    }

    fn finish(&mut self, answer: Answer) -> Result<T> {
        if self.accepted.contains(answer.parts.status, &answer.body) {
            (self.decode)(answer)
        } else {
            let (meta, body) = answer.split();
            Err(Error::api(meta, body))
        }
    }
}

impl<T> CallFuture<T> {
    /// Creates the future of a call that cannot be sent.
    pub(super) fn failed(error: Error, decode: fn(Answer) -> Result<T>) -> Self {
        Self::new(Err(error), Accepted { endpoint: None, ignored: None }, decode)
    }
}

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").finish_non_exhaustive()
    }
}

/// The future of a call whose answer is read as a stream. It does nothing until
/// it is awaited. An answer with an error status is an error.
#[must_use = "a call is sent when it is awaited"]
pub struct StreamFuture(Pin<Box<dyn Future<Output = Result<StreamingResponse>> + Send>>);

impl StreamFuture {
    pub(super) fn new(
        streamed: impl Future<Output = Result<StreamingResponse>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(streamed))
    }
}

impl Future for StreamFuture {
    type Output = Result<StreamingResponse>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for StreamFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamFuture").finish_non_exhaustive()
    }
}
