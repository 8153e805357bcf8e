use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response, StatusCode, Uri, header};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::error::{BoxError, Error, Result};

/// A layer that turns redirects into errors that name their target.
///
/// Elasticsearch never redirects. A redirect comes from an intermediary (a login page,
/// a proxy that requires https), and following it would send credentials to a host that
/// was not configured. Every status from 300 to 399, except 304, becomes an
/// [`Error::redirect`].
///
/// The error shows scheme, host, port and path of the `Location`, but neither its user
/// info nor its query, which may contain sessions or tokens.
///
/// ```
/// use std::convert::Infallible;
/// use es_transport::layer::response_check::RedirectCheckLayer;
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio_test::block_on(async {
/// let mut service = ServiceBuilder::new()
///     .layer(RedirectCheckLayer::new())
///     .service(service_fn(|_: http::Request<()>| async {
///         let response = http::Response::builder().status(302);
///         Ok::<_, Infallible>(response.header("location", "https://login.example/?t=1").body(()).unwrap())
///     }));
/// let error = service.ready().await.unwrap().call(http::Request::new(())).await.unwrap_err();
/// assert!(error.is_redirect());
/// assert!(error.to_string().ends_with("status 302 to https://login.example/"));
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RedirectCheckLayer(());

impl RedirectCheckLayer {
    /// Creates the layer.
    pub fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for RedirectCheckLayer {
    type Service = CheckRedirect<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CheckRedirect { inner }
    }
}

/// The service of [`RedirectCheckLayer`].
#[derive(Clone, Debug)]
pub struct CheckRedirect<S> {
    inner: S,
}

impl<S, B, RB> Service<Request<B>> for CheckRedirect<S>
where
    S: Service<Request<B>, Response = Response<RB>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<RB>;
    type Error = Error;
    type Future = CheckRedirectFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        CheckRedirectFuture {
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    /// The future of [`CheckRedirect`].
    #[derive(Debug)]
    pub struct CheckRedirectFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, RB, E> Future for CheckRedirectFuture<F>
where
    F: Future<Output = Result<Response<RB>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<RB>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.project().inner.poll(cx);
        if let Poll::Ready(Ok(response)) = &polled
            && response.status().is_redirection()
            && response.status() != StatusCode::NOT_MODIFIED
        {
            return Poll::Ready(Err(refusal(response)));
        }
        polled.map_err(Error::from_service)
    }
}

#[cold]
fn refusal<RB>(response: &Response<RB>) -> Error {
    let location = response.headers().get(header::LOCATION).map(|value| {
        let shown = value.to_str().ok().and_then(shown);
        shown.unwrap_or_else(|| "a location that is no URL".to_owned())
    });
    Error::redirect(response.status(), location.as_deref())
}

/// The URL without user info and query.
fn shown(location: &str) -> Option<String> {
    // `//host/path` keeps the scheme; http's parser would take it for a path.
    let (scheme, uri) = match location.strip_prefix("//") {
        Some(rest) => (String::new(), format!("http://{rest}").parse::<Uri>().ok()?),
        None => {
            let uri = location.parse::<Uri>().ok()?;
            (
                uri.scheme_str()
                    .map(|scheme| format!("{scheme}:"))
                    .unwrap_or_default(),
                uri,
            )
        }
    };
    let Some(host) = uri.host() else {
        return Some(uri.path().to_owned());
    };
    let port = uri
        .port_u16()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    Some(format!("{scheme}//{host}{port}{}", uri.path()))
}
