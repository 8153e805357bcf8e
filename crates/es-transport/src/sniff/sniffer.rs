//! The sniffer: looks, and puts what it finds into the pool.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tokio::time::Instant;
use tower::Service;

use super::{
    SniffLayer, SniffOptions,
    ask::{self, Ask},
    schedule::Schedule,
    task,
};
use crate::{
    body::Body,
    error::{BoxError, Error, Result, TimeoutPhase},
    node::{Node, NodePool},
};

/// Asks the cluster which nodes it has; see the [module](super).
///
/// Clones share everything. Making one does no I/O and needs no runtime.
#[derive(Clone)]
pub struct Sniffer {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pool: Arc<NodePool>,
    ask: Ask,
    pub(super) options: SniffOptions,
    pub(super) schedule: Schedule,
    /// Ends the background task when the last clone is dropped.
    pub(super) task: task::Starter,
}

impl Sniffer {
    /// Asks through `service`, which must contain the
    /// [selection](crate::layer::SelectNodeLayer) of a node from `pool`, and
    /// should add credentials and headers as for any request.
    pub fn new<S, RB>(pool: Arc<NodePool>, service: S, options: SniffOptions) -> Self
    where
        S: Service<Request<Body>, Response = Response<RB>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        RB: HttpBody<Data = Bytes> + Send + 'static,
        RB::Error: Into<BoxError>,
    {
        let inner = Inner {
            pool,
            ask: ask::through(service, options.filter.clone()),
            schedule: Schedule::new(&options, Instant::now()),
            options,
            task: task::Starter::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The layer by which looks ride on requests.
    pub fn layer(&self) -> SniffLayer {
        SniffLayer::new(self.clone())
    }

    /// Looks now, whatever the minimal delay says.
    ///
    /// # Errors
    /// No node told its cluster's nodes in time, or none of them can be used;
    /// the pool then stays as it is. A look that runs already is not an error
    /// and not waited for.
    pub async fn sniff(&self) -> Result<()> {
        match Look::begin(&self.inner, true) {
            Some(look) => look.run().await,
            None => Ok(()),
        }
    }

    /// Wants a look as soon as the minimal delay allows: what is known may be
    /// old, as after a function was frozen. It begins now, in the background, or
    /// with a later request. Does nothing where sniffing is off.
    pub fn expire(&self) {
        self.inner.expire();
    }

    /// What [`expire`](Self::expire) does, as a hook for those who notice that
    /// things may be old. It does not keep the sniffer alive.
    pub fn expiry(&self) -> impl Fn() + Send + Sync + 'static {
        let inner = Arc::downgrade(&self.inner);
        move || {
            if let Some(inner) = inner.upgrade() {
                inner.expire();
            }
        }
    }

    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}

impl Inner {
    fn expire(self: &Arc<Self>) {
        if self.options.is_on() {
            self.look_soon();
        }
    }

    /// Looks in the background, now if the minimal delay is over; otherwise a
    /// request that comes later starts the look.
    pub(super) fn look_soon(self: &Arc<Self>) {
        self.schedule.want(&self.options);
        if self.schedule.is_due(Instant::now())
            && let Some(look) = Look::begin(self, false)
            && let Err(look) = task::spawn(look)
        {
            // Without a runtime the next request looks.
            drop(look);
        }
    }

    pub(super) fn apply(&self, found: Result<Vec<Node>>) -> Result<()> {
        let replaced = found.and_then(|mut nodes| {
            self.pool.keep_credentials(&mut nodes);
            let number = nodes.len();
            self.pool.replace(nodes).map(|left| (number, left.len()))
        });
        match replaced {
            Ok((nodes, left)) => {
                tracing::debug!(nodes, left, "sniffed the nodes of the cluster");
                Ok(())
            }
            Err(error) if error.is_closed() => Err(error),
            Err(error) => {
                tracing::warn!(error = %error, "sniffing failed; the nodes stay as they are");
                Err(error)
            }
        }
    }
}

/// A look that was allowed to begin. Dropped, it lets the next one begin.
pub(super) struct Look {
    inner: Arc<Inner>,
    has_succeeded: bool,
}

impl Look {
    pub(super) fn begin(inner: &Arc<Inner>, is_forced: bool) -> Option<Self> {
        inner
            .schedule
            .begin(&inner.options, Instant::now(), is_forced)
            .then(|| Self { inner: Arc::clone(inner), has_succeeded: false })
    }

    pub(super) async fn run(mut self) -> Result<()> {
        let timeout = self.inner.options.timeout;
        let found = match tokio::time::timeout(timeout, (self.inner.ask)()).await {
            Ok(found) => found,
            Err(_elapsed) => {
                let source = Error::timeout(TimeoutPhase::Total, timeout);
                Err(Error::sniff("no node answered in time").with_source(source))
            }
        };
        let applied = self.inner.apply(found);
        self.has_succeeded = applied.is_ok();
        applied
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.inner.schedule.end(&self.inner.options, self.has_succeeded);
    }
}

impl fmt::Debug for Sniffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sniffer")
            .field("pool", &self.inner.pool)
            .field("options", &self.inner.options)
            .finish_non_exhaustive()
    }
}
