//! Waits for the response.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use es_transport::transport::SendFuture;
use tokio::time::Instant;

use super::outcome::{Accepted, AcceptedResponse, Received, node_of};
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

#[expect(
    clippy::large_enum_variant,
    reason = "almost every call is `Sending`, and a box would cost an allocation"
)]
enum State {
    Failed(Option<Error>),
    Sending(SendFuture),
    /// The call may be split; or a custom stack returned a response that was not collected.
    Receiving(Receiving),
}

type Receiving = Pin<Box<dyn Future<Output = Result<Received>> + Send>>;

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
                        Ok(body) => {
                            return Poll::Ready(self.accept(Received {
                                parts,
                                node,
                                body,
                                started,
                            }));
                        }
                        Err(stream) => {
                            self.state = State::Receiving(Box::pin(async move {
                                Ok(Received {
                                    body: stream.bytes().await?,
                                    parts,
                                    node,
                                    started,
                                })
                            }));
                        }
                    }
                }
                State::Receiving(receiving) => {
                    let received = ready!(receiving.as_mut().poll(cx));
                    self.state = State::Failed(None);
                    return Poll::Ready(received.and_then(|received| self.accept(received)));
                }
            }
        }
    }

    #[inline]
    fn accept(&self, received: Received) -> Result<AcceptedResponse> {
        let Received {
            parts,
            node,
            body,
            started,
        } = received;
        let accepted = AcceptedResponse {
            parts,
            node,
            body,
            started,
            call: self.accepted.call(),
        };
        if self
            .accepted
            .contains(accepted.parts.status, &accepted.body)
        {
            Ok(accepted)
        } else {
            let (meta, body) = accepted.split();
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
        sending: SendFuture,
        accepted: Accepted,
        decode: fn(AcceptedResponse) -> Result<T>,
    ) -> Self {
        Self {
            exchange: Exchange {
                state: State::Sending(sending),
                accepted,
            },
            decode,
        }
    }

    /// Creates the future of a call that may be split.
    pub(super) fn receiving(
        receiving: Receiving,
        accepted: Accepted,
        decode: fn(AcceptedResponse) -> Result<T>,
    ) -> Self {
        Self {
            exchange: Exchange {
                state: State::Receiving(receiving),
                accepted,
            },
            decode,
        }
    }

    /// Creates the future of a call that cannot be sent.
    pub(super) fn failed(error: Error, decode: fn(AcceptedResponse) -> Result<T>) -> Self {
        Self {
            exchange: Exchange {
                state: State::Failed(Some(error)),
                accepted: Accepted {
                    endpoint: None,
                    ignored: None,
                },
            },
            decode,
        }
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
