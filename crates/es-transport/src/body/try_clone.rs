//! Bodies that can be cloned for a retry, and requests with them.

use bytes::{Buf, Bytes};
use http::Request;
use http_body_util::{
    Empty, Full,
    combinators::{BoxBody, UnsyncBoxBody},
};

/// A body that may be cloned for a retry.
///
/// Layers that may send a request more than once require it
/// ([retry](crate::layer::retry), [auth](crate::layer::auth), [media
/// types](crate::layer::media_type)). The common bodies of http-body-util implement it,
/// except for boxed ones, which cannot be cloned.
///
/// ```
/// use bytes::Bytes;
/// use es_transport::TryCloneBody;
/// use http_body_util::{BodyExt, Full};
///
/// let body = Full::new(Bytes::from_static(b"{}"));
/// assert!(body.try_clone().is_some());
/// // A boxed body cannot be cloned, so its request is not retried.
/// assert!(body.boxed().try_clone().is_none());
/// ```
pub trait TryCloneBody: Sized {
    /// Returns another body with the same bytes; `None` if the body cannot be cloned.
    fn try_clone(&self) -> Option<Self>;
}

impl TryCloneBody for () {
    fn try_clone(&self) -> Option<Self> {
        Some(())
    }
}

impl TryCloneBody for Bytes {
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

/// Copies the text.
impl TryCloneBody for String {
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl<D: Buf + Clone> TryCloneBody for Full<D> {
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl<D> TryCloneBody for Empty<D> {
    fn try_clone(&self) -> Option<Self> {
        Some(Self::new())
    }
}

impl<D, E> TryCloneBody for BoxBody<D, E> {
    fn try_clone(&self) -> Option<Self> {
        None
    }
}

impl<D, E> TryCloneBody for UnsyncBoxBody<D, E> {
    fn try_clone(&self) -> Option<Self> {
        None
    }
}

/// Returns a copy of a request, unless its body exists only once.
pub(crate) fn copy_of<B: TryCloneBody>(request: &Request<B>) -> Option<Request<B>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[test]
    fn bodies_of_http_body_util_are_sent_again_where_they_can_be() {
        let bytes = Bytes::from(vec![1, 2, 3]);
        let again = Full::new(bytes.clone()).try_clone().unwrap();
        let again = tokio_test::block_on(again.collect()).unwrap().to_bytes();
        assert_eq!(again.as_ptr(), bytes.as_ptr(), "nothing is copied");
        assert!(Empty::<Bytes>::new().try_clone().is_some());
        assert!(Full::new(bytes.clone()).boxed().try_clone().is_none());
        assert!(Full::new(bytes).boxed_unsync().try_clone().is_none());
    }
}
