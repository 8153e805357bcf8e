use std::{
    fmt,
    task::{Context, Poll},
};

use http::{Request, Response, Uri, uri::Scheme};
use tower::{Layer, Service};
use tracing::{Span, debug_span, field::Empty};

use super::future::ResponseFuture;
use crate::{
    error::{BoxError, Error},
    extensions::RetryContext,
};

/// Gives each attempt a span; see the [module page](super).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct TraceAttemptLayer {}

impl TraceAttemptLayer {
    /// Creates the layer.
    pub fn new() -> Self {
        Self {}
    }
}

impl<S> Layer<S> for TraceAttemptLayer {
    type Service = TraceAttempt<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TraceAttempt { inner }
    }
}

/// The service of [`TraceAttemptLayer`].
#[derive(Clone, Debug)]
pub struct TraceAttempt<S> {
    inner: S,
}

impl<S, B, RB> Service<Request<B>> for TraceAttempt<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let span = span(&request);
        let entered = span.enter();
        let inner = self.inner.call(request);
        drop(entered);
        ResponseFuture::new(inner, span)
    }
}

fn span<B>(request: &Request<B>) -> Span {
    let uri = request.uri();
    // The macro evaluates its fields only if somebody wants the span.
    debug_span!(
        "elasticsearch.attempt",
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "elasticsearch",
        db.response.status_code = Empty,
        http.request.method = request.method().as_str(),
        http.request.resend_count = resend_count(request),
        url.full = %WithoutUserInfo(uri),
        server.address = host(uri),
        server.port = port(uri),
        error.type = Empty,
    )
}

fn resend_count<B>(request: &Request<B>) -> Option<u32> {
    request.extensions().get::<RetryContext>().map(|resend| resend.attempt.saturating_sub(1))
}

/// The host; an IPv6 address without its brackets.
fn host(uri: &Uri) -> Option<&str> {
    uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']'))
}

fn port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or_else(|| match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => Some(443),
        Some(scheme) if *scheme == Scheme::HTTP => Some(80),
        _ => None,
    })
}

/// A URI as it may be shown.
struct WithoutUserInfo<'a>(&'a Uri);

impl fmt::Display for WithoutUserInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(uri) = self;
        if let Some(authority) = uri.authority() {
            let (_, host) = authority.as_str().rsplit_once('@').unwrap_or(("", authority.as_str()));
            write!(f, "{}://{host}", uri.scheme_str().unwrap_or("http"))?;
        }
        f.write_str(uri.path_and_query().map_or("/", |target| target.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &'static str) -> Uri {
        Uri::from_static(text)
    }

    #[test]
    fn user_info_is_not_shown() {
        let shown = WithoutUserInfo(&uri("https://elastic:pa%40ss@node:9200/a/b?c=d")).to_string();
        assert_eq!(shown, "https://node:9200/a/b?c=d");
        assert_eq!(WithoutUserInfo(&uri("/a?b")).to_string(), "/a?b");
    }

    #[test]
    fn the_server_is_named_by_host_and_port() {
        let server = |text| (host(&uri(text)).map(str::to_owned), port(&uri(text)));
        assert_eq!(server("https://[::1]/x"), (Some("::1".to_owned()), Some(443)));
        assert_eq!(server("http://user@node:9200/"), (Some("node".to_owned()), Some(9200)));
        assert_eq!(server("/x"), (None, None));
    }
}
