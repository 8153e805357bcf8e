//! The request for which a node is selected.

use std::sync::Arc;

use http::{Extensions, HeaderMap, Method, Request};
use tokio::time::Instant;

/// The request for which a node is selected.
#[derive(Clone, Copy, Debug)]
pub struct RequestContext<'a> {
    method: &'a Method,
    path: &'a str,
    query: Option<&'a str>,
    parts: Option<(&'a HeaderMap, &'a Extensions)>,
    attempt: u32,
    tried: &'a [Arc<str>],
    hint: Option<&'a str>,
    now: Instant,
}

impl<'a> RequestContext<'a> {
    /// Creates the context of the first attempt of a request without headers, which starts
    /// now.
    pub fn new(method: &'a Method, path: &'a str) -> Self {
        Self {
            method,
            path,
            query: None,
            parts: None,
            attempt: 1,
            tried: &[],
            hint: None,
            now: Instant::now(),
        }
    }

    /// Creates the context of the first attempt of a request, which starts at `now`.
    pub fn of<B>(request: &'a Request<B>, now: Instant) -> Self {
        Self {
            method: request.method(),
            path: request.uri().path(),
            query: request.uri().query(),
            parts: Some((request.headers(), request.extensions())),
            attempt: 1,
            tried: &[],
            hint: None,
            now,
        }
    }

    /// Sets the number of the attempt (the first is 1) and the URLs of the nodes that
    /// were tried before.
    ///
    /// ```
    /// use es_transport::{Node, NodePool, node::{RequestContext, RoundRobin}};
    ///
    /// let pool = NodePool::new(["http://a:9200".parse::<Node>()?, "http://b:9200".parse()?])?;
    /// let tried = ["http://a:9200".into()];
    /// let retry = RequestContext::new(&http::Method::GET, "/").retried(2, &tried);
    /// for _ in 0..10 {
    ///     assert_eq!(pool.select(&RoundRobin::default(), &retry)?.node().host(), "b");
    /// }
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    #[must_use]
    pub fn retried(mut self, attempt: u32, tried: &'a [Arc<str>]) -> Self {
        (self.attempt, self.tried) = (attempt, tried);
        self
    }

    /// Sets the hint for the selector.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<&'a str>) -> Self {
        self.hint = hint;
        self
    }

    /// Sets the time at which the attempt starts.
    #[must_use]
    pub fn at(mut self, now: Instant) -> Self {
        self.now = now;
        self
    }

    /// Returns the request's method.
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// Returns the request's path, without the query and without the path prefix of a node.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// Returns the request's query, without the question mark.
    pub fn query(&self) -> Option<&'a str> {
        self.query
    }

    /// Returns the request's headers.
    pub fn headers(&self) -> Option<&'a HeaderMap> {
        self.parts.map(|(headers, _)| headers)
    }

    /// Returns an extension of the request.
    ///
    /// ```
    /// use es_transport::node::RequestContext;
    /// use http::Request;
    /// use tokio::time::Instant;
    ///
    /// #[derive(Clone, Debug, PartialEq)]
    /// struct Tenant(u32);
    ///
    /// let request = Request::get("/").extension(Tenant(7)).body(()).unwrap();
    /// let context = RequestContext::of(&request, Instant::now());
    /// assert_eq!(context.extension(), Some(&Tenant(7)));
    /// ```
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&'a T> {
        self.parts.and_then(|(_, extensions)| extensions.get())
    }

    /// Returns the number of the attempt; the first is 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns the URLs of the nodes that were tried before, in order. These nodes are
    /// among the candidates only if no other live node is left.
    pub fn tried(&self) -> &'a [Arc<str>] {
        self.tried
    }

    /// Returns the caller's hint for the selector
    /// ([`RequestOptions::selector_hint`](crate::RequestOptions::selector_hint)).
    pub fn hint(&self) -> Option<&'a str> {
        self.hint
    }

    /// Returns the time at which the attempt starts.
    pub fn now(&self) -> Instant {
        self.now
    }
}
