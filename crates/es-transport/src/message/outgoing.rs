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

use super::{AnyRequest, Notes};

/// A request on its way through the transport: in its box, with the notes of the
/// layers beside it.
#[derive(Debug)]
pub struct Outgoing<B> {
    request: Box<Request<B>>,
    address: Option<Arc<Address>>,
    began: Option<Instant>,
    has_prepared_headers: bool,
}

/// Scheme, host and port of a node.
#[derive(Debug)]
pub struct Address {
    pub(crate) scheme: Scheme,
    /// Without user info.
    pub(crate) authority: Authority,
}

impl Address {
    /// The URI of a target at this address; one that cannot be put together stays
    /// as it is.
    pub(super) fn absolute(&self, target: Uri) -> Uri {
        let mut parts = target.clone().into_parts();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        Uri::from_parts(parts).unwrap_or(target)
    }
}

impl<B> Outgoing<B> {
    /// The same request, called now.
    pub(crate) fn begun_at(self, now: Instant) -> Self {
        Self { began: Some(now), ..self }
    }

    pub(crate) fn address(&self) -> Option<&Address> {
        self.address.as_deref()
    }

    /// The request in its box, as it stands: its URI is a target.
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
}

impl<B> Notes for Outgoing<B> {
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
    fn forget_began(&mut self) {
        self.began = None;
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
