use std::sync::Arc;

use http::{HeaderMap, Method, Request, Uri, Version};

use super::policy::RequestFacts;
use crate::{
    attempt::{Deadline, Resend},
    body::TryCloneBody,
    options::{OperationName, RequestOptions},
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
    extensions: Extensions,
    body: B,
}

impl<B: TryCloneBody> Kept<B> {
    /// `None` if the body exists only once.
    pub(super) fn of(request: &Request<B>) -> Option<Self> {
        let headers = request.headers();
        Some(Self {
            body: request.body().try_clone()?,
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: (!headers.is_empty()).then(|| Box::new(headers.clone())),
            extensions: Extensions::of(request.extensions()),
        })
    }

    /// The request for the next attempt.
    pub(super) fn request(&self, resend: Resend) -> Option<Request<B>> {
        let mut request = Request::new(self.body.try_clone()?);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        if let Some(headers) = &self.headers {
            *request.headers_mut() = HeaderMap::clone(headers);
        }
        self.extensions.write(request.extensions_mut());
        request.extensions_mut().insert(resend);
        Some(request)
    }
}

impl<B> Kept<B> {
    pub(super) fn facts(&self) -> RequestFacts<'_> {
        RequestFacts::new(&self.method, self.extensions.options())
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.extensions.deadline()
    }
}

/// The extensions of a request. Those that the transport's own requests carry
/// are kept one by one, since to clone the map costs an allocation for each.
#[derive(Debug)]
enum Extensions {
    Known {
        options: Option<Arc<RequestOptions>>,
        deadline: Option<Deadline>,
        operation: Option<OperationName>,
    },
    Foreign(http::Extensions),
}

impl Extensions {
    fn of(extensions: &http::Extensions) -> Self {
        if extensions.is_empty() {
            return Self::Known { options: None, deadline: None, operation: None };
        }
        let options: Option<&Arc<RequestOptions>> = extensions.get();
        let (deadline, operation) = (extensions.get().copied(), extensions.get().copied());
        let known = [options.is_some(), deadline.is_some(), operation.is_some()];
        if known.into_iter().filter(|is_there| *is_there).count() < extensions.len() {
            return Self::Foreign(extensions.clone());
        }
        Self::Known { options: options.cloned(), deadline, operation }
    }

    fn write(&self, to: &mut http::Extensions) {
        match self {
            Self::Known { options, deadline, operation } => {
                options.clone().map(|options| to.insert(options));
                deadline.map(|deadline| to.insert(deadline));
                operation.map(|operation| to.insert(operation));
            }
            Self::Foreign(extensions) => *to = extensions.clone(),
        }
    }

    fn options(&self) -> Option<&RequestOptions> {
        match self {
            Self::Known { options, .. } => options.as_deref(),
            Self::Foreign(extensions) => RequestOptions::find(extensions),
        }
    }

    fn deadline(&self) -> Option<Deadline> {
        match self {
            Self::Known { deadline, .. } => *deadline,
            Self::Foreign(extensions) => extensions.get().copied(),
        }
    }
}
