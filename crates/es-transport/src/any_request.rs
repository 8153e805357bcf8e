//! A request as layers hand it on: by itself, or in a box with their notes.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{
    Request, Uri,
    uri::{Authority, Scheme},
};
use tokio::time::Instant;
use tower::Service;

/// A request that a layer hands on: an [`http::Request`], or an [`Outgoing`] one.
///
/// Every layer takes both forms, and hands on the form that it got.
///
/// ```
/// use es_transport::{AnyRequest, any_request::Outgoing};
/// use http::Request;
///
/// fn mark<R: AnyRequest>(mut request: R) -> R {
///     let headers = request.as_request_mut().headers_mut();
///     headers.insert("x-tenant", http::HeaderValue::from_static("blue"));
///     request
/// }
///
/// assert_eq!(mark(Request::new(())).headers()["x-tenant"], "blue");
/// assert_eq!(mark(Outgoing::from(Request::new(()))).as_request().headers()["x-tenant"], "blue");
/// ```
pub trait AnyRequest: From<Request<Self::Body>> {
    /// The request's body.
    type Body;

    /// The request itself, to be read.
    fn as_request(&self) -> &Request<Self::Body>;

    /// The request itself, to be changed.
    fn as_request_mut(&mut self) -> &mut Request<Self::Body>;

    /// The request by itself; its URI is [absolute](Self::absolute_uri) once it
    /// has an address.
    fn into_request(self) -> Request<Self::Body>;

    /// Says which node it goes to; its URI has path and query only.
    fn set_address(&mut self, address: &Arc<Address>);

    /// The URI with the node that it goes to, as far as that was said.
    fn absolute_uri(&self) -> Uri;

    /// When the attempt began, if a layer above has looked at the clock.
    fn began(&self) -> Option<Instant> {
        None
    }

    /// Spares the layers below the look at the clock. `None` after something that
    /// takes time.
    fn set_began(&mut self, at: Option<Instant>) {
        let _ = at;
    }

    /// Whether its headers were copied from a map in which all layers below have
    /// written what they write into every request.
    fn has_prepared_headers(&self) -> bool {
        false
    }

    /// Spares the layers below to look at headers that are as they must be.
    fn set_prepared_headers(&mut self) {}
}

/// Scheme, host and port of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Host and port, without user info.
    pub authority: Authority,
}

impl Address {
    /// The URI of a target at this address; one that cannot be put together stays
    /// as it is.
    fn absolute(&self, target: Uri) -> Uri {
        let mut parts = target.clone().into_parts();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        Uri::from_parts(parts).unwrap_or(target)
    }
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

    fn set_address(&mut self, address: &Arc<Address>) {
        *self.uri_mut() = address.absolute(std::mem::take(self.uri_mut()));
    }

    fn absolute_uri(&self) -> Uri {
        self.uri().clone()
    }
}

/// A request on its way through the transport.
///
/// A request has 256 bytes, and every layer moves it; in its box it is one word.
/// Beside it lies what layers tell those below them, and what would cost every
/// request some allocations as one of its extensions.
#[derive(Debug)]
pub struct Outgoing<B> {
    request: Box<Request<B>>,
    address: Option<Arc<Address>>,
    began: Option<Instant>,
    has_prepared_headers: bool,
}

impl<B> Outgoing<B> {
    /// Which node it goes to, once that was chosen.
    pub fn address(&self) -> Option<&Arc<Address>> {
        self.address.as_ref()
    }

    /// The request in its box, as it stands.
    pub(crate) fn into_box(self) -> Box<Request<B>> {
        self.request
    }
}

impl<B> From<Box<Request<B>>> for Outgoing<B> {
    fn from(request: Box<Request<B>>) -> Self {
        Self { request, address: None, began: None, has_prepared_headers: false }
    }
}

impl<B> From<Request<B>> for Outgoing<B> {
    fn from(request: Request<B>) -> Self {
        Box::new(request).into()
    }
}

impl<B> AnyRequest for Outgoing<B> {
    type Body = B;

    #[inline]
    fn as_request(&self) -> &Request<B> {
        &self.request
    }

    #[inline]
    fn as_request_mut(&mut self) -> &mut Request<B> {
        &mut self.request
    }

    fn into_request(self) -> Request<B> {
        let mut request = *self.request;
        if let Some(address) = self.address {
            request.set_address(&address);
        }
        request
    }

    #[inline]
    fn set_address(&mut self, address: &Arc<Address>) {
        self.address = Some(Arc::clone(address));
    }

    fn absolute_uri(&self) -> Uri {
        let target = self.request.uri().clone();
        match &self.address {
            Some(address) => address.absolute(target),
            None => target,
        }
    }

    #[inline]
    fn began(&self) -> Option<Instant> {
        self.began
    }

    #[inline]
    fn set_began(&mut self, at: Option<Instant>) {
        self.began = at;
    }

    #[inline]
    fn has_prepared_headers(&self) -> bool {
        self.has_prepared_headers
    }

    #[inline]
    fn set_prepared_headers(&mut self) {
        self.has_prepared_headers = true;
    }
}

/// Gives requests their boxes, for a service that takes those.
#[derive(Clone, Debug)]
pub(crate) struct Boxing<S>(pub(crate) S);

impl<S, B> Service<Request<B>> for Boxing<S>
where
    S: Service<Outgoing<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        self.0.call(request.into())
    }
}

/// Takes requests out of their boxes, for a service that knows none.
#[derive(Clone, Debug)]
pub(crate) struct Unboxing<S>(pub(crate) S);

impl<S, B> Service<Outgoing<B>> for Unboxing<S>
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
    fn call(&mut self, request: Outgoing<B>) -> S::Future {
        self.0.call(request.into_request())
    }
}
