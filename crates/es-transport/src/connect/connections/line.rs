//! One HTTP/1.1 connection: its sender and the exchange that is under way.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1::SendRequest},
};
use pin_project_lite::pin_project;

use crate::body::Body;

/// A connection that takes one request at a time.
///
/// hyper's sending future has no name. It is therefore kept in a place that is
/// made once per connection, instead of in a box per request.
pub(super) trait Line: Send {
    /// Starts an exchange; the line must be ready.
    fn send(self: Pin<&mut Self>, request: Request<Body>);

    /// Waits for the head of the answer.
    fn poll_answer(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<Incoming>, SendError>>;

    /// Waits until another request can be sent; `false` if that will never be.
    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool>;

    /// Whether another request can be sent now.
    fn is_ready(&self) -> bool;

    /// Whether no request can be sent any more.
    fn is_closed(&self) -> bool;
}

pub(super) type BoxLine = Pin<Box<dyn Line>>;

/// Why an exchange gave no answer.
pub(super) enum SendError {
    /// No byte was taken; the request comes back.
    Untaken(Box<Request<Body>>, hyper::Error),
    /// The request was taken, at least in part.
    Taken(hyper::Error),
}

impl From<TrySendError<Request<Body>>> for SendError {
    #[cold]
    fn from(mut error: TrySendError<Request<Body>>) -> Self {
        match error.take_message() {
            Some(request) => Self::Untaken(Box::new(request), error.into_error()),
            None => Self::Taken(error.into_error()),
        }
    }
}

/// A line over hyper's sender.
pub(super) fn http1(sender: SendRequest<Body>) -> BoxLine {
    boxed(sender, |sender, request| sender.try_send_request(request))
}

fn boxed<S, F>(sender: SendRequest<Body>, start: S) -> BoxLine
where
    S: Fn(&mut SendRequest<Body>, Request<Body>) -> F + Send + 'static,
    F: Future<Output = Result<Response<Incoming>, TrySendError<Request<Body>>>> + Send + 'static,
{
    Box::pin(Http1 { sender, start, exchange: None })
}

pin_project! {
    struct Http1<S, F> {
        sender: SendRequest<Body>,
        start: S,
        #[pin]
        exchange: Option<F>,
    }
}

impl<S, F> Line for Http1<S, F>
where
    S: Fn(&mut SendRequest<Body>, Request<Body>) -> F + Send,
    F: Future<Output = Result<Response<Incoming>, TrySendError<Request<Body>>>> + Send,
{
    fn send(self: Pin<&mut Self>, request: Request<Body>) {
        let mut this = self.project();
        let exchange = (this.start)(this.sender, request);
        this.exchange.set(Some(exchange));
    }

    fn poll_answer(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<Incoming>, SendError>> {
        let mut this = self.project();
        let Some(exchange) = this.exchange.as_mut().as_pin_mut() else {
            // Asked again after the answer: there is none to come.
            return Poll::Pending;
        };
        let polled = exchange.poll(cx);
        if polled.is_ready() {
            this.exchange.set(None);
        }
        polled.map_err(SendError::from)
    }

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        self.project().sender.poll_ready(cx).map(|ready| ready.is_ok())
    }

    fn is_ready(&self) -> bool {
        self.exchange.is_none() && self.sender.is_ready()
    }

    fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}
