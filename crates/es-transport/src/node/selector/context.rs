//! What a selector may know of a request.

use std::sync::Arc;

use http::Method;
use tokio::time::Instant;

/// What a selector may know of the request for which it chooses.
#[derive(Clone, Copy, Debug)]
pub struct RequestContext<'a> {
    method: &'a Method,
    path: &'a str,
    attempt: u32,
    tried: &'a [Arc<str>],
    hint: Option<&'a str>,
    now: Instant,
}

impl<'a> RequestContext<'a> {
    /// The first attempt of a request, now.
    pub fn new(method: &'a Method, path: &'a str) -> Self {
        Self::beginning(method, path, Instant::now())
    }

    pub(crate) fn beginning(method: &'a Method, path: &'a str, now: Instant) -> Self {
        Self { method, path, attempt: 1, tried: &[], hint: None, now }
    }

    /// The same request as a resend: the number of the attempt (the first is
    /// 1) and the URLs of the nodes that were tried before.
    #[must_use]
    pub fn resent(mut self, attempt: u32, tried: &'a [Arc<str>]) -> Self {
        (self.attempt, self.tried) = (attempt, tried);
        self
    }

    /// The same request with words for the selector.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<&'a str>) -> Self {
        self.hint = hint;
        self
    }

    /// The same request at another time.
    #[must_use]
    pub fn at(mut self, now: Instant) -> Self {
        self.now = now;
        self
    }

    /// The request's method.
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// The request's path, without query and without a node's path prefix.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The number of the attempt; the first is 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The URLs of the nodes that were tried before, in order. They are among
    /// the candidates only if no other live node is left.
    pub fn tried(&self) -> &'a [Arc<str>] {
        self.tried
    }

    /// The caller's words for the selector
    /// ([`RequestOptions::selector_hint`](crate::RequestOptions::selector_hint)).
    pub fn hint(&self) -> Option<&'a str> {
        self.hint
    }

    /// When the attempt begins.
    pub fn now(&self) -> Instant {
        self.now
    }
}
