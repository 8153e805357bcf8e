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

/// A request on its way through the transport: in a box, with the notes of the
/// layers beside it.
#[derive(Debug)]
pub struct Outgoing<B>(Box<Noted<B>>);

#[derive(Debug)]
struct Noted<B> {
    request: Request<B>,
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
    pub(crate) fn begun_at(mut self, now: Instant) -> Self {
        self.0.began = Some(now);
        self
    }

    pub(crate) fn address(&self) -> Option<&Address> {
        self.0.address.as_deref()
    }

    /// The request as it stands: its URI is a target.
    pub(crate) fn into_target(self) -> Request<B> {
        self.0.request
    }
}

impl<B> From<Request<B>> for Outgoing<B> {
    fn from(request: Request<B>) -> Self {
        let (address, began, has_prepared_headers) = (None, None, false);
        Self(Box::new(Noted { request, address, began, has_prepared_headers }))
    }
}

impl<B> AnyRequest for Outgoing<B> {
    type Body = B;

    #[inline]
    fn as_request(&self) -> &Request<B> {
        &self.0.request
    }

    #[inline]
    fn as_request_mut(&mut self) -> &mut Request<B> {
        &mut self.0.request
    }

    fn into_request(self) -> Request<B> {
        let Noted { mut request, address, .. } = *self.0;
        if let Some(address) = address {
            request.set_address(&address);
        }
        request
    }
}

impl<B> Notes for Outgoing<B> {
    #[inline]
    fn set_address(&mut self, address: &Arc<Address>) {
        self.0.address = Some(Arc::clone(address));
    }

    fn absolute_uri(&self) -> Uri {
        let target = self.0.request.uri().clone();
        match &self.0.address {
            Some(address) => address.absolute(target),
            None => target,
        }
    }

    #[inline]
    fn began(&self) -> Option<Instant> {
        self.0.began
    }

    #[inline]
    fn forget_began(&mut self) {
        self.0.began = None;
    }

    #[inline]
    fn has_prepared_headers(&self) -> bool {
        self.0.has_prepared_headers
    }

    #[inline]
    fn set_prepared_headers(&mut self) {
        self.0.has_prepared_headers = true;
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
