use http::{HeaderMap, Method, Request, Uri, Version};

use super::policy::RequestFacts;
use crate::{
    attempt::{Deadline, Resend},
    body::Replay,
    options::RequestOptions,
};

/// The copy of a request from which it is sent again.
///
/// It is small in the common case: no headers and no extensions are yet on the
/// request, and neither URI nor body are copied, only counted.
#[derive(Debug)]
pub(super) struct Kept<B> {
    method: Method,
    uri: Uri,
    version: Version,
    headers: Option<Box<HeaderMap>>,
    extensions: http::Extensions,
    /// `None` once the last possible retry took it.
    body: Option<B>,
}

impl<B: Replay> Kept<B> {
    /// `None` if the body exists only once.
    pub(super) fn of(request: &Request<B>) -> Option<Self> {
        let headers = request.headers();
        Some(Self {
            body: Some(request.body().try_clone()?),
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: (!headers.is_empty()).then(|| Box::new(headers.clone())),
            extensions: request.extensions().clone(),
        })
    }

    /// The request for the next attempt. The copy is used up by the `last` one.
    pub(super) fn request(&mut self, resend: Resend, last: bool) -> Option<Request<B>> {
        let body = if last { self.body.take() } else { self.body.as_ref()?.try_clone() };
        let mut request = Request::new(body?);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        if let Some(headers) = &self.headers {
            *request.headers_mut() = HeaderMap::clone(headers);
        }
        *request.extensions_mut() = self.extensions.clone();
        request.extensions_mut().insert(resend);
        Some(request)
    }
}

impl<B> Kept<B> {
    pub(super) fn facts(&self) -> RequestFacts<'_> {
        RequestFacts::new(&self.method, RequestOptions::find(&self.extensions))
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.extensions.get().copied()
    }
}
