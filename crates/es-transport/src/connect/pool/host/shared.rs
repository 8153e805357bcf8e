//! A host's connections behind a lock, and what happens outside of the lock: opening
//! connections, waking waiters, closing what became too old.

mod connecting;
mod eviction;

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use connecting::{Slot, Waiting};
use eviction::{Eviction, EvictionTask};

use http::{
    HeaderValue, Method, Request, Uri,
    header::{CONTENT_LENGTH, HOST},
    uri::{Authority, Parts, PathAndQuery, Scheme},
};
use tokio::{runtime::Handle, sync::oneshot, task::JoinHandle, time::Instant};

use super::Host;
use crate::{
    body::Body,
    connect::pool::{
        connection::{HttpConnection, PooledConnection},
        settings::Settings,
    },
    error::{Error, Result},
    options::RequestOptions,
};

/// The runtime that drives a connection.
#[derive(Clone, Debug)]
pub(crate) struct Runtime(Handle);

impl Runtime {
    pub fn current() -> Result<Self> {
        Handle::try_current()
            .map(Self)
            .map_err(|_| Error::request("connections need a tokio runtime"))
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.0.spawn(task)
    }
}

impl PartialEq for Runtime {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}

type Member = super::Member<HttpConnection, Runtime>;

/// The connections of one scheme, host and port.
pub(crate) struct SharedHost {
    settings: Arc<Settings>,
    /// Scheme and authority with the path `/`, for which the connector is called.
    uri: Uri,
    scheme: Scheme,
    authority: Authority,
    header: HeaderValue,
    state: Mutex<State>,
}

struct State {
    host: Host<HttpConnection, Slot, Runtime>,
    /// `None` while nothing is idle.
    eviction: Option<Eviction>,
    /// The process was suspended, which was not reported yet.
    was_suspended: bool,
    /// Somebody up the stack starts the connects, one after the other.
    is_connecting: bool,
}

/// How a request got a connection.
pub(crate) enum Acquired {
    Idle(PooledConnection),
    Waiting(Waiting),
}

impl SharedHost {
    pub fn new(settings: Arc<Settings>, target: &Uri) -> Result<Self> {
        let scheme = target.scheme().cloned().unwrap_or(Scheme::HTTP);
        let authority = target.authority().map_or("", Authority::as_str);
        // User info is no part of a host and must not go out in a header.
        let authority = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let header = HeaderValue::from_str(authority)
            .map_err(|error| Error::request("its host is not a header value").with_source(error))?;
        let uri = Uri::builder()
            .scheme(scheme.clone())
            .authority(authority)
            .path_and_query("/")
            .build()
            .map_err(|error| Error::request("its URI names no node").with_source(error))?;
        let authority = uri
            .authority()
            .cloned()
            .ok_or_else(|| Error::request("it has no host"))?;

        let one_at_a_time = settings.may_share && scheme == Scheme::HTTPS;
        let state = State {
            host: Host::new(settings.limits, one_at_a_time),
            eviction: None,
            was_suspended: false,
            is_connecting: false,
        };
        Ok(Self {
            settings,
            uri,
            scheme,
            authority,
            header,
            state: Mutex::new(state),
        })
    }

    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether its connections are without TLS.
    pub fn is_plain(&self) -> bool {
        self.scheme == Scheme::HTTP
    }

    /// Makes the target of a request its path, without copying the text, and adds `Host`.
    pub fn set_origin_form(&self, request: &mut Request<Body>) {
        if request.uri().authority().is_some() {
            let path = request.uri().path_and_query().cloned();
            *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        }
        self.set_host(request);
    }

