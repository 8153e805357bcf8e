use std::sync::Arc;

use http::{Request, Uri};
use tokio::time::Instant;

use super::Address;

/// A bound of this crate's layers, met by every [`http::Request`] and by the
/// transport's own form of one, which is in a box; by nothing else.
///
/// Every layer takes both forms, and hands on the form that it got. A layer of
/// your own takes an [`http::Request`] and needs none of this.
pub trait AnyRequest: Notes + From<Request<Self::Body>> {
    /// The request's body.
    type Body;

    /// The request itself, to be read.
    fn as_request(&self) -> &Request<Self::Body>;

    /// The request itself, to be changed.
    fn as_request_mut(&mut self) -> &mut Request<Self::Body>;

    /// The request by itself. Its URI is absolute once a node was chosen.
    fn into_request(self) -> Request<Self::Body>;
}

/// What layers of the transport tell those below them. As an extension of the
/// request it would cost every request some allocations, so that an
/// [`http::Request`] carries no more than its address.
pub trait Notes {
    /// Says which node it goes to; its URI must have path and query only.
    fn set_address(&mut self, address: &Arc<Address>);

    /// The URI with the node that it goes to, as far as that was said.
    fn absolute_uri(&self) -> Uri;

    /// When the attempt began, if somebody has looked at the clock.
    fn began(&self) -> Option<Instant> {
        None
    }

    /// Takes that back, after something that takes time.
    fn forget_began(&mut self) {}

    /// Whether its headers were copied from a map in which all layers below have
    /// written what they write into every request.
    fn has_prepared_headers(&self) -> bool {
        false
    }

    /// Spares the layers below to look at headers that are as they must be.
    fn set_prepared_headers(&mut self) {}
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

impl<B> Notes for Request<B> {
    fn set_address(&mut self, address: &Arc<Address>) {
        *self.uri_mut() = address.absolute(std::mem::take(self.uri_mut()));
    }

    fn absolute_uri(&self) -> Uri {
        self.uri().clone()
    }
}
