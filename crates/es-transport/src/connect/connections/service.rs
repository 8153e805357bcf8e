//! The service over all origins.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use arc_swap::ArcSwap;
use http::{Request, Response, Uri};
use tower::Service;

use super::{
    body::AnswerBody,
    dial::Io,
    future::ResponseFuture,
    origin::Origin,
    origins::Origins,
    settings::{Common, ConnectionsBuilder},
};
use crate::{
    body::Body,
    error::{BoxError, Error, Result},
};

/// Each node's own connections; what they do is told in the module of this name.
///
/// A clone shares everything and costs one reference count. The connections
/// are closed when the last clone, and the last answer that is being read, is
/// dropped.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    common: Arc<Common>,
    origins: ArcSwap<Origins>,
    /// Held while the snapshot is replaced.
    writing: Mutex<()>,
    closed: AtomicBool,
}

impl Connections {
    /// Connections with the default settings over any connector; see
    /// [`ConnectionsBuilder::build`] for what it must do.
    pub fn with_connector<C>(connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Io,
        C::Error: Into<BoxError>,
        C::Future: Send,
    {
        Self::builder().build(connector)
    }

    /// Settings for connections.
    pub fn builder() -> ConnectionsBuilder {
        ConnectionsBuilder::new()
    }

    pub(super) fn from_parts(common: Common) -> Self {
        Self(Arc::new(Shared {
            common: Arc::new(common),
            origins: ArcSwap::default(),
            writing: Mutex::new(()),
            closed: AtomicBool::new(false),
        }))
    }

    /// Lets go of all nodes whose origin (scheme, host and port, with the path
    /// `/`) is refused: their idle connections are closed now, those in use
    /// when their answer was read.
    pub fn retain(&self, keep: impl FnMut(&Uri) -> bool) {
        for origin in self.0.remove(keep) {
            origin.retire();
        }
    }

    /// As [`Connections::retain`], for one node that left: scheme and authority
    /// of `target` say which.
    pub fn close_origin(&self, target: &Uri) {
        self.retain(|origin| {
            origin.scheme() != target.scheme() || origin.authority() != target.authority()
        });
    }

    /// Closes all idle connections, as after a thaw.
    pub fn drop_idle(&self) {
        self.0.origins.load().iter().for_each(|origin| origin.drop_idle());
    }

    /// Closes all: idle connections now, those in use when their answer was
    /// read. Requests that wait and all that come get [`Error::is_closed`].
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        for origin in self.0.remove(|_| false) {
            origin.close();
        }
    }

    /// How many connections to the node of `target` are open or being opened,
    /// and how many of them are idle.
    pub fn counts(&self, target: &Uri) -> (usize, usize) {
        self.0.origins.load().get(target).map_or((0, 0), |origin| origin.counts())
    }
}

impl Shared {
    fn origin(&self, uri: &Uri) -> Result<Arc<Origin>> {
        match self.origins.load().get(uri) {
            Some(origin) => Ok(Arc::clone(origin)),
            None => self.new_origin(uri),
        }
    }

    #[cold]
    fn new_origin(&self, uri: &Uri) -> Result<Arc<Origin>> {
        match (uri.scheme_str(), uri.authority()) {
            (Some("http" | "https"), Some(_)) => {}
            (Some("http" | "https") | None, _) => {
                return Err(Error::request("its URI names no node"));
            }
            (Some(_), _) => return Err(Error::request("its URI is neither http nor https")),
        }
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::closed());
        }
        let mut origins = Origins::clone(&self.origins.load());
        if let Some(origin) = origins.get(uri) {
            return Ok(Arc::clone(origin));
        }
        let origin = Arc::new(Origin::new(Arc::clone(&self.common), uri)?);
        origins.insert(uri, Arc::clone(&origin));
        self.origins.store(Arc::new(origins));
        Ok(origin)
    }

    fn remove(&self, keep: impl FnMut(&Uri) -> bool) -> Vec<Arc<Origin>> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut origins = Origins::clone(&self.origins.load());
        let gone = origins.split_off(keep);
        if !gone.is_empty() {
            self.origins.store(Arc::new(origins));
        }
        gone
    }
}

impl Service<Request<Body>> for Connections {
    type Response = Response<AnswerBody>;
    type Error = Error;
    type Future = ResponseFuture;

    /// Always ready: what has to wait for a connection waits in its future.
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, mut request: Request<Body>) -> ResponseFuture {
        match self.0.origin(request.uri()) {
            Ok(origin) => {
                origin.prepare(&mut request);
                ResponseFuture::start(&origin, request)
            }
            Err(error) => ResponseFuture::failed(error),
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("limits", &self.0.common.limits)
            .field("origins", &self.0.origins.load().iter().count())
            .finish_non_exhaustive()
    }
}