    /// Makes the target of a request its whole URI, as proxies and HTTP/2 want it.
    pub fn set_absolute_form(&self, request: &mut Request<Body>) {
        let root = || PathAndQuery::from_static("/");
        let path = std::mem::take(request.uri_mut())
            .into_parts()
            .path_and_query;
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.unwrap_or_else(root));
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        self.set_host(request);
    }

    fn set_host(&self, request: &mut Request<Body>) {
        let headers = request.headers_mut();
        // Two lookups cost less than an `entry`.
        if !headers.contains_key(HOST) {
            headers.insert(HOST, self.header.clone());
        }
        set_empty_length(request);
    }

    /// Takes an idle connection, or puts the request into the queue.
    pub fn acquire(self: Arc<Self>) -> Result<Acquired> {
        let runtime = Runtime::current()?;
        let now = Instant::now();
        let mut state = self.lock();
        if state.host.idle() > 0 {
            self.check_suspended(&mut state, &runtime);
        }
        if let Some(member) = state.host.checkout(&runtime, now) {
            self.unlock(state);
            let connection = PooledConnection::new(self, member, now);
            return Ok(Acquired::Idle(connection));
        }

        let (sender, receiver) = oneshot::channel();
        let id = state
            .host
            .enqueue(Slot(sender), runtime)
            .ok_or_else(Error::closed)?;
        self.unlock(state);
        Ok(Acquired::Waiting(Waiting {
            host: self,
            id,
            receiver,
        }))
    }

    /// Returns how long a request waits for a connection.
    pub fn acquire_timeout(&self, request: &Request<Body>) -> Duration {
        let own = RequestOptions::of(request);
        let own = own.and_then(|options| options.request_timeout.value());
        self.settings.acquire_timeout(own)
    }

    pub fn release(self: &Arc<Self>, member: Box<Member>, now: Instant) {
        let mut state = self.lock();
        state.host.release(member, now);
        self.unlock(state);
    }

    pub fn discard(self: &Arc<Self>, member: Box<Member>) {
        let mut state = self.lock();
        state.host.discard(member);
        self.unlock(state);
    }

    pub fn distrust(self: &Arc<Self>, good_at: Instant) {
        let mut state = self.lock();
        state.host.distrust(good_at);
        self.unlock(state);
    }

    pub fn clear_idle(self: &Arc<Self>) {
        let mut state = self.lock();
        state.host.clear_idle();
        self.unlock(state);
    }

    /// Closes idle connections now and the others when they are released.
    pub fn retire(self: &Arc<Self>) {
        let mut state = self.lock();
        state.host.retire();
        self.unlock(state);
    }

    /// Retires the host, and fails all requests that wait.
    pub fn close(self: &Arc<Self>) {
        let mut state = self.lock();
        let waiters = state.host.close();
        self.unlock(state);
        waiters
            .into_iter()
            .for_each(|waiter| waiter.fail(Error::closed()));
    }

    /// Returns how many connections are open or being opened, and how many are idle.
    pub fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.host.open(), state.host.idle())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Releases the lock, and then does what must not be done under it: dropping a
    /// connection or spawning into a runtime that has ended may come back here, and a
    /// hook may do anything.
    fn unlock(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let was_suspended = std::mem::take(&mut state.was_suspended);
        let removed = state.host.take_removed();
        let connects = state.host.has_unclaimed_waiters() && !state.is_connecting;
        let mut evicts = None;
        if state.eviction.is_none()
            && let Some(runtime) = state.host.idle_runtime()
        {
            state.eviction = Some(Eviction {
                runtime: runtime.clone(),
                due_at: self.eviction_due_at(),
            });
            evicts = Some(runtime);
        }
        drop(state);

        drop(removed);
        if was_suspended {
            tracing::debug!(node = %self.uri, "idle connections dropped after a suspension");
            self.settings.resumed();
        }
        if let Some(runtime) = evicts {
            runtime.spawn(EvictionTask::new(self).run(self.settings.eviction_period()));
        }
        if connects {
            self.start_connects();
        }
    }
}

/// States the length of a body that is missing where the method suggests one (RFC 9110,
/// section 8.6): strict proxies refuse such a request with 411.
fn set_empty_length(request: &mut Request<Body>) {
    let has_meaning = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    );
    if has_meaning && request.body().is_empty() {
        request
            .headers_mut()
            .entry(CONTENT_LENGTH)
            .or_insert(HeaderValue::from_static("0"));
    }
}
