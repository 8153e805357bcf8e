use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Response;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tower::Service;

use super::Sealed;
use crate::{
    body::ResponseBody,
    error::{BoxError, Result},
};

/// A bound of this crate's layers, met by every [`http::Response`] and by one in a
/// box, as the transport's layers pass them on; by nothing else.
pub trait AnyResponse: Sealed + Sized {
    /// The answer's body.
    type Body;

    /// The answer itself, to be read.
    fn as_response(&self) -> &Response<Self::Body>;

    /// The answer itself, to be changed.
    fn as_response_mut(&mut self) -> &mut Response<Self::Body>;

    /// The answer by itself.
    fn into_response(self) -> Response<Self::Body>;
}

impl<B> Sealed for Response<B> {}
impl<B> Sealed for Box<Response<B>> {}

impl<B> AnyResponse for Response<B> {
    type Body = B;

    #[inline]
    fn as_response(&self) -> &Self {
        self
    }

    #[inline]
    fn as_response_mut(&mut self) -> &mut Self {
        self
    }

    #[inline]
    fn into_response(self) -> Self {
        self
    }
}

impl<B> AnyResponse for Box<Response<B>> {
    type Body = B;

    #[inline]
    fn as_response(&self) -> &Response<B> {
        self
    }

    #[inline]
    fn as_response_mut(&mut self) -> &mut Response<B> {
        self
    }

    #[inline]
    fn into_response(self) -> Response<B> {
        *self
    }
}

/// A bound of the layers that may replace an answer's body: they hand on a
/// [`ResponseBody`], whatever body they got.
///
/// It is met by every [`http::Response`] with a body of [`Bytes`] that is `Send`,
/// `Unpin` and `'static`.
#[diagnostic::on_unimplemented(note = "a body that is not `Unpin` is passed as `Box::pin(body)`")]
pub trait Erase: AnyResponse {
    /// The same form with a [`ResponseBody`].
    type Erased: AnyResponse<Body = ResponseBody>;

    /// The same answer with a [`ResponseBody`].
    fn erase(self) -> Self::Erased;
}

impl<B> Erase for Response<B>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    type Erased = Response<ResponseBody>;

    fn erase(self) -> Response<ResponseBody> {
        self.map(ResponseBody::new)
    }
}

impl Erase for Box<Response<ResponseBody>> {
    type Erased = Self;

    #[inline]
    fn erase(self) -> Self {
        self
    }
}

/// Puts answers into boxes.
#[derive(Clone, Debug)]
pub(crate) struct BoxingAnswers<S>(pub(crate) S);

impl<S, R, B> Service<R> for BoxingAnswers<S>
where
    S: Service<R, Response = Response<B>>,
{
    type Response = Box<Response<B>>;
    type Error = S::Error;
    type Future = BoxingFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: R) -> Self::Future {
        BoxingFuture { inner: self.0.call(request) }
    }
}

pin_project! {
    /// The future of [`BoxingAnswers`].
    #[derive(Debug)]
    pub(crate) struct BoxingFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, B, E> Future for BoxingFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Box<Response<B>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx).map_ok(Box::new)
    }
}
