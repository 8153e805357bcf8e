use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{
    Request, Response,
    header::AUTHORIZATION,
    uri::{PathAndQuery, Uri},
};
use http_body::Body as HttpBody;
use tokio::time::Instant;
use tower::Service;

use super::{
    ResponseFuture,
    attempt::{Attempt, Feedback, OtherAttempts},
    layer::{Classify, Settings},
};
use crate::{
    body::ResponseBody,
    error::{BoxError, Error, Result},
    events::Event,
    extensions::{Hedge, HedgedAttempt, RetryContext, SelectedNode},
    node::{Node, NodeSelector, RequestContext, Selection, is_dots},
    options::{RequestAuth, RequestOptions},
};

/// The service of [`SelectNodeLayer`](super::SelectNodeLayer).
pub struct SelectNode<S, L> {
    pub(super) inner: S,
    pub(super) settings: Arc<Settings<L>>,
    pub(super) classify: Option<Classify>,
}

impl<S, L, B, RB> Service<Request<B>> for SelectNode<S, L>
where
    S: Service<Request<B>, Response = Response<RB>>,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
    S::Error: Into<BoxError> + 'static,
    L: NodeSelector,
{
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx).map_err(Error::from_service)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.address(&mut request) {
            Ok(attempt) => ResponseFuture::new(self.inner.call(request), attempt),
            Err(error) => ResponseFuture::failed(error),
        }
    }
}

impl<S, L: NodeSelector> SelectNode<S, L> {
    /// Chooses a node and makes the request one to it.
    fn address<B>(&self, request: &mut Request<B>) -> Result<Attempt> {
        let target = target(request.uri())?.clone();
        let (attempt, parameter) = self.choose(request)?;
        let node = attempt.node();
        let target = match parameter {
            Some(parameter) => with_parameter(&target, parameter)?,
            None => target,
        };
        *request.uri_mut() = node.uri(target)?;
        authorize(request, node);
        Ok(attempt)
    }

    /// Starts an attempt at a node; returns what its query gains.
    fn choose<B>(&self, request: &Request<B>) -> Result<(Attempt, Option<&'static str>)> {
        let Settings { pool, selector } = &*self.settings;
        let context = RequestContext::of(request, Instant::now());
        let extensions = request.extensions();
        if extensions.is_empty() {
            let (selection, parameter) = pool.select_with_query(selector, &context)?;
            return Ok((self.start(selection, &context, None), parameter));
        }
        let retry = extensions.get::<RetryContext>();
        let options = RequestOptions::find(extensions);
        let hint = options.and_then(|options| options.selector_hint.as_deref());
        let mut context = context.with_hint(hint);
        if let Some(retry) = retry {
            context = context.retried(retry.attempt, &retry.tried);
        }
        let (selection, parameter) = pool.select_with_query(selector, &context)?;
        if extensions.get::<Hedge>().is_some() {
            let tried = context.tried();
            let node = selection.node().shared_url();
            // A hedge that probes, or goes where the first attempt waits, helps nobody.
            if selection.is_probe() || tried.contains(node) {
                return Err(Error::no_nodes().with_source("no other live node for a hedge"));
            }
            let waiting_for = tried.last().cloned();
            pool.events().emit(Event::Hedged {
                node: Arc::clone(node),
                waiting_for,
            });
        } else if let Some(retry) = retry {
            pool.events().emit(Event::Retried {
                node: Arc::clone(selection.node().shared_url()),
                failed: retry.tried.last().cloned(),
                attempt: retry.attempt,
                reason: retry.reason,
            });
        }
        if let Some(selected) = extensions.get::<SelectedNode>() {
            selected.set(selection.node());
        }
        let tried = retry.map(|retry| Arc::clone(&retry.tried));
        let hedged = extensions.get::<HedgedAttempt>().cloned();
        let others = (tried.is_some() || hedged.is_some())
            .then(|| Box::new(OtherAttempts { tried, hedged }));
        Ok((self.start(selection, &context, others), parameter))
    }

    #[inline]
    fn start(
        &self,
        selection: Selection,
        request: &RequestContext<'_>,
        others: Option<Box<OtherAttempts>>,
    ) -> Attempt {
        let classify = self.classify.clone();
        Attempt::start(selection, self.feedback(), classify, request, others)
    }

    fn feedback(&self) -> Option<Arc<dyn Feedback>> {
        let settings = &self.settings;
        settings
            .selector
            .tracks_load()
            .then(|| Arc::clone(settings) as Arc<dyn Feedback>)
    }
}

fn with_parameter(target: &PathAndQuery, parameter: &str) -> Result<PathAndQuery> {
    let separator = if target.query().is_some() { '&' } else { '?' };
    PathAndQuery::try_from(format!("{target}{separator}{parameter}"))
        .map_err(|error| Error::request(error.to_string()))
}

/// The path and query of a URI that names no host.
fn target(uri: &Uri) -> Result<&PathAndQuery> {
    if uri.authority().is_some() || uri.scheme().is_some() {
        return Err(Error::request(
            "its URI names a host; the node is chosen by the transport",
        ));
    }
    let target = uri.path_and_query();
    let target = target.filter(|target| target.as_str().starts_with('/'));
    let target = target.ok_or_else(|| Error::request("its path does not begin with a slash"))?;
    if target.as_str().starts_with("//") {
        return Err(Error::request(
            "its path begins with two slashes, which names a host",
        ));
    }
    if climbs(target.path()) {
        return Err(Error::request(
            "a part of its path is `.` or `..`, which leads elsewhere",
        ));
    }
    Ok(target)
}

/// Whether a part of the path is `.` or `..`, with dots as they are or encoded:
/// servers and proxies that resolve it would leave the node's path prefix.
/// An encoded slash does not end a part: `a%2F..%2Fb` is a document's id.
fn climbs(path: &str) -> bool {
    // Almost no path has a part that begins like this.
    let is_suspect = |pair: &[u8]| matches!(pair, [b'/', b'.' | b'%']);
    path.as_bytes().windows(2).any(is_suspect) && path.split('/').any(is_dots)
}

/// A node's own credentials yield to everybody else's.
fn authorize<B>(request: &mut Request<B>, node: &Node) {
    let Some(credentials) = node.credentials() else {
        return;
    };
    let options = RequestOptions::of(request);
    if options.and_then(|options| options.auth.as_ref()) == Some(&RequestAuth::None) {
        return;
    }
    request
        .headers_mut()
        .entry(AUTHORIZATION)
        .or_insert_with(|| credentials.header().clone());
}

impl<S: Clone, L> Clone for SelectNode<S, L> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            settings: Arc::clone(&self.settings),
            classify: self.classify.clone(),
        }
    }
}

impl<S: fmt::Debug, L> fmt::Debug for SelectNode<S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectNode")
            .field("inner", &self.inner)
            .field("pool", &self.settings.pool)
            .finish_non_exhaustive()
    }
}
