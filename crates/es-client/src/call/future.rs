//! Waits for the response.

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

use super::outcome::{Accepted, AcceptedResponse, node_of};
use crate::{
    error::{Error, Result},
    response::{StreamingResponse, Typed},
};

/// The future of a call. It does nothing until it is awaited.
#[must_use = "a call is sent when it is awaited"]
pub struct CallFuture<T> {
    exchange: Exchange,
    decode: fn(AcceptedResponse) -> Result<T>,
}

/// A request that is sent, until its response is accepted: the same code for all types.
struct Exchange {
    state: State,
    accepted: Accepted,
}

enum State {
    Failed(Option<Error>),
    Sending(SendFuture),
    /// A stack of the caller's own may return responses that are not collected.
    Reading {
        head: Option<(Parts, Option<Arc<str>>, Instant)>,
        body: Pin<Box<dyn Future<Output = es_transport::Result<Bytes>> + Send>>,
    },
}

impl Exchange {
    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<AcceptedResponse>> {
        loop {
            match &mut self.state {
                State::Failed(error) => {
                    let again = || Error::invalid("the call has completed");
                    return Poll::Ready(Err(error.take().unwrap_or_else(again)));
                }
                State::Sending(sending) => {
                    let (parts, body) = ready!(Pin::new(&mut *sending).poll(cx))?.into_parts();
                    let started = sending.started().unwrap_or_else(Instant::now);
                    let node = node_of(&parts, &body);
                    match body.try_into_bytes() {
                        Ok(body) => return Poll::Ready(self.accept(parts, node, body, started)),
                        Err(stream) => {
                            let head = Some((parts, node, started));
                            self.state = State::Reading {
                                head,
                                body: Box::pin(stream.bytes()),
                            };
                        }
                    }
                }
                State::Reading { head, body } => {
                    let body = ready!(body.as_mut().poll(cx))?;
                    let Some((parts, node, started)) = head.take() else {
                        self.state = State::Failed(None);
                        continue;
                    };
                    return Poll::Ready(self.accept(parts, node, body, started));
                }
            }
        }
    }

    #[inline]
    fn accept(
        &self,
        parts: Parts,
        node: Option<Arc<str>>,
        body: Bytes,
        started: Instant,
    ) -> Result<AcceptedResponse> {
        let answer = AcceptedResponse {
            parts,
            node,
            body,
            started,
            call: self.accepted.call(),
        };
        if self.accepted.contains(answer.parts.status, &answer.body) {
            Ok(answer)
        } else {
            let (meta, body) = answer.split();
            Err(Error::api(meta, body))
        }
    }
}

impl<T> Future for CallFuture<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let response = ready!(self.exchange.poll(cx))?;
        Poll::Ready((self.decode)(response))
    }
}

impl<T> CallFuture<T> {
    pub(super) fn new(
        sending: Result<SendFuture>,
        accepted: Accepted,
        decode: fn(AcceptedResponse) -> Result<T>,
    ) -> Self {
        let state = match sending {
            Ok(sending) => State::Sending(sending),
            Err(error) => State::Failed(Some(error)),
        };
        Self {
            exchange: Exchange { state, accepted },
            decode,
        }
    }

    /// Creates the future of a call that cannot be sent.
    pub(super) fn failed(error: Error, decode: fn(AcceptedResponse) -> Result<T>) -> Self {
        Self::new(
            Err(error),
            Accepted {
                endpoint: None,
                ignored: None,
            },
            decode,
        )
    }
}

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").finish_non_exhaustive()
    }
}

/// The future of [`Call::typed`](crate::Call::typed). It does nothing until it is awaited.
#[must_use = "a call is sent when it is awaited"]
pub struct TypedFuture<T>(pub(super) CallFuture<T>);

impl<T> Future for TypedFuture<T> {
    type Output = Result<Typed<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Typed<T>>> {
        let response = ready!(self.0.exchange.poll(cx))?;
        let meta = response.meta();
        Poll::Ready((self.0.decode)(response).map(|body| Typed::new(body, meta)))
    }
}

impl<T> fmt::Debug for TypedFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedFuture").finish_non_exhaustive()
    }
}

/// The future of a call whose response is read as a stream. It does nothing until
/// it is awaited. A response with an error status is an error.
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
