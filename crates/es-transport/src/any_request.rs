//! A request as layers hand it on: by itself, or in a box.

use std::task::{Context, Poll};

use http::Request;
use tower::Service;

/// A request that a layer hands on: an [`http::Request`], or one in a box.
///
/// A request has 256 bytes, and every layer moves it; in a box it is one word.
/// The transport puts each request into a box once, and takes it out above the
/// connections. Every layer takes both forms, and hands on the form that it got.
///
/// ```
/// use es_transport::AnyRequest;
/// use http::Request;
///
/// fn mark<R: AnyRequest>(mut request: R) -> R {
///     let headers = request.as_request_mut().headers_mut();
///     headers.insert("x-tenant", http::HeaderValue::from_static("blue"));
///     request
/// }
///
/// assert_eq!(mark(Request::new(())).headers()["x-tenant"], "blue");
/// assert_eq!(mark(Box::new(Request::new(()))).headers()["x-tenant"], "blue");
/// ```
pub trait AnyRequest: From<Request<Self::Body>> {
    /// The request's body.
    type Body;

    /// The request itself, to be read.
    fn as_request(&self) -> &Request<Self::Body>;

    /// The request itself, to be changed.
    fn as_request_mut(&mut self) -> &mut Request<Self::Body>;

    /// The request by itself.
    fn into_request(self) -> Request<Self::Body>;
}

impl<B> AnyRequest for Request<B> {
    type Body = B;

    #[inline]
    fn as_request(&self) -> &Self {
        self
    }

    #[inline]
    fn as_request_mut(&mut self) -> &mut Self {
        self
    }

    #[inline]
    fn into_request(self) -> Self {
        self
    }
}

impl<B> AnyRequest for Box<Request<B>> {
    type Body = B;

    #[inline]
    fn as_request(&self) -> &Request<B> {
        self
    }

    #[inline]
    fn as_request_mut(&mut self) -> &mut Request<B> {
        self
    }

    #[inline]
    fn into_request(self) -> Request<B> {
        *self
    }
}

/// Puts requests into boxes, for a service that takes those.
#[derive(Clone, Debug)]
pub(crate) struct Boxing<S>(pub(crate) S);

impl<S, B> Service<Request<B>> for Boxing<S>
where
    S: Service<Box<Request<B>>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        self.0.call(Box::new(request))
    }
}

/// Takes requests out of their boxes, for a service that knows none.
#[derive(Clone, Debug)]
pub(crate) struct Unboxing<S>(pub(crate) S);

impl<S, B> Service<Box<Request<B>>> for Unboxing<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Box<Request<B>>) -> S::Future {
        self.0.call(*request)
    }
}
