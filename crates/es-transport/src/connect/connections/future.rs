//! From a request to the head of its answer.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response, header};
use http_body::Body as _;
use hyper::body::Incoming;

use super::{body::AnswerBody, lease::Lease, line::SendError, origin::Origin, waiting::Waiting};
use crate::{
    body::Body,
    connect::failure,
    error::{Error, Result},
};

/// The future of [`Connections`](super::Connections).
///
/// Where a connection is idle it allocates nothing; waiting costs one box. To
/// drop it before it is ready closes the connection.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture(State);

enum State {
    /// The request is on a connection.
    Sent(Lease),
    /// No connection was idle.
    Waiting(Box<Waiting>),
    Failed(Error),
    Done,
}

impl ResponseFuture {
    pub(super) fn failed(error: Error) -> Self {
        Self(State::Failed(error))
    }

    /// Sends a prepared request on an idle connection, or waits for one.
    pub(super) fn start(origin: &Arc<Origin>, request: Request<Body>) -> Self {
        match origin.check_out() {
            Some(mut lease) => {
                lease.send(request);
                Self(State::Sent(lease))
            }
            None => Self::wait(origin, request),
        }
    }

    #[cold]
    fn wait(origin: &Arc<Origin>, request: Request<Body>) -> Self {
        Self(match origin.wait(request) {
            Ok(waiting) => State::Waiting(Box::new(waiting)),
            Err(error) => State::Failed(error),
        })
    }
}

/// A request that no byte was taken of is sent again for free, as long as it
/// was a connection from the list that turned out dead: each such try empties
/// the list by one. A new connection that takes nothing is an error.
#[cold]
fn came_back(lease: Lease, error: SendError) -> State {
    match error {
        SendError::Untaken(request, _) if lease.is_reused() => {
            let origin = Arc::clone(lease.origin());
            drop(lease);
            ResponseFuture::start(&origin, *request).0
        }
        SendError::Untaken(_, error) => State::Failed(failure::exchange(error, false).unsent()),
        SendError::Taken(error) => {
            let is_first_of_plain = !lease.is_reused() && lease.origin().is_plain();
            State::Failed(failure::exchange(error, is_first_of_plain))
        }
    }
}

/// Whether a length is stated and not gone by: what stands between may go by it,
/// and take the rest for another answer (RFC 9112, section 6.3).
fn is_ambiguous(answer: &Response<Incoming>) -> bool {
    answer.body().size_hint().exact().is_none()
        && answer.headers().contains_key(header::CONTENT_LENGTH)
}

impl Future for ResponseFuture {
    type Output = Result<Response<AnswerBody>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.0 {
                State::Sent(lease) => {
                    let polled = lease.poll_answer(cx);
                    if polled.is_pending() {
                        return Poll::Pending;
                    }
                    let State::Sent(lease) = std::mem::replace(&mut self.0, State::Done) else {
                        return Poll::Pending;
                    };
                    match polled {
                        Poll::Ready(Err(error)) => self.0 = came_back(lease, error),
                        Poll::Ready(Ok(ref answer)) if is_ambiguous(answer) => {
                            lease.close();
                            return Poll::Ready(Err(failure::ambiguous()));
                        }
                        Poll::Ready(Ok(answer)) => {
                            return Poll::Ready(
                                Ok(answer.map(|body| AnswerBody::new(body, lease))),
                            );
                        }
                        Poll::Pending => return Poll::Pending,
                    }
                }
                State::Waiting(waiting) => {
                    self.0 = match ready!(waiting.poll(cx)) {
                        Ok(lease) => State::Sent(lease),
                        Err(error) => State::Failed(error),
                    };
                }
                State::Failed(_) => {
                    let State::Failed(error) = std::mem::replace(&mut self.0, State::Done) else {
                        return Poll::Pending;
                    };
                    return Poll::Ready(Err(error));
                }
                State::Done => return Poll::Pending,
            }
        }
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            State::Sent(_) => "ResponseFuture(sent)",
            State::Waiting(_) => "ResponseFuture(waiting for a connection)",
            State::Failed(_) => "ResponseFuture(failed)",
            State::Done => "ResponseFuture(done)",
        })
    }
}
