use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use tower::Service;

use super::layer::OPAQUE_ID;
use crate::options::RequestOptions;

/// Room for what the layers below add. A map has room for 6 headers, or for 12
/// at twice the cost, so a request without a body should get by with 6.
fn room_below(has_body: bool) -> usize {
    // `Accept`, `Accept-Encoding`, `Authorization` and `Host`;
    // and `Content-Type`, `Content-Encoding`, `Content-Length` and one more.
    if has_body { 8 } else { 4 }
}

/// Whether requests by this method have a body, as a rule.
fn has_body(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::DELETE)
}

/// The service of [`DefaultHeadersLayer`](super::DefaultHeadersLayer).
///
/// It neither fails nor waits, so it has the future and the error of the inner service.
#[derive(Clone)]
pub struct DefaultHeaders<S> {
    inner: S,
    defaults: Arc<HeaderMap>,
}

impl<S> DefaultHeaders<S> {
    pub(super) fn new(inner: S, defaults: Arc<HeaderMap>) -> Self {
        Self { inner, defaults }
    }
}

impl<S, B> Service<Request<B>> for DefaultHeaders<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> S::Future {
        self.write(&mut request);
        self.inner.call(request)
    }
}

impl<S> DefaultHeaders<S> {
    fn write<B>(&self, request: &mut Request<B>) {
        let below = room_below(has_body(request.method()));
        let is_plain = !RequestOptions::of(request).is_some_and(has_headers);
        if is_plain && request.headers().is_empty() {
            // Most requests: the map is filled where it is.
            let headers = request.headers_mut();
            headers.reserve(self.defaults.len() + below);
            for (name, value) in &*self.defaults {
                headers.append(name, value.clone());
            }
            return;
        }
        let own = std::mem::take(request.headers_mut());
        let options = RequestOptions::of(request).filter(|options| has_headers(options));
        let headers = match options {
            None => merge(own, &self.defaults, below),
            Some(options) => with_options(own, options, &self.defaults, below),
        };
        *request.headers_mut() = headers;
    }
}

/// Whether the options say anything about headers.
fn has_headers(options: &RequestOptions) -> bool {
    options.opaque_id.is_some()
        || options.auth.is_some()
        || options.media_type.is_some()
        || !options.headers.is_empty()
}

/// The request's own headers, and the defaults of other names. The map is a
/// new one with room for all: growing the old one would cost more.
fn merge(own: HeaderMap, defaults: &HeaderMap, below: usize) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(own.len() + defaults.len() + below);
    headers.extend(own);
    add_missing(&mut headers, defaults, |_| true);
    headers
}

fn with_options(
    own: HeaderMap,
    options: &RequestOptions,
    defaults: &HeaderMap,
    below: usize,
) -> HeaderMap {
    let room = own.len() + options.headers.len() + defaults.len() + below;
    let mut headers = HeaderMap::with_capacity(room);
    headers.extend(own);
    if let Some(id) = &options.opaque_id {
        headers.entry(OPAQUE_ID).or_insert_with(|| id.clone());
    }
    // Credentials among the options are the auth layer's to write.
    let wanted = |name: &HeaderName| options.auth.is_none() || *name != header::AUTHORIZATION;
    add_missing(&mut headers, &options.headers, wanted);
    add_missing(&mut headers, defaults, wanted);
    headers
}

/// Adds every name that is not there yet, with all of its values.
fn add_missing(to: &mut HeaderMap, from: &HeaderMap, wanted: impl Fn(&HeaderName) -> bool) {
    for name in from.keys().filter(|name| wanted(name)) {
        if !to.contains_key(name) {
            from.get_all(name).iter().for_each(|value: &HeaderValue| {
                to.append(name, value.clone());
            });
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for DefaultHeaders<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.defaults.keys().collect();
        f.debug_struct("DefaultHeaders")
            .field("inner", &self.inner)
            .field("headers", &names)
            .finish()
    }
}
